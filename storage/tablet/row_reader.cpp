#include "storage/tablet/row_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "storage/segment/widened_page.h"
#include "storage/types/widening.h"

namespace freshet::storage {
namespace {

using Locations = std::span<const RowLocation>;

/// Rows of one page that are decoded together.
constexpr size_t kRowsAtOnce = 256;

/// Appends the ascending `rows` of a page, at most kRowsAtOnce.
void append_page_rows(const ColumnPage& page, std::span<const uint32_t> rows, Column& out) {
  if (out.is_bytes()) {
    for (uint32_t row : rows) {
      DecodedBytes decoded;
      page.is_null(row) ? out.append_null() : out.append_bytes(page.bytes_at(row, decoded));
    }
    return;
  }
  alignas(Int128) char values[kRowsAtOnce * sizeof(Int128)];
  std::array<uint8_t, kRowsAtOnce> nulls;
  page.gather_fixed(rows, values);
  const bool has_nulls = page.null_count() != 0;
  const size_t width = out.type().width();
  for (size_t i = 0; has_nulls && i < rows.size(); ++i) {
    nulls[i] = page.is_null(rows[i]);
    if (nulls[i] != 0) std::memset(values + i * width, 0, width);
  }
  out.append_fixed_run(values, has_nulls ? nulls.data() : nullptr, rows.size());
}

Status read_segment_column(const ColumnReader& column, Locations locations, Column& out) {
  std::shared_ptr<const ColumnPage> page;
  uint32_t page_index = 0;
  std::array<uint32_t, kRowsAtOnce> rows;
  while (!locations.empty()) {
    const uint32_t wanted = locations[0].row / column.page_rows();
    if (page == nullptr || wanted != page_index) {
      FRESHET_ASSIGN_OR_RETURN(page, column.page(wanted));
      page = widen_page(std::move(page), column.type(), out.type());
      page_index = wanted;
    }
    size_t count = 0;
    while (count < std::min(rows.size(), locations.size())) {
      const uint32_t row = locations[count].row;
      const bool is_next = row / column.page_rows() == wanted && (count == 0 || row > locations[count - 1].row);
      if (!is_next) break;
      rows[count++] = row % column.page_rows();
    }
    append_page_rows(*page, std::span(rows).first(count), out);
    locations = locations.subspan(count);
  }
  return Status::OK();
}

/// A column that is read from the row store.
struct StoredField {
  size_t at;  ///< in the columns that are asked for
  size_t field;
};

/// Columns that whole rows give for fewer pages than their own do; ascending.
std::vector<StoredField> fields_from_rows(const RowStore& rows, const TableSchema& schema, Locations locations,
                                          std::span<const size_t> columns) {
  std::vector<StoredField> fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnSchema& column = schema.columns[columns[i]];
    const std::optional<size_t> field = rows.layout().find(column.id, columns[i]);
    if (!field || !can_widen(rows.layout().field(*field).type.physical(), column.type.physical())) continue;
    fields.push_back({i, *field});
  }
  const auto [first, last] =
      std::minmax_element(locations.begin(), locations.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  const size_t row_pages = std::min<size_t>(locations.size(), rows.page_of(last->row) - rows.page_of(first->row) + 1);
  const size_t pages_of_column = std::min<size_t>(locations.size(), (last->row - first->row) / kPageRows + 1);
  if (row_pages >= fields.size() * pages_of_column) fields.clear();
  return fields;
}

void append_field(const RowLayout& layout, size_t index, std::string_view row, Column& out) {
  const RowLayout::Field& field = layout.field(index);
  if (RowLayout::is_null(row, index)) return out.append_null();
  if (out.is_bytes()) return out.append_bytes(layout.bytes_at(row, field));
  const char* value = layout.fixed_at(row, field);
  if (field.type.physical() == out.type().physical()) return out.append_fixed_run(value, nullptr, 1);
  Int128 wide;
  widen_values(field.type.physical(), out.type().physical(), value, 1, &wide);
  out.append_fixed_run(&wide, nullptr, 1);
}

Status read_whole_rows(const RowStore& rows, Locations locations, std::span<const StoredField> fields,
                       std::span<Column> out) {
  std::optional<RowPage> page;
  for (const RowLocation& location : locations) {
    if (!page || !page->has(location.row)) {
      FRESHET_ASSIGN_OR_RETURN(page, rows.page(rows.page_of(location.row)));
    }
    const std::string_view row = page->row(location.row);
    for (const StoredField& field : fields) append_field(rows.layout(), field.field, row, out[field.at]);
  }
  return Status::OK();
}

Status read_from_segment(const TableSchema& schema, const SegmentView& view, Locations locations,
                         std::span<const size_t> columns, std::span<Column> out) {
  FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<const SegmentReader> reader, view.segment->reader());
  std::vector<StoredField> from_rows;
  if (const RowStore* rows = reader->row_store(); rows != nullptr && columns.size() > 1) {
    from_rows = fields_from_rows(*rows, schema, locations, columns);
    if (!from_rows.empty()) FRESHET_RETURN_IF_ERROR(read_whole_rows(*rows, locations, from_rows, out));
  }
  auto next_from_rows = from_rows.begin();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (next_from_rows != from_rows.end() && next_from_rows->at == i) {
      ++next_from_rows;
      continue;
    }
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
