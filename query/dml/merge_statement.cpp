#include "query/dml/merge_statement.h"

#include "ingest/row_inserter.h"
#include "query/dml/merge_rows.h"

namespace freshet::query {
namespace {

Result<std::pair<size_t, Fragment>> value_of(const storage::TableSnapshot& table, const std::string& name,
                                             std::string_view expression) {
  const std::optional<size_t> column = table.schema->find(name);
  if (!column) return ingest::unknown_column(table, name);
  if (!equals_word(expression, "DEFAULT")) return std::pair(*column, Fragment{{{}, expression}});
  FRESHET_ASSIGN_OR_RETURN(SelectItem value, default_item(table.schema->columns[*column]));
  return std::pair(*column, Fragment{std::move(value)});
}

Status add_inserted(const storage::TableSnapshot& table, const MergeClause& clause, MergePlan::Action& action) {
  const TableSchema& schema = *table.schema;
  std::vector<std::string> columns = clause.columns;
  for (size_t i = 0; clause.columns.empty() && i < schema.visible_count(); ++i) columns.push_back(schema.columns[i].name);
  if (columns.size() != clause.values.size())
    return Status::InvalidArgument("Column count doesn't match value count at row 1");
  for (size_t i = 0; i < columns.size(); ++i) {
    FRESHET_ASSIGN_OR_RETURN(auto value, value_of(table, columns[i], clause.values[i]));
    action.values.push_back(std::move(value));
  }
  return Status::OK();
}

Status add_updated(const storage::TableSnapshot& table, const MergeClause& clause, MergePlan::Action& action) {
  for (const Assignment& assignment : clause.assignments) {
    FRESHET_ASSIGN_OR_RETURN(auto value, value_of(table, assignment.column, assignment.expression));
    if (value.first < table.schema->key_count) {
      return Status::Unsupported("Only value columns of unique table could be updated: '{}' is a key column",
                                 assignment.column);
    }
    action.values.push_back(std::move(value));
  }
  return Status::OK();
}

Result<MergePlan> plan_of(const Merge& statement, const std::string& database, const storage::TableSnapshot& table) {
  if (table.schema->model != TableModel::kUnique) {
    return Status::Unsupported("MERGE INTO is offered for UNIQUE tables only: {}.{} is none", table.database_name,
                               table.name);
  }
  MergePlan plan;
  plan.statement = statement.text;
  if (!statement.with.empty()) plan.with.push_back({{}, statement.with});
  plan.database = database;
  plan.table = table.name;
  plan.alias = statement.alias.empty() ? table.name : statement.alias;
  plan.source = {{{}, statement.source}};
  plan.on = {{{}, statement.on}};
  plan.repeated = "MERGE INTO changes a row once, but several source rows match the same one";
  for (const MergeClause& clause : statement.clauses) {
    MergePlan::Action action;
    action.kind = clause.kind == MergeClause::Kind::kUpdate   ? MergePlan::ActionKind::kUpdate
                  : clause.kind == MergeClause::Kind::kDelete ? MergePlan::ActionKind::kDelete
                                                              : MergePlan::ActionKind::kInsert;
    if (!clause.condition.empty()) action.condition.push_back({{}, clause.condition});
    FRESHET_RETURN_IF_ERROR(clause.kind == MergeClause::Kind::kInsert ? add_inserted(table, clause, action)
                                                                      : add_updated(table, clause, action));
    plan.actions.push_back(std::move(action));
  }
  return plan;
}

}  // namespace

Status run_merge(const Merge& statement, const WriteContext& context, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, statement.table.database));
  MergeCounts counts;
  const auto attempt = [&](const storage::TableSnapshotPtr& table) -> Status {
    FRESHET_ASSIGN_OR_RETURN(const MergePlan plan, plan_of(statement, database, *table));
    FRESHET_ASSIGN_OR_RETURN(counts, merge_rows(plan, context, table));
    return Status::OK();
  };
  FRESHET_RETURN_IF_ERROR(write_what_was_read(context, database, statement.table.table, attempt));
  OkResult result;
  result.affected_rows = counts.inserted + counts.updated + counts.deleted;
  result.found_rows = result.affected_rows + counts.unchanged;
  return out.ok(result);
}

}  // namespace freshet::query
