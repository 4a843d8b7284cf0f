#include "storage/tablet/row_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "storage/segment/widened_page.h"
#include "storage/types/widening.h"

namespace freshet::storage {
namespace {

using Locations = std::span<const RowLocation>;

void append_page_value(const ColumnPage& page, uint32_t row, Column& out) {
  if (page.is_null(row)) return out.append_null();
  if (out.is_bytes()) {
    DecodedBytes decoded;
    return out.append_bytes(page.bytes_at(row, decoded));
  }
  alignas(Int128) char value[sizeof(Int128)];
  page.gather_fixed({&row, 1}, value);
  out.append_fixed_run(value, nullptr, 1);
}

/// Buffers of one column's read.
struct PageRows {
  std::vector<uint32_t> rows;  ///< of the page
  std::string values;
  std::vector<uint8_t> nulls;
};

/// Fixed-width values of rows in ascending order at once: pages of many encodings are decoded from a block's start.
void append_fixed_values(const ColumnPage& page, PageRows& buffers, Column& out) {
  const std::vector<uint32_t>& rows = buffers.rows;
  const uint32_t width = out.type().width();
  buffers.values.resize(rows.size() * width);
  page.gather_fixed(rows, buffers.values.data());
  if (page.null_count() == 0) return out.append_fixed_run(buffers.values.data(), nullptr, rows.size());
  buffers.nulls.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    buffers.nulls[i] = page.is_null(rows[i]);
    if (buffers.nulls[i] != 0) std::fill_n(buffers.values.data() + i * width, width, '\0');
  }
  out.append_fixed_run(buffers.values.data(), buffers.nulls.data(), rows.size());
}

Status read_segment_column(const ColumnReader& column, Locations locations, Column& out) {
  PageRows buffers;
  while (!locations.empty()) {
    const uint32_t wanted = locations.front().row / column.page_rows();
    FRESHET_ASSIGN_OR_RETURN(auto page, column.page(wanted));
    page = widen_page(std::move(page), column.type(), out.type());
    const uint32_t first_row = wanted * column.page_rows();
    size_t count = 1;
    bool ascending = true;
    for (; count < locations.size() && locations[count].row / column.page_rows() == wanted; ++count) {
      ascending &= locations[count].row > locations[count - 1].row;
    }
    if (count > 1 && ascending && !out.is_bytes()) {
      buffers.rows.resize(count);
      for (size_t i = 0; i < count; ++i) buffers.rows[i] = locations[i].row - first_row;
      append_fixed_values(*page, buffers, out);
    } else {
      for (size_t i = 0; i < count; ++i) append_page_value(*page, locations[i].row - first_row, out);
    }
    locations = locations.subspan(count);
  }
  return Status::OK();
}

Status read_from_segment(const TableSchema& schema, const SegmentView& view, Locations locations,
                         std::span<const size_t> columns, std::span<Column> out) {
  FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<const SegmentReader> reader, view.segment->reader());
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnSchema& column_schema = schema.columns[columns[i]];
    const ColumnReader* column = reader->column(column_schema.id);
    if (column == nullptr) {
      append_missing_column(column_schema, locations.size(), out[i]);
      continue;
    }
    FRESHET_RETURN_IF_ERROR(check_stored_type(*column, column_schema, view.segment->meta()));
    FRESHET_RETURN_IF_ERROR(read_segment_column(*column, locations, out[i]));
  }
  return Status::OK();
}

/// Position of `column` in the schema of a delta buffer, which may be older than the table's.
std::optional<size_t> position_in(const TableSchema& buffer_schema, size_t likely, ColumnId column) {
  if (likely < buffer_schema.columns.size() && buffer_schema.columns[likely].id == column) return likely;
  return buffer_schema.find(column);
}

void read_from_delta(const TableSchema& schema, const DeltaBuffer& buffer, Locations locations,
                     std::span<const size_t> columns, std::span<Column> out) {
  std::vector<RowOrdinal> many;
  if (locations.size() > 1) {
    many.reserve(locations.size());
    for (const RowLocation& location : locations) many.push_back(location.row);
  }
  const std::span<const RowOrdinal> rows = many.empty() ? std::span<const RowOrdinal>(&locations[0].row, 1) : many;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnSchema& column = schema.columns[columns[i]];
    const auto position = position_in(*buffer.schema(), columns[i], column.id);
    if (position) {
      buffer.gather_column(*position, rows, out[i]);
    } else {
      append_missing_column(column, rows.size(), out[i]);
    }
  }
}

}  // namespace

Status read_rows(const TableSchema& schema, const TabletSnapshot& tablet, std::span<const RowLocation> locations,
                 std::span<const size_t> columns, std::span<Column> out) {
  FRESHET_ASSERT(columns.size() == out.size());
  while (!locations.empty()) {
    const RowLocation& first = locations.front();
    size_t count = 1;
    while (count < locations.size() && locations[count].is_delta == first.is_delta && locations[count].view == first.view) {
      ++count;
    }
    const Locations run = locations.first(count);
    if (first.is_delta) {
      read_from_delta(schema, *tablet.deltas[first.view].buffer, run, columns, out);
    } else {
      FRESHET_RETURN_IF_ERROR(read_from_segment(schema, tablet.segments[first.view], run, columns, out));
    }
    locations = locations.subspan(count);
  }
  return Status::OK();
}

Status check_stored_type(const ColumnReader& stored, const ColumnSchema& schema, const SegmentMeta& segment) {
  if (can_widen(stored.type().physical(), schema.type.physical())) return Status::OK();
  return Status::Corruption("segment {}: column '{}' is stored as {}, but the table says {}", segment_file_name(segment.id),
                            schema.name, stored.type().to_string(), schema.type.to_string());
}

}  // namespace freshet::storage
