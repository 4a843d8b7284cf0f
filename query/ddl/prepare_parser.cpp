#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

Status parse_handle_name(TokenCursor& cursor, NamedStatement& statement) {
  FRESHET_ASSIGN_OR_RETURN(const std::string name, cursor.name("the name of a prepared statement"));
  statement.name = to_lower(name);
  return Status::OK();
}

Status parse_user_variable(TokenCursor& cursor, NamedStatement& statement) {
  const Token& token = cursor.peek();
  if (token.kind != TokenKind::kVariable || token.text.starts_with("@@")) return cursor.error("a user variable");
  statement.variables.push_back(variable_name(token.text.substr(1)));
  cursor.take();
  return Status::OK();
}

}  // namespace

Result<Statement> parse_prepare(TokenCursor& cursor) {
  NamedStatement statement{.action = NamedAction::kPrepare};
  FRESHET_RETURN_IF_ERROR(parse_handle_name(cursor, statement));
  FRESHET_RETURN_IF_ERROR(cursor.expect("FROM"));
  if (cursor.peek().kind == TokenKind::kVariable) {
    FRESHET_RETURN_IF_ERROR(parse_user_variable(cursor, statement));
  } else {
    FRESHET_ASSIGN_OR_RETURN(statement.text, cursor.string("a statement in quotes, or a user variable"));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(statement));
}

Result<Statement> parse_execute(TokenCursor& cursor) {
  NamedStatement statement{.action = NamedAction::kExecute};
  FRESHET_RETURN_IF_ERROR(parse_handle_name(cursor, statement));
  if (cursor.accept("USING")) {
    do {
      FRESHET_RETURN_IF_ERROR(parse_user_variable(cursor, statement));
    } while (cursor.accept_operator(","));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(statement));
}

Result<Statement> parse_deallocate(TokenCursor& cursor) {
  FRESHET_RETURN_IF_ERROR(cursor.expect("PREPARE"));
  NamedStatement statement{.action = NamedAction::kDeallocate};
  FRESHET_RETURN_IF_ERROR(parse_handle_name(cursor, statement));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(statement));
}

}  // namespace freshet::query
