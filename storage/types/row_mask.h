#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/types/schema.h"

/// Flexible partial updates: each row of a load says by a value of the hidden column kSkipBitmapColumn which columns it
/// brings. Rows of a table have NULL there.
namespace freshet {

/// One row's value of kSkipBitmapColumn: a byte that is 1 for a delete, then a bit for each column of the schema, set when
/// the row brings it.
class RowMask {
 public:
  explicit RowMask(size_t columns) : bytes_(1 + (columns + 7) / 8, '\0') {}
  void clear() { bytes_.assign(bytes_.size(), '\0'); }
  void set_delete() { bytes_[0] = 1; }
  void give(size_t column) { bytes_[1 + column / 8] = static_cast<char>(bytes_[1 + column / 8] | 1 << column % 8); }
  std::string_view bytes() const { return bytes_; }

  static bool is_delete(std::string_view mask) { return !mask.empty() && mask[0] != 0; }
  static bool gives(std::string_view mask, size_t column) {
    return 1 + column / 8 < mask.size() && (static_cast<uint8_t>(mask[1 + column / 8]) >> column % 8 & 1) != 0;
  }

 private:
  std::string bytes_;
};

/// The form in which segments of a load with such rows are written: all rows of a key, in order of arrival. No table has it.
SchemaPtr keeping_all_rows(const TableSchema& schema);

}  // namespace freshet
