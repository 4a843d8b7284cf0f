#include "storage/commit/table_partitions.h"

#include <algorithm>
#include <unordered_map>

#include "storage/base/limits.h"
#include "storage/meta/meta_keys.h"
#include "storage/types/dynamic_partition.h"

namespace freshet::storage {
namespace {

/// Where the range below `high` ends.
Result<BoundTuple> end_below(const TableSchema& schema, const PartitionScheme& scheme,
                             const std::vector<Partition>& partitions, const BoundTuple& high) {
  FRESHET_ASSIGN_OR_RETURN(const std::string limit, encode_bound(schema, scheme, high));
  BoundTuple low;
  std::string best;
  for (const Partition& partition : partitions) {
    FRESHET_ASSIGN_OR_RETURN(std::string end, encode_bound(schema, scheme, partition.bounds.high));
    if (end.empty() || end < best || end > limit) continue;
    best = std::move(end);
    low = partition.bounds.high;
  }
  return low;
}

Result<Partition> make_partition(const TableSchema& schema, const PartitionScheme& scheme,
                                 const std::vector<Partition>& others, PartitionDefinition definition, IdAllocator& ids) {
  const uint32_t buckets = definition.bucket_count == 0 ? schema.bucket_count : definition.bucket_count;
  if (buckets < 1 || buckets > kMaxBuckets) {
    return Status::InvalidArgument("A partition has 1 to {} buckets, not {}", kMaxBuckets, buckets);
  }
  Partition partition;
  partition.name = std::move(definition.name);
  if (scheme.kind != PartitionKind::kNone) {
    FRESHET_RETURN_IF_ERROR(check_partition_name(partition.name));
    FRESHET_ASSIGN_OR_RETURN(partition.bounds, canonical_bounds(schema, scheme, std::move(definition.bounds)));
    if (definition.is_less_than) {
      FRESHET_ASSIGN_OR_RETURN(partition.bounds.low, end_below(schema, scheme, others, partition.bounds.high));
      FRESHET_ASSIGN_OR_RETURN(partition.bounds, canonical_bounds(schema, scheme, std::move(partition.bounds)));
    }
  }
  FRESHET_ASSIGN_OR_RETURN(const uint64_t id, ids.next());
  partition.id = PartitionId(id);
  for (uint32_t bucket = 0; bucket < buckets; ++bucket) {
    FRESHET_ASSIGN_OR_RETURN(const uint64_t tablet, ids.next());
    partition.tablets.push_back(TabletId(tablet));
  }
  return partition;
}

}  // namespace

Status check_partition_name(const std::string& name) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return Status::InvalidArgument("Incorrect partition name '{}': it must have 1 to {} bytes", name, kMaxNameBytes);
  }
  return Status::OK();
}

Result<PartitionMapPtr> make_partitions(const TableSchema& schema, const TablePartitioning& partitioning, IdAllocator& ids) {
  std::vector<Partition> partitions;
  std::vector<PartitionDefinition> definitions = partitioning.partitions;
  if (partitioning.scheme.kind == PartitionKind::kNone) definitions.assign(1, {});
  if (definitions.size() > kMaxPartitions) {
    return Status::InvalidArgument("A table has at most {} partitions, not {}", kMaxPartitions, definitions.size());
  }
  for (PartitionDefinition& definition : definitions) {
    FRESHET_ASSIGN_OR_RETURN(Partition partition,
                             make_partition(schema, partitioning.scheme, partitions, std::move(definition), ids));
    partitions.push_back(std::move(partition));
  }
  return PartitionMap::make(schema, partitioning.scheme, std::move(partitions));
}

