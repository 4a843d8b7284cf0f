#include <algorithm>
#include <duckdb/storage/statistics/base_statistics.hpp>
#include <duckdb/storage/statistics/numeric_stats.hpp>
#include <optional>

#include "query/duckdb/scan_function.h"
#include "query/duckdb/types.h"
#include "query/scan/pruning.h"

namespace freshet::query {
namespace {

/// Rows of delta buffers that are read to find a column's bounds; beyond, a plan does without.
constexpr uint32_t kMaxDeltaRowsRead = 256 * 1024;

struct ColumnBounds {
  std::optional<Int128> min;
  std::optional<Int128> max;
  bool known = true;  ///< false: some rows may lie outside
  bool has_nulls = false;

  void cover(Int128 low, Int128 high) {
    min = min ? std::min(*min, low) : low;
    max = max ? std::max(*max, high) : high;
  }
};

bool has_integer_bounds(const DataType& type) {
  return type.physical() != PhysicalType::kFloat && type.physical() != PhysicalType::kDouble && !type.is_bytes();
}

void cover_segment(const storage::SegmentView& view, const ColumnSchema& column, ColumnBounds& bounds) {
  const auto reader = view.segment->reader();
  const storage::ColumnReader* stored = reader.ok() ? reader.value()->column(column.id) : nullptr;
  if (stored == nullptr) {
    bounds.known = false;
    bounds.has_nulls = true;
    return;
  }
  const storage::ZoneMap& zone = stored->segment_zone();
  bounds.has_nulls |= zone.null_count != 0;
  if (!has_integer_bounds(column.type) || zone.null_count == view.segment->meta().row_count) return;
  if (!zone.has_bounds) {
    bounds.known = false;
    return;
  }
  // The file's type may be narrower than the column's.
  bounds.cover(std::get<Int128>(zone_value(stored->type(), zone.min)),
               std::get<Int128>(zone_value(stored->type(), zone.max)));
}

/// NULL slots count as values: wider bounds are still bounds.
template <typename T>
void cover_values(const char* raw, uint32_t count, ColumnBounds& bounds) {
  const T* values = reinterpret_cast<const T*>(raw);
  const auto [low, high] = std::minmax_element(values, values + count);
  bounds.cover(*low, *high);
}

void cover_chunk(PhysicalType type, const char* raw, uint32_t count, ColumnBounds& bounds) {
  switch (type) {
    case PhysicalType::kInt8: return cover_values<int8_t>(raw, count, bounds);
    case PhysicalType::kInt16: return cover_values<int16_t>(raw, count, bounds);
    case PhysicalType::kInt32: return cover_values<int32_t>(raw, count, bounds);
    case PhysicalType::kInt64: return cover_values<int64_t>(raw, count, bounds);
    case PhysicalType::kInt128: return cover_values<Int128>(raw, count, bounds);
    default: bounds.known = false;
  }
}

void cover_delta(const storage::DeltaView& view, const ColumnSchema& column, ColumnBounds& bounds) {
  const auto position = view.buffer->schema()->find(column.id);
  bounds.has_nulls |= column.nullable;
  if (!position || !has_integer_bounds(column.type) || view.row_count > kMaxDeltaRowsRead) {
    bounds.known = false;
    bounds.has_nulls |= !position;
    return;
  }
  const DataType& stored = view.buffer->schema()->columns[*position].type;
  for (uint32_t first = 0; first < view.row_count; first += kVectorRows) {
    const auto& chunk = view.buffer->chunk(*position, first / kVectorRows);
    cover_chunk(stored.physical(), chunk.fixed.get(), std::min(kVectorRows, view.row_count - first), bounds);
  }
}

ColumnBounds bounds_of(const storage::TableSnapshot& table, const ColumnSchema& column) {
  ColumnBounds bounds;
  for (const auto& tablet : table.tablets) {
    for (const auto& view : tablet->segments) cover_segment(view, column, bounds);
    for (const auto& view : tablet->deltas) {
      if (view.row_count != 0) cover_delta(view, column, bounds);
    }
  }
  return bounds;
}

duckdb::Value bound_value(const DataType& type, Int128 bound) {
  return stored_value(type, {reinterpret_cast<const char*>(&bound), type.width()});
}

}  // namespace

duckdb::unique_ptr<duckdb::BaseStatistics> column_statistics(const storage::TableSnapshot& table, duckdb::column_t index) {
  const std::optional<size_t> position = column_position(*table.schema, index);
  if (!position) return nullptr;
  const ColumnSchema& column = table.schema->columns[*position];
  const ColumnBounds bounds = bounds_of(table, column);
  auto statistics = duckdb::BaseStatistics::CreateUnknown(logical_type(column.type));
  if (has_integer_bounds(column.type) && bounds.known && bounds.min) {
    duckdb::NumericStats::SetMin(statistics, bound_value(column.type, *bounds.min));
    duckdb::NumericStats::SetMax(statistics, bound_value(column.type, *bounds.max));
  }
  if (!bounds.has_nulls) statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  if (table.schema->is_unique() && table.schema->key_count == 1 && column.is_key) {
    statistics.SetDistinctCount(table.live_rows());
  }
  return statistics.ToUnique();
}

}  // namespace freshet::query
