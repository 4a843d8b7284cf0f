#include "query/partition_statements.h"

#include <algorithm>

#include "query/ddl/partition_definition.h"

namespace freshet::query {
namespace {

bool is_about_partitions(const AlterClause& clause) {
  return clause.kind == AlterKind::kAddPartition || clause.kind == AlterKind::kDropPartition ||
         clause.kind == AlterKind::kRenamePartition || clause.kind == AlterKind::kTruncatePartition;
}

Result<PartitionChange> change_of(const AlterClause& clause, const storage::TableSnapshot& table) {
  switch (clause.kind) {
    case AlterKind::kAddPartition: {
      FRESHET_ASSIGN_OR_RETURN(auto partitions,
                               expand_partition_item(clause.partition, *table.schema, table.partitions->scheme()));
      return PartitionChange(AddPartitions{std::move(partitions), clause.partition.if_not_exists});
    }
    case AlterKind::kDropPartition: return PartitionChange(DropPartition{clause.name, clause.if_exists});
    case AlterKind::kRenamePartition: return PartitionChange(RenamePartition{clause.name, clause.new_name});
    default: return PartitionChange(TruncatePartition{clause.name});
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
  std::vector<PartitionChange> changes;
  for (const AlterClause& clause : statement.clauses) {
    FRESHET_ASSIGN_OR_RETURN(PartitionChange change, change_of(clause, table));
    changes.push_back(std::move(change));
  }
  return storage.change_partitions(table.database_name, table.name, std::move(changes));
}

}  // namespace freshet::query
