#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/coding.h"
#include "storage/base/ids.h"
#include "storage/types/data_type.h"

namespace freshet::storage {

/// Where the values of a row lie in the bytes of one row of a row store (FORMAT.md, "Row store"): a bit for each NULL, the
/// fixed-width values, where each byte value ends, the byte values. Any value is found without looking at the others.
/// Immutable; any thread.
class RowLayout {
 public:
  struct Field {
    ColumnId column;
    DataType type;
    uint32_t place = 0;  ///< of a fixed-width value its offset in the row, of a byte value its number among these
  };

  RowLayout() = default;
  explicit RowLayout(std::span<const std::pair<ColumnId, DataType>> columns);

  size_t size() const { return fields_.size(); }
  const Field& field(size_t index) const { return fields_[index]; }
  /// Index of the field of `column`; `likely` is looked at first.
  std::optional<size_t> find(ColumnId column, size_t likely) const;
  /// Bytes before the byte values.
  uint32_t front_bytes() const { return front_bytes_; }
  uint32_t byte_fields() const { return byte_fields_; }
  /// Offset in the row of the u32 at which byte value `place` ends, counted from front_bytes().
  uint32_t end_at(uint32_t place) const { return ends_at_ + place * static_cast<uint32_t>(sizeof(uint32_t)); }

  /// After true, every access of the row stays inside of it.
  bool is_valid(std::string_view row) const;

  static bool is_null(std::string_view row, size_t index) {
    return (static_cast<uint8_t>(row[index / 8]) >> (index % 8) & 1) != 0;
  }
  /// Fixed-width fields: where the value begins.
  const char* fixed_at(std::string_view row, const Field& field) const { return row.data() + field.place; }
  /// Byte fields. Empty for NULL.
  std::string_view bytes_at(std::string_view row, const Field& field) const {
    const uint32_t begin = field.place == 0 ? 0 : load_fixed<uint32_t>(row.data() + end_at(field.place - 1));
    const uint32_t end = load_fixed<uint32_t>(row.data() + end_at(field.place));
    return row.substr(front_bytes_ + begin, end - begin);
  }

 private:
  std::vector<Field> fields_;
  std::vector<std::pair<ColumnId, uint32_t>> by_id_;  ///< sorted
  uint32_t ends_at_ = 0;
  uint32_t front_bytes_ = 0;
  uint32_t byte_fields_ = 0;
};

}  // namespace freshet::storage
