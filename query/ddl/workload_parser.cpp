#include "query/ddl/parser_rules.h"

namespace freshet::query {

Result<std::optional<Statement>> parse_workload_group(TokenCursor& cursor, WorkloadGroupAction action) {
  if (!cursor.accept("WORKLOAD GROUP")) return std::optional<Statement>();
  ChangeWorkloadGroup change;
  change.action = action;
  if (action == WorkloadGroupAction::kCreate) change.if_fits = cursor.accept("IF NOT EXISTS");
  if (action == WorkloadGroupAction::kDrop) change.if_fits = cursor.accept("IF EXISTS");
  FRESHET_ASSIGN_OR_RETURN(change.name, cursor.word_or_string("the name of a workload group"));
  if (change.name.empty()) return cursor.error("the name of a workload group");
  if (action != WorkloadGroupAction::kDrop && !cursor.at_end()) {
    FRESHET_RETURN_IF_ERROR(cursor.expect("PROPERTIES"));
    FRESHET_ASSIGN_OR_RETURN(change.properties, cursor.properties());
  }
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return std::optional<Statement>(std::move(change));
}

Result<Statement> parse_user_properties(TokenCursor& cursor) {
  SetUserProperties set;
  if (cursor.accept("FOR")) {
    FRESHET_ASSIGN_OR_RETURN(set.user, cursor.word_or_string("a user"));
    // A host may follow, which properties do not look at: `@'%'`.
    if (cursor.peek().kind == TokenKind::kVariable) cursor.take();
  }
  do {
    FRESHET_ASSIGN_OR_RETURN(auto name, cursor.word_or_string("the name of a property"));
    FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
    FRESHET_ASSIGN_OR_RETURN(auto value, cursor.word_or_string("a value"));
    set.properties.emplace_back(std::move(name), std::move(value));
  } while (cursor.accept_operator(","));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(std::move(set));
}

}  // namespace freshet::query
