#include "storage/types/partition_map.h"

#include <algorithm>
#include <numeric>

#include "storage/base/limits.h"
#include "storage/types/value_text.h"

namespace freshet {
namespace {

std::string lower_case(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

}  // namespace

Result<PartitionMapPtr> PartitionMap::make(const TableSchema& schema, PartitionScheme scheme,
                                           std::vector<Partition> partitions) {
  std::shared_ptr<PartitionMap> map(new PartitionMap);
  map->scheme_ = std::move(scheme);
  map->partitions_ = std::move(partitions);
  FRESHET_RETURN_IF_ERROR(map->settle(schema));
  return PartitionMapPtr(std::move(map));
}

PartitionMapPtr PartitionMap::unpartitioned(std::vector<TabletId> tablets) {
  Partition partition;
  partition.id = PartitionId(tablets.at(0).value);
  partition.tablets = std::move(tablets);
  auto made = make({}, {}, {std::move(partition)});
  FRESHET_ASSERT(made.ok());
  return std::move(made).value();
}

Status PartitionMap::settle(const TableSchema& schema) {
  if (partitions_.size() > kMaxPartitions) {
    return Status::InvalidArgument("A table has at most {} partitions; with these there would be {}", kMaxPartitions,
                                   partitions_.size());
  }
  if (!is_partitioned() && partitions_.size() != 1) {
    return Status::InvalidArgument("a table without PARTITION BY has one partition, not {}", partitions_.size());
  }
  if (scheme_.kind == PartitionKind::kRange) FRESHET_RETURN_IF_ERROR(settle_ranges(schema));
  if (scheme_.kind == PartitionKind::kList) FRESHET_RETURN_IF_ERROR(settle_values(schema));
  if (is_partitioned()) FRESHET_RETURN_IF_ERROR(settle_bound_values(schema));
  uint32_t tablets = 0;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const Partition& partition = partitions_[i];
    if (!names_.emplace(lower_case(partition.name), i).second) {
      return Status::AlreadyExists("Duplicate partition name {}", partition.name);
    }
    first_tablets_.push_back(tablets);
    for (TabletId tablet : partition.tablets) positions_.emplace(tablet, tablets++);
  }
  first_tablets_.push_back(tablets);
  if (tablets > kMaxTabletsPerTable) {
    return Status::InvalidArgument("A table has at most {} buckets over all partitions; with these there would be {}",
                                   kMaxTabletsPerTable, tablets);
  }
  return Status::OK();
}

Status PartitionMap::settle_ranges(const TableSchema& schema) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const Partition& partition : partitions_) {
    FRESHET_ASSIGN_OR_RETURN(std::string low, encode_bound(schema, scheme_, partition.bounds.low));
    FRESHET_ASSIGN_OR_RETURN(std::string high, encode_bound(schema, scheme_, partition.bounds.high));
    encoded.emplace_back(std::move(low), std::move(high));
  }
  std::vector<size_t> order(partitions_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return encoded[a].first < encoded[b].first; });
  std::vector<Partition> sorted;
  for (size_t i : order) {
    const Partition& partition = partitions_[i];
    if (!sorted.empty() && (highs_.back().empty() || encoded[i].first < highs_.back())) {
      return Status::InvalidArgument("Range of partition {} ({}) is intersected with that of partition {} ({})",
                                     partition.name, bounds_text(scheme_, partition.bounds), sorted.back().name,
                                     bounds_text(scheme_, sorted.back().bounds));
    }
    lows_.push_back(encoded[i].first);
    highs_.push_back(encoded[i].second);
    sorted.push_back(partition);
  }
  partitions_ = std::move(sorted);
  return Status::OK();
}

Status PartitionMap::settle_values(const TableSchema& schema) {
  for (size_t i = 0; i < partitions_.size(); ++i) {
    for (const BoundTuple& tuple : partitions_[i].bounds.values) {
      FRESHET_ASSIGN_OR_RETURN(std::string encoded, encode_bound(schema, scheme_, tuple));
      const auto [found, is_new] = values_.emplace(std::move(encoded), static_cast<uint32_t>(i));
      if (is_new) continue;
      return Status::InvalidArgument("The value {} of partition {} is in partition {} as well", bound_text(tuple),
                                     partitions_[i].name, partitions_[found->second].name);
    }
  }
  if (values_.size() <= kMaxPartitionValues) return Status::OK();
  return Status::InvalidArgument("LIST partitions have at most {} values together", kMaxPartitionValues);
}

