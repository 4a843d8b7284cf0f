#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/commit/id_allocator.h"
#include "storage/meta/meta_store.h"
#include "storage/tablet/snapshot.h"

/// Steps that every change of a table's partitions is made of.
namespace freshet::storage {

/// InvalidArgument when `name` cannot name a partition.
Status check_partition_name(const std::string& name);

/// Partitions of a new table. InvalidArgument names what is wrong with one of them.
Result<PartitionMapPtr> make_partitions(const TableSchema& schema, const TablePartitioning& partitioning, IdAllocator& ids);
/// `current` and `added`, with new ids. With `skip_existing`, those whose name is taken are left out.
Result<PartitionMapPtr> add_partitions(const TableSchema& schema, const PartitionMap& current,
                                       std::vector<PartitionDefinition> added, bool skip_existing, IdAllocator& ids);

/// What the dynamic_partition properties of a schema make of partitions at one time.
struct KeptPartitions {
  PartitionMapPtr partitions;
  std::vector<TabletId> dropped;  ///< tablets of those that are too old
};
/// Nothing when there is no such property, or nothing to do. InvalidArgument says why the table cannot have what they ask
/// for.
Result<std::optional<KeptPartitions>> keep_dynamic_partitions(const TableSchema& schema, const PartitionMap& current,
                                                              int64_t now_unix_micros, IdAllocator& ids);

Result<TabletSnapshotPtr> make_empty_tablet(TabletId id, const SchemaPtr& schema, IdAllocator& ids);
/// The tablets of `table.partitions` in its order: those of `existing` by id, new ones empty.
Result<std::vector<TabletSnapshotPtr>> make_tablets(const TableSnapshot& table,
                                                    const std::vector<TabletSnapshotPtr>& existing, IdAllocator& ids);

/// The records of the rows of one tablet as they are now, but for those that older versions need too.
void erase_tablet_state(TabletId tablet, MetaBatch& batch);
void erase_carried_blocks(TabletId tablet, MetaBatch& batch);

}  // namespace freshet::storage
