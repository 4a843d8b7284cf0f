#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/types/key_run.h"
#include "storage/types/partition.h"

namespace freshet {

/// The partitions of one table in the order of their ranges, and the way of a row to its tablet. Immutable and shared.
///
/// Tablets are numbered over all partitions, in this order: the *position* of a tablet here is its position in
/// TableSnapshot::tablets. Positions change when partitions come and go; ids do not.
class PartitionMap {
 public:
  /// Position of a row that fits no partition.
  static constexpr uint32_t kNoTablet = UINT32_MAX;

  /// Partitions in any order. InvalidArgument for overlapping ranges, doubled values or names, and beyond the limits.
  static Result<std::shared_ptr<const PartitionMap>> make(const TableSchema& schema, PartitionScheme scheme,
                                                          std::vector<Partition> partitions);
  /// One partition without a name. REQUIRES: a tablet.
  static std::shared_ptr<const PartitionMap> unpartitioned(std::vector<TabletId> tablets);

  const PartitionScheme& scheme() const { return scheme_; }
  bool is_partitioned() const { return scheme_.kind != PartitionKind::kNone; }
  const std::vector<Partition>& partitions() const { return partitions_; }
  /// Position of the first tablet of a partition.
  uint32_t first_tablet(size_t partition) const { return first_tablets_[partition]; }
  uint32_t tablet_count() const { return first_tablets_.back(); }
  TabletId tablet_at(uint32_t position) const {
    const size_t partition = partition_of(position);
    return partitions_[partition].tablets[position - first_tablets_[partition]];
  }
  /// The partition that a tablet position belongs to.
  size_t partition_of(uint32_t tablet_position) const;
  /// Index in partitions(); names compare without regard to case.
  std::optional<size_t> find(std::string_view name) const;
  std::optional<size_t> find(PartitionId id) const;
  std::optional<uint32_t> position_of(TabletId tablet) const;

  /// Appends the tablet position of each row of `block`, which has the columns of `schema`, or kNoTablet.
  void route(const TableSchema& schema, const KeyCodec& codec, const Block& block, std::vector<uint32_t>& out) const;
  /// The partition of encoded partition values, or nothing.
  std::optional<uint32_t> find_partition(std::string_view encoded) const;
  /// The bounds as values, for pruning. kRange: two columns, low and high ends by partition, of the first partition column
  /// alone; NULL is no end. kList: a column for each partition column, a row for each value; `value_partitions` says whose.
  const std::vector<Column>& bound_values() const { return bound_values_; }
  const std::vector<uint32_t>& value_partitions() const { return value_partitions_; }
  /// The partition values of a row, for messages and for AUTO PARTITION.
  BoundTuple values_of(const TableSchema& schema, const Block& block, size_t row) const;

 private:
  PartitionMap() = default;
  Status settle(const TableSchema& schema);
  Status settle_ranges(const TableSchema& schema);
  Status settle_values(const TableSchema& schema);
  Status settle_bound_values(const TableSchema& schema);

  PartitionScheme scheme_;
  std::vector<Partition> partitions_;
  std::vector<uint32_t> first_tablets_;
  std::unordered_map<TabletId, uint32_t> positions_;
  std::map<std::string, size_t> names_;  ///< in lower case
  // kRange: encoded, by partition; no upper end is an empty text.
  std::vector<std::string> lows_;
  std::vector<std::string> highs_;
  std::unordered_map<std::string, uint32_t> values_;  ///< kList: encoded
  std::vector<Column> bound_values_;
  std::vector<uint32_t> value_partitions_;
};
using PartitionMapPtr = std::shared_ptr<const PartitionMap>;

}  // namespace freshet
