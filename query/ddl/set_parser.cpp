#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

/// A value that is one token (or a sign and a number) is taken as it is; anything longer is an expression, kept as written.
Status parse_value(TokenCursor& cursor, SetAssignment& assignment) {
  const Token first = cursor.peek();
  FRESHET_ASSIGN_OR_RETURN(auto text,
                           cursor.text_until("a value", [](const TokenCursor& at) { return at.at_operator(","); }));
  const bool single = text.size() == first.text.size();
  if (single && first.is_word("DEFAULT")) {
    assignment.is_default = true;
  } else if (single && first.kind == TokenKind::kString) {
    assignment.is_quoted = true;
    assignment.value = unquote(first);
  } else {
    const bool plain = single && (first.is_name() || first.kind == TokenKind::kNumber);
    const bool negative = text.size() > 1 && (text[0] == '-' || text[0] == '+') &&
                          text.find_first_not_of("0123456789.", 1) == std::string_view::npos;
    assignment.is_expression = !plain && !negative;
    assignment.value = plain ? unquote(first) : std::string(text);
  }
  return Status::OK();
}

/// NAMES 'x' [COLLATE y], CHARACTER SET x, CHARSET x.
Result<bool> parse_charset(TokenCursor& cursor, SetAssignment& assignment) {
  if (cursor.accept("NAMES")) {
    assignment.name = "names";
  } else if (cursor.accept("CHARACTER SET") || cursor.accept("CHARSET")) {
    assignment.name = "character set";
  } else {
    return false;
  }
  cursor.accept_operator("=");
  assignment.is_default = cursor.accept("DEFAULT");
  if (!assignment.is_default) {
    FRESHET_ASSIGN_OR_RETURN(assignment.value, cursor.word_or_string("a character set"));
  }
  if (cursor.accept("COLLATE")) {
    FRESHET_ASSIGN_OR_RETURN(auto ignored, cursor.word_or_string("a collation"));
  }
  return true;
}

Status parse_isolation(TokenCursor& cursor, std::string& level) {
  for (std::string_view candidate : {"READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE"}) {
    if (!cursor.accept(candidate)) continue;
    level = candidate;
    for (char& c : level) c = c == ' ' ? '-' : c;
    return Status::OK();
  }
  return cursor.error("READ COMMITTED, READ UNCOMMITTED, REPEATABLE READ or SERIALIZABLE");
}

/// SET [SESSION] TRANSACTION ISOLATION LEVEL x [, READ ONLY | READ WRITE].
Status parse_transaction(TokenCursor& cursor, SetScope scope, Set& set) {
  do {
    SetAssignment assignment;
    assignment.scope = scope;
    if (cursor.accept("ISOLATION LEVEL")) {
      assignment.name = "transaction_isolation";
      FRESHET_RETURN_IF_ERROR(parse_isolation(cursor, assignment.value));
    } else if (cursor.at("READ ONLY") || cursor.at("READ WRITE")) {
      cursor.take();
      assignment.name = "transaction_read_only";
      assignment.value = cursor.take().is_word("ONLY") ? "ON" : "OFF";
    } else {
      return cursor.error("ISOLATION LEVEL, READ ONLY or READ WRITE");
    }
    set.assignments.push_back(std::move(assignment));
  } while (cursor.accept_operator(","));
  return Status::OK();
}

SetScope accept_scope(TokenCursor& cursor) {
  if (cursor.accept("GLOBAL") || cursor.accept("PERSIST")) return SetScope::kGlobal;
  if (!cursor.accept("SESSION")) cursor.accept("LOCAL");
  return SetScope::kSession;
}

/// Splits `@@global.name`, `@@name` and `@name`.
Status parse_variable_name(const Token& token, SetAssignment& assignment) {
  std::string_view name = token.text.substr(1);
  if (name.starts_with('@')) {
    name.remove_prefix(1);
    const size_t dot = name.find('.');
    if (dot != std::string_view::npos) {
      if (equals_word(name.substr(0, dot), "GLOBAL") || equals_word(name.substr(0, dot), "PERSIST")) {
        assignment.scope = SetScope::kGlobal;
      }
      name.remove_prefix(dot + 1);
    }
  } else {
    assignment.scope = SetScope::kUserVariable;
  }
  assignment.name = variable_name(name);
  return assignment.name.empty() ? Status::InvalidArgument("'{}' is not the name of a variable", token.text) : Status::OK();
}

Status parse_assignment(TokenCursor& cursor, Set& set) {
  SetAssignment assignment;
  assignment.scope = accept_scope(cursor);
  if (cursor.accept("TRANSACTION")) return parse_transaction(cursor, assignment.scope, set);
  FRESHET_ASSIGN_OR_RETURN(const bool charset, parse_charset(cursor, assignment));
  if (!charset) {
    if (cursor.peek().kind == TokenKind::kVariable) {
      FRESHET_RETURN_IF_ERROR(parse_variable_name(cursor.take(), assignment));
    } else {
      FRESHET_ASSIGN_OR_RETURN(auto name, cursor.name("a variable name"));
      assignment.name = to_lower(name);
    }
    if (!cursor.accept_operator("=") && !cursor.accept_operator(":=")) return cursor.error("'='");
    FRESHET_RETURN_IF_ERROR(parse_value(cursor, assignment));
  }
  set.assignments.push_back(std::move(assignment));
  return Status::OK();
}

}  // namespace

std::string variable_name(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text[0] == '`' || text[0] == '\'' || text[0] == '"');
  return to_lower(quoted ? text.substr(1, text.size() - 2) : text);
}

Result<Statement> parse_set(TokenCursor& cursor) {
  if (cursor.accept("PASSWORD")) return parse_set_password(cursor);
  if (cursor.accept("PROPERTY")) return parse_user_properties(cursor);
  if (cursor.at("ROLE") || cursor.at("DEFAULT ROLE")) {
    return Statement(NoOperation{"SET " + to_upper(cursor.peek().text)});
  }
  Set set;
  do {
    FRESHET_RETURN_IF_ERROR(parse_assignment(cursor, set));
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(set));
}

}  // namespace freshet::query
