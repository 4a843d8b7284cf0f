#include "query/scan/partition_pruning.h"

#include <algorithm>
#include <limits>

namespace freshet::query {
namespace {

/// Rows that the zone of a partition or value stands for: one NULL and one value at most.
constexpr uint32_t kZoneRows = 2;

template <typename T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

template <typename T>
constexpr T kLeast = std::numeric_limits<T>::min();
template <typename T>
constexpr T kMost = std::numeric_limits<T>::max();
// The standard library does not know 128-bit integers in strict mode.
template <>
constexpr Int128 kMost<Int128> = static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1);
template <>
constexpr Int128 kLeast<Int128> = -kMost<Int128> - 1;

/// A range as a zone; `high_is_open` when its end itself is not in it.
template <typename T>
storage::ZoneMap integer_range(const Column& lows, const Column& highs, size_t partition, bool high_is_open) {
  storage::ZoneMap zone;
  zone.has_bounds = true;
  zone.max_is_exact = true;
  const bool has_low = !lows.is_null(partition), has_high = !highs.is_null(partition);
  zone.null_count = has_low ? 0 : 1;
  zone.min = raw(has_low ? lows.values<T>()[partition] : kLeast<T>);
  T high = has_high ? highs.values<T>()[partition] : kMost<T>;
  if (has_high && high_is_open && high != kLeast<T>) --high;
  zone.max = raw(high);
  return zone;
}

storage::ZoneMap range_zone(const PartitionMap& partitions, size_t partition, const DataType& type) {
  const Column& lows = partitions.bound_values()[0];
  const Column& highs = partitions.bound_values()[1];
  const bool high_is_open = partitions.partitions()[partition].bounds.high.size() == 1;
  switch (type.physical()) {
    case PhysicalType::kInt8: return integer_range<int8_t>(lows, highs, partition, high_is_open);
    case PhysicalType::kInt16: return integer_range<int16_t>(lows, highs, partition, high_is_open);
    case PhysicalType::kInt32: return integer_range<int32_t>(lows, highs, partition, high_is_open);
    case PhysicalType::kInt64: return integer_range<int64_t>(lows, highs, partition, high_is_open);
    case PhysicalType::kInt128: return integer_range<Int128>(lows, highs, partition, high_is_open);
    default: break;
  }
  storage::ZoneMap anything;
  anything.null_count = 1;
  return anything;
}

storage::ZoneMap value_zone(const Column& values, size_t row) {
  storage::ZoneMap zone;
  if (values.is_null(row)) {
    zone.null_count = kZoneRows;
    return zone;
  }
  zone.has_bounds = true;
  zone.max_is_exact = true;
  zone.min = values.is_bytes() ? std::string(values.bytes_at(row)) : std::string(values.raw_at(row), values.type().width());
  zone.max = zone.min;
  return zone;
}

const ZoneCondition* condition_on(ColumnId column, std::span<const ColumnCondition> conditions, size_t& next) {
  for (; next < conditions.size(); ++next) {
    if (conditions[next].column == column) return &conditions[next++].condition;
  }
  return nullptr;
}

bool value_may_match(const TableSchema& schema, const PartitionMap& partitions, size_t row,
                     std::span<const ColumnCondition> conditions) {
  for (size_t i = 0; i < partitions.scheme().columns.size(); ++i) {
    const ColumnId column = partitions.scheme().columns[i];
    size_t next = 0;
    while (const ZoneCondition* condition = condition_on(column, conditions, next)) {
      const storage::ZoneMap zone = value_zone(partitions.bound_values()[i], row);
      if (!may_match(zone, kZoneRows, schema.columns[*schema.find(column)].type, *condition)) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<bool> matching_partitions(const TableSchema& schema, const PartitionMap& partitions,
                                      std::span<const ColumnCondition> conditions) {
  const PartitionScheme& scheme = partitions.scheme();
  const size_t count = partitions.partitions().size();
  const bool is_constrained = std::any_of(conditions.begin(), conditions.end(), [&](const ColumnCondition& condition) {
    return std::find(scheme.columns.begin(), scheme.columns.end(), condition.column) != scheme.columns.end();
  });
  if (!is_constrained) return std::vector<bool>(count, true);
  if (scheme.kind == PartitionKind::kList) {
    std::vector<bool> keeps(count, false);
    const std::vector<uint32_t>& owners = partitions.value_partitions();
    for (size_t row = 0; row < owners.size(); ++row) {
      if (!keeps[owners[row]]) keeps[owners[row]] = value_may_match(schema, partitions, row, conditions);
    }
    return keeps;
  }
  std::vector<bool> keeps(count, true);
  const DataType& type = schema.columns[*schema.find(scheme.columns[0])].type;
  for (size_t partition = 0; partition < count; ++partition) {
    const storage::ZoneMap zone = range_zone(partitions, partition, type);
    size_t next = 0;
    while (const ZoneCondition* condition = condition_on(scheme.columns[0], conditions, next)) {
      if (!may_match(zone, kZoneRows, type, *condition)) keeps[partition] = false;
    }
  }
  return keeps;
}

}  // namespace freshet::query
