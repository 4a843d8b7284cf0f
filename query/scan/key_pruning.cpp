#include "query/scan/key_pruning.h"

#include <algorithm>
#include <limits>

#include "storage/segment/segment_writer.h"

namespace freshet::query {
namespace {

using Kind = ZoneCondition::Kind;

/// The values that `condition` leaves to its column; nothing when they are not named.
std::optional<std::vector<ZoneValue>> named_values(const ZoneCondition& condition) {
  if (condition.kind == Kind::kEqual || condition.kind == Kind::kIn) return condition.values;
  if (condition.kind != Kind::kAnd) return std::nullopt;
  for (const ZoneCondition& child : condition.children) {
    if (auto values = named_values(child)) return values;
  }
  return std::nullopt;
}

template <typename T>
bool append_integer(const ZoneValue& value, Column& column) {
  const Int128 number = std::get<Int128>(value);
  // What the type cannot hold is in no row.
  if (static_cast<Int128>(static_cast<T>(number)) == number) column.append(static_cast<T>(number));
  return true;
}

/// False when the value is of another kind than the column's.
bool append_value(const ZoneValue& value, Column& column) {
  const PhysicalType type = column.type().physical();
  if (type == PhysicalType::kFloat || type == PhysicalType::kDouble) return false;
  if (type == PhysicalType::kBytes) {
    if (!std::holds_alternative<std::string>(value)) return false;
    column.append_bytes(std::get<std::string>(value));
    return true;
  }
  if (!std::holds_alternative<Int128>(value)) return false;
  switch (type) {
    case PhysicalType::kInt8: return append_integer<int8_t>(value, column);
    case PhysicalType::kInt16: return append_integer<int16_t>(value, column);
    case PhysicalType::kInt32: return append_integer<int32_t>(value, column);
    case PhysicalType::kInt64: return append_integer<int64_t>(value, column);
    default: return append_integer<Int128>(value, column);
  }
}

/// The values of one key column, or nothing.
std::optional<Column> values_of(const ColumnSchema& schema, std::span<const ColumnCondition> conditions) {
  for (const ColumnCondition& condition : conditions) {
    if (condition.column != schema.id) continue;
    const auto values = named_values(condition.condition);
    if (!values) continue;
    Column column(schema.type);
    if (std::ranges::all_of(*values, [&](const ZoneValue& value) { return append_value(value, column); })) return column;
  }
  return std::nullopt;
}

/// Each value of each column with each of the others.
Block combined(std::span<const Column> values, size_t rows) {
  Block block;
  size_t repeats = rows;
  for (const Column& column : values) {
    repeats /= column.size();
    Column& all = block.columns.emplace_back(column.type());
    for (size_t row = 0; row < rows; ++row) all.append_from(column, row / repeats % column.size());
  }
  return block;
}

}  // namespace

std::optional<WantedKeys> wanted_keys(const storage::TableSnapshot& table, std::span<const ColumnCondition> conditions) {
  const TableSchema& schema = *table.schema;
  // Without bucket columns nothing says where a key belongs.
  if (!schema.is_unique() || schema.bucket_columns.empty()) return std::nullopt;
  std::vector<Column> values;
  size_t rows = 1;
  for (size_t i = 0; i < schema.key_count; ++i) {
    auto column = values_of(schema.columns[i], conditions);
    if (!column || column->size() > kMostWantedKeys) return std::nullopt;
    rows *= column->size();
    if (rows > kMostWantedKeys) return std::nullopt;
    values.push_back(std::move(*column));
  }

  WantedKeys wanted{table.key_codec->make_run(), std::vector<std::vector<uint32_t>>(table.tablets.size())};
  if (rows == 0) return wanted;
  const Block block = combined(values, rows);
  KeyRun keys = table.key_codec->make_run();
  table.key_codec->append_keys(block, 0, rows, keys);
  std::vector<uint32_t> tablets;
  table.partitions->route(schema, *table.key_codec, block, tablets);
  for (const uint32_t row : storage::sort_order(keys)) {
    const size_t count = wanted.keys.size();
    if (count > 0 && wanted.keys.compare(count - 1, keys, row) == 0) continue;
    wanted.keys.append_from(keys, row);
    if (tablets[row] != PartitionMap::kNoTablet) wanted.of_tablet[tablets[row]].push_back(static_cast<uint32_t>(count));
  }
  return wanted;
}

}  // namespace freshet::query
