#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

bool at_clause(const TokenCursor& cursor) { return cursor.at("WHEN MATCHED") || cursor.at("WHEN NOT MATCHED"); }

Result<MergeClause> parse_clause(TokenCursor& cursor) {
  MergeClause clause;
  const bool is_matched = !cursor.accept("NOT");
  FRESHET_RETURN_IF_ERROR(cursor.expect("MATCHED"));
  if (cursor.accept("AND")) {
    FRESHET_ASSIGN_OR_RETURN(clause.condition,
                             cursor.text_until("a condition", [](const TokenCursor& at) { return at.at("THEN"); }));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("THEN"));
  if (is_matched && cursor.accept("DELETE")) {
    clause.kind = MergeClause::Kind::kDelete;
    return clause;
  }
  if (is_matched) {
    FRESHET_RETURN_IF_ERROR(cursor.expect("UPDATE"));
    FRESHET_RETURN_IF_ERROR(cursor.expect("SET"));
    clause.kind = MergeClause::Kind::kUpdate;
    std::string qualifier;
    FRESHET_RETURN_IF_ERROR(parse_assignments(cursor, at_clause, qualifier, clause.assignments));
    return clause;
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("INSERT"));
  clause.kind = MergeClause::Kind::kInsert;
  if (cursor.at_operator("(")) {
    FRESHET_ASSIGN_OR_RETURN(clause.columns, cursor.name_list("a column name"));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("VALUES"));
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  do {
    FRESHET_ASSIGN_OR_RETURN(const auto value,
                             cursor.text_until("an expression", [](const TokenCursor& at) { return at.at_operator(","); }));
    clause.values.push_back(value);
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
  return clause;
}

}  // namespace

Result<Statement> parse_merge_with(TokenCursor& cursor, std::string_view with) {
  Merge merge;
  merge.text = cursor.text();
  merge.with = with;
  FRESHET_RETURN_IF_ERROR(cursor.expect("INTO"));
  FRESHET_ASSIGN_OR_RETURN(merge.table, parse_table_name(cursor));
  if (cursor.accept("AS") || !cursor.at("USING")) {
    FRESHET_ASSIGN_OR_RETURN(merge.alias, cursor.name("an alias"));
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect("USING"));
  FRESHET_ASSIGN_OR_RETURN(merge.source,
                           cursor.text_until("a table or query", [](const TokenCursor& at) { return at.at("ON"); }));
  FRESHET_RETURN_IF_ERROR(cursor.expect("ON"));
  FRESHET_ASSIGN_OR_RETURN(merge.on, cursor.text_until("a condition", at_clause));
  do {
    FRESHET_RETURN_IF_ERROR(cursor.expect("WHEN"));
    FRESHET_ASSIGN_OR_RETURN(auto clause, parse_clause(cursor));
    merge.clauses.push_back(std::move(clause));
  } while (!cursor.at_end());
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(merge));
}

Result<Statement> parse_merge(TokenCursor& cursor) { return parse_merge_with(cursor, {}); }

}  // namespace freshet::query
