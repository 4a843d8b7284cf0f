#include "query/ddl/parser_rules.h"

namespace freshet::query {

Status skip_view_options(TokenCursor& cursor) {
  if (cursor.accept("ALGORITHM")) {
    FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
    cursor.take();
  }
  if (cursor.accept("DEFINER")) {
    FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
    while (!cursor.at_end() && !cursor.at("SQL") && !cursor.at("VIEW")) cursor.take();
  }
  if (!cursor.accept("SQL SECURITY")) return Status::OK();
  if (cursor.accept("DEFINER")) return Status::OK();
  return Status::Unsupported("SQL SECURITY INVOKER is not offered: SELECT on a view is enough to read it");
}

Result<Statement> parse_create_view(TokenCursor& cursor, CreateView view) {
  view.if_not_exists = cursor.accept("IF NOT EXISTS");
  FRESHET_ASSIGN_OR_RETURN(view.name, parse_table_name(cursor));
  if (cursor.accept_operator("(")) {
    do {
      FRESHET_ASSIGN_OR_RETURN(auto column, cursor.name("a column name"));
      if (cursor.accept("COMMENT")) FRESHET_RETURN_IF_ERROR(cursor.string("a comment").status());
      view.columns.push_back(std::move(column));
    } while (cursor.accept_operator(","));
    FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
  }
  if (cursor.accept("COMMENT")) {
    cursor.accept_operator("=");
    FRESHET_ASSIGN_OR_RETURN(view.comment, cursor.string("a comment"));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("AS"));
  if (cursor.at_end()) return cursor.error("a query");
  view.query = trim(cursor.rest());
  while (!cursor.at_end()) cursor.take();
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(view));
}

Result<Statement> parse_drop_view(TokenCursor& cursor) {
  DropView drop;
  drop.if_exists = cursor.accept("IF EXISTS");
  do {
    FRESHET_ASSIGN_OR_RETURN(auto name, parse_table_name(cursor));
    drop.names.push_back(std::move(name));
  } while (cursor.accept_operator(","));
  if (!cursor.accept("RESTRICT")) cursor.accept("CASCADE");
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(drop));
}

}  // namespace freshet::query