Status PartitionMap::settle_bound_values(const TableSchema& schema) {
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> columns, partition_columns(schema, scheme_));
  const auto append = [](Column& column, const BoundValue& value) {
    if (value.kind != BoundValue::Kind::kText || append_text(column, value.text) != TextError::kNone) column.append_null();
  };
  if (scheme_.kind == PartitionKind::kRange) {
    bound_values_.assign(2, Column(schema.columns[columns.at(0)].type));
    for (const Partition& partition : partitions_) {
      const PartitionBounds& bounds = partition.bounds;
      append(bound_values_[0], bounds.low.empty() ? BoundValue{BoundValue::Kind::kNull, {}} : bounds.low[0]);
      append(bound_values_[1], bounds.high.empty() ? BoundValue{BoundValue::Kind::kNull, {}} : bounds.high[0]);
    }
    return Status::OK();
  }
  for (size_t column : columns) bound_values_.emplace_back(schema.columns[column].type);
  for (size_t i = 0; i < partitions_.size(); ++i) {
    for (const BoundTuple& tuple : partitions_[i].bounds.values) {
      for (size_t column = 0; column < columns.size(); ++column) append(bound_values_[column], tuple[column]);
      value_partitions_.push_back(static_cast<uint32_t>(i));
    }
  }
  return Status::OK();
}

size_t PartitionMap::partition_of(uint32_t tablet_position) const {
  const auto above = std::upper_bound(first_tablets_.begin(), first_tablets_.end(), tablet_position);
  return static_cast<size_t>(above - first_tablets_.begin()) - 1;
}

std::optional<size_t> PartitionMap::find(std::string_view name) const {
  const auto found = names_.find(lower_case(name));
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<size_t> PartitionMap::find(PartitionId id) const {
  for (size_t i = 0; i < partitions_.size(); ++i) {
    if (partitions_[i].id == id) return i;
  }
  return std::nullopt;
}

std::optional<uint32_t> PartitionMap::position_of(TabletId tablet) const {
  const auto found = positions_.find(tablet);
  return found == positions_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<uint32_t> PartitionMap::find_partition(std::string_view encoded) const {
  if (scheme_.kind == PartitionKind::kList) {
    const auto found = values_.find(std::string(encoded));
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }
  const auto above = std::upper_bound(lows_.begin(), lows_.end(), encoded);
  if (above == lows_.begin()) return std::nullopt;
  const auto index = static_cast<uint32_t>(above - lows_.begin()) - 1;
  if (!highs_[index].empty() && encoded >= highs_[index]) return std::nullopt;
  return index;
}

void PartitionMap::route(const TableSchema& schema, const KeyCodec& codec, const Block& block,
                         std::vector<uint32_t>& out) const {
  const size_t rows = block.row_count();
  if (!is_partitioned()) {
    return codec.append_buckets(schema, static_cast<uint32_t>(partitions_[0].tablets.size()), block, 0, rows, out);
  }
  std::vector<const Column*> columns;
  for (ColumnId id : scheme_.columns) columns.push_back(&block.columns[*schema.find(id)]);
  std::vector<uint32_t> hashes;
  const bool is_random = schema.bucket_columns.empty();
  if (!is_random) codec.append_bucket_hashes(schema, block, 0, rows, hashes);
  std::string encoded, previous;
  std::optional<uint32_t> partition;
  uint32_t next_bucket = 0;
  for (size_t row = 0; row < rows; ++row) {
    encoded.clear();
    for (const Column* column : columns) append_encoded_value(*column, row, encoded);
    // Rows of one load mostly come in the order of time.
    if (row == 0 || encoded != previous) partition = find_partition(encoded);
    std::swap(encoded, previous);
    if (!partition) {
      out.push_back(kNoTablet);
      continue;
    }
    const auto buckets = static_cast<uint32_t>(partitions_[*partition].tablets.size());
    const uint32_t bucket = is_random ? next_bucket++ % buckets : KeyCodec::bucket_at(hashes[row], buckets);
    out.push_back(first_tablets_[*partition] + bucket);
  }
}

BoundTuple PartitionMap::values_of(const TableSchema& schema, const Block& block, size_t row) const {
  BoundTuple tuple;
  for (ColumnId id : scheme_.columns) {
    const Column& column = block.columns[*schema.find(id)];
    BoundValue value;
    if (column.is_null(row)) {
      value.kind = BoundValue::Kind::kNull;
    } else {
      format_value(column, row, value.text);
    }
    tuple.push_back(std::move(value));
  }
  return tuple;
}

}  // namespace freshet
