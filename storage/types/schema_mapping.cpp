#include "storage/types/schema_mapping.h"

#include <algorithm>

#include "storage/types/value_text.h"
#include "storage/types/widening.h"

namespace freshet {

void append_missing_column(const ColumnSchema& column, size_t rows, Column& out) {
  Column value(column.type);
  if (!column.initial_default || append_text(value, *column.initial_default) != TextError::kNone) value.append_null();
  out.reserve(out.size() + rows);
  for (size_t row = 0; row < rows; ++row) out.append_from(value, 0);
}

bool have_same_layout(const TableSchema& a, const TableSchema& b) {
  return std::equal(
      a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
      [](const ColumnSchema& x, const ColumnSchema& y) { return x.id == y.id && x.type.physical() == y.type.physical(); });
}

Result<Block> map_block(const Block& block, const TableSchema& from, const TableSchema& to) {
  const size_t rows = block.row_count();
  Block mapped;
  mapped.columns.reserve(to.columns.size());
  for (const ColumnSchema& column : to.columns) {
    const std::optional<size_t> position = from.find(column.id);
    if (!position) {
      append_missing_column(column, rows, mapped.columns.emplace_back(column.type));
      continue;
    }
    const DataType& given = from.columns[*position].type;
    if (!can_widen(given.physical(), column.type.physical())) {
      return Status::Conflict("column '{}' was {} when the load began and is {} now; load again", column.name,
                              given.to_string(), column.type.to_string());
    }
    mapped.columns.push_back(widen_column(block.columns[*position], column.type));
  }
  mapped.delete_signs = block.delete_signs;
  return mapped;
}

}  // namespace freshet