Result<PartitionMapPtr> add_partitions(const TableSchema& schema, const PartitionMap& current,
                                       std::vector<PartitionDefinition> added, bool skip_existing, IdAllocator& ids) {
  if (current.partitions().size() + added.size() > kMaxPartitions) {
    return Status::InvalidArgument("A table has at most {} partitions; with these there would be {}", kMaxPartitions,
                                   current.partitions().size() + added.size());
  }
  std::vector<Partition> partitions = current.partitions();
  for (PartitionDefinition& definition : added) {
    if (current.find(definition.name)) {
      if (skip_existing) continue;
      return Status::AlreadyExists("Duplicate partition name {}", definition.name);
    }
    FRESHET_ASSIGN_OR_RETURN(Partition partition,
                             make_partition(schema, current.scheme(), partitions, std::move(definition), ids));
    partitions.push_back(std::move(partition));
  }
  return PartitionMap::make(schema, current.scheme(), std::move(partitions));
}

Result<std::optional<KeptPartitions>> keep_dynamic_partitions(const TableSchema& schema, const PartitionMap& current,
                                                              int64_t now_unix_micros, IdAllocator& ids) {
  FRESHET_ASSIGN_OR_RETURN(const auto rule, dynamic_partition_rule(schema, current.scheme()));
  if (!rule) return std::optional<KeptPartitions>();
  FRESHET_ASSIGN_OR_RETURN(DynamicPartitionPlan plan, plan_dynamic_partitions(*rule, schema, current, now_unix_micros));
  if (plan.is_empty()) return std::optional<KeptPartitions>();
  std::vector<Partition> rest = current.partitions();
  KeptPartitions kept;
  std::erase_if(rest, [&](const Partition& partition) {
    if (std::find(plan.dropped.begin(), plan.dropped.end(), partition.id) == plan.dropped.end()) return false;
    kept.dropped.insert(kept.dropped.end(), partition.tablets.begin(), partition.tablets.end());
    return true;
  });
  FRESHET_ASSIGN_OR_RETURN(const PartitionMapPtr young, PartitionMap::make(schema, current.scheme(), std::move(rest)));
  FRESHET_ASSIGN_OR_RETURN(kept.partitions, add_partitions(schema, *young, std::move(plan.added), false, ids));
  return std::optional(std::move(kept));
}

Result<TabletSnapshotPtr> make_empty_tablet(TabletId id, const SchemaPtr& schema, IdAllocator& ids) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t buffer, ids.next());
  auto tablet = std::make_shared<TabletSnapshot>();
  tablet->id = id;
  tablet->deltas.push_back({std::make_shared<DeltaBuffer>(RowsetId(buffer), schema), 0, {}});
  return TabletSnapshotPtr(std::move(tablet));
}

Result<std::vector<TabletSnapshotPtr>> make_tablets(const TableSnapshot& table,
                                                    const std::vector<TabletSnapshotPtr>& existing, IdAllocator& ids) {
  std::unordered_map<TabletId, TabletSnapshotPtr> by_id;
  for (const TabletSnapshotPtr& tablet : existing) by_id.emplace(tablet->id, tablet);
  std::vector<TabletSnapshotPtr> tablets;
  for (const Partition& partition : table.partitions->partitions()) {
    for (TabletId id : partition.tablets) {
      const auto found = by_id.find(id);
      if (found != by_id.end()) {
        tablets.push_back(found->second);
        continue;
      }
      FRESHET_ASSIGN_OR_RETURN(TabletSnapshotPtr tablet, make_empty_tablet(id, table.schema, ids));
      tablets.push_back(std::move(tablet));
    }
  }
  return tablets;
}

void erase_tablet_state(TabletId tablet, MetaBatch& batch) {
  for (std::string_view kind : {meta_keys::kSegments, meta_keys::kDeleteDeltas, meta_keys::kFoldedBitmaps}) {
    const std::string begin = meta_keys::of(kind, tablet.value);
    batch.erase_range(begin, prefix_end(begin));
  }
  batch.erase(meta_keys::tablet_contents(tablet));
}

void erase_carried_blocks(TabletId tablet, MetaBatch& batch) {
  const std::string begin = meta_keys::of(meta_keys::kCarriedBlocks, tablet.value);
  batch.erase_range(begin, prefix_end(begin));
}

}  // namespace freshet::storage
