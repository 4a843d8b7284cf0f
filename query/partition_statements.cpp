#include "query/partition_statements.h"

#include <algorithm>

#include "query/ddl/partition_definition.h"

namespace freshet::query {
namespace {

bool is_about_partitions(const AlterClause& clause) {
  return clause.kind == AlterKind::kAddPartition || clause.kind == AlterKind::kDropPartition ||
         clause.kind == AlterKind::kRenamePartition || clause.kind == AlterKind::kTruncatePartition;
}

Status run_clause(const AlterClause& clause, const storage::TableSnapshot& table, storage::StorageEngine& storage) {
  switch (clause.kind) {
    case AlterKind::kAddPartition: {
      FRESHET_ASSIGN_OR_RETURN(auto partitions,
                               expand_partition_item(clause.partition, *table.schema, table.partitions->scheme()));
      return storage.add_partitions(table.database_name, table.name, std::move(partitions), clause.partition.if_not_exists);
    }
    case AlterKind::kDropPartition:
      return storage.drop_partition(table.database_name, table.name, clause.name, clause.if_exists);
    case AlterKind::kRenamePartition:
      return storage.rename_partition(table.database_name, table.name, clause.name, clause.new_name);
    default: return storage.truncate_partitions(table.database_name, table.name, {clause.name});
  }
}

}  // namespace

bool changes_partitions(const AlterTable& statement) {
  return std::any_of(statement.clauses.begin(), statement.clauses.end(), is_about_partitions);
}

Status alter_partitions(const AlterTable& statement, const storage::TableSnapshot& table, storage::StorageEngine& storage) {
  if (!std::all_of(statement.clauses.begin(), statement.clauses.end(), is_about_partitions)) {
    return Status::Unsupported("Partitions and columns are changed by ALTER TABLE statements of their own");
  }
  for (const AlterClause& clause : statement.clauses) FRESHET_RETURN_IF_ERROR(run_clause(clause, table, storage));
  return Status::OK();
}

}  // namespace freshet::query
