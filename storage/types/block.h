#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/result.h"
#include "storage/types/column.h"
#include "storage/types/schema.h"

namespace freshet {

/// Rows in columns, in arrival order: what flows from decoders to the storage. All columns of the schema, in its order.
struct Block {
  std::vector<Column> columns;
  /// One byte a row, 1 = the row deletes its key (its value columns are ignored); empty when no row is a delete.
  std::vector<uint8_t> delete_signs;

  static Block for_schema(const TableSchema& schema);

  size_t row_count() const { return columns.empty() ? 0 : columns.front().size(); }
  bool is_delete(size_t row) const { return !delete_signs.empty() && delete_signs[row] != 0; }
  bool has_deletes() const;
  size_t byte_size() const;
  void clear();
  /// Appends row `row` of `source`, which has the same columns.
  void append_from(const Block& source, size_t row);
  /// Appends all rows of `source`, which has the same columns.
  void append_all(const Block& source);
  void append_gather(const Block& source, std::span<const uint32_t> rows);

  /// A self-contained, checksummed form (FORMAT.md, "Carried blocks"), and back. `schema` gives the column types;
  /// columns are matched by id, so that blocks written under an older schema version read back as rows of this one: dropped
  /// columns are left out, widened ones converted, and new ones have their initial default.
  void serialize(const TableSchema& schema, std::string& out) const;
  static Result<Block> deserialize(const TableSchema& schema, std::string_view bytes);
};

}  // namespace freshet
