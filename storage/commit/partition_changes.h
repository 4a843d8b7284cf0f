#pragma once

#include <string>
#include <vector>

#include "storage/catalog/catalog.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/partition_edit.h"
#include "storage/types/partition_change.h"

namespace freshet::storage {

/// What AUTO PARTITION made for a load.
struct AutoPartitions {
  PartitionMapPtr partitions;  ///< all of the table now
  size_t count = 0;            ///< new ones
};

/// Partitions that come, go and are emptied: each call is one commit, durable and visible when it returns. A load that has
/// rows for a partition that is dropped meanwhile is refused when it commits. Any thread.
class PartitionChanges {
 public:
  PartitionChanges(Catalog& catalog, CommitPipeline& pipeline, IdAllocator& ids, ObsoleteFiles& obsolete,
                   HistoryWriter& history)
      : catalog_(catalog), pipeline_(pipeline), ids_(ids), obsolete_(obsolete), history_(history) {}

  /// These changes, one after another, in one commit: all of them or none.
  Status change(const std::string& database, const std::string& table, std::vector<PartitionChange> changes);
  /// Empties the whole table, which may have no partitions.
  Status truncate(const std::string& database, const std::string& table);
  /// Makes what AUTO PARTITION lacks for these values; idempotent among concurrent loads.
  /// ResourceExhausted beyond `limit` new partitions or kMaxPartitions of the table.
  Result<AutoPartitions> add_auto(TableId table, const std::vector<BoundTuple>& values, size_t limit);
  /// Makes the partitions that the table's dynamic_partition properties ask for at this time (UTC) and drops those that are
  /// too old, in one commit. Nothing happens to a table without.
  Status keep_dynamic(TableId table, int64_t now_unix_micros);

 private:
  Result<TableStatePtr> find(const std::string& database, const std::string& table) const;
  Result<TableStatePtr> find_partitioned(const std::string& database, const std::string& table) const;
  // One clause; `edit` is what those before it have made of `head`.
  Status add_to(PartitionEdit::What& edit, const TableSnapshot& head, AddPartitions& change) const;
  Status add_to(PartitionEdit::What& edit, const TableSnapshot& head, const DropPartition& change) const;
  Status add_to(PartitionEdit::What& edit, const TableSnapshot& head, const RenamePartition& change) const;
  Status add_to(PartitionEdit::What& edit, const TableSnapshot& head, const TruncatePartition& change) const;
  /// REQUIRES: ddl_mutex is held, so that the head's partitions are those the edit was made from.
  Status apply(TableState& table, PartitionEdit::What what);

  Catalog& catalog_;
  CommitPipeline& pipeline_;
  IdAllocator& ids_;
  ObsoleteFiles& obsolete_;
  HistoryWriter& history_;
};

}  // namespace freshet::storage
