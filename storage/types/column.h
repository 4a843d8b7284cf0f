#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/assert.h"
#include "storage/types/data_type.h"

namespace freshet {

/// Values of one column for a run of rows, in memory: what decoders fill and segment writers read.
///
/// Fixed-width values lie side by side; byte values are one buffer with offsets (at most 4 GiB). A NULL takes a slot with a
/// zero value or an empty string. One owner; not thread-safe.
class Column {
 public:
  explicit Column(DataType type) : type_(type), width_(type.width()) {
    if (width_ == 0) offsets_.push_back(0);
  }

  const DataType& type() const { return type_; }
  size_t size() const { return size_; }
  bool is_bytes() const { return width_ == 0; }
  /// Bytes held, for memory bounds.
  size_t byte_size() const { return data_.size() + offsets_.size() * sizeof(uint32_t) + nulls_.size(); }

  bool has_nulls() const { return null_count_ != 0; }
  size_t null_count() const { return null_count_; }
  bool is_null(size_t row) const { return null_count_ != 0 && nulls_[row] != 0; }
  /// One byte a row, 1 = NULL; empty when no row is NULL.
  std::span<const uint8_t> nulls() const {
    return null_count_ != 0 ? std::span<const uint8_t>(nulls_) : std::span<const uint8_t>();
  }

  /// REQUIRES: sizeof(T) == width of the type.
  template <typename T>
  std::span<const T> values() const {
    FRESHET_DCHECK(sizeof(T) == width_);
    return {reinterpret_cast<const T*>(data_.data()), size_};
  }
  template <typename T>
  std::span<T> mutable_values() {
    FRESHET_DCHECK(sizeof(T) == width_);
    return {reinterpret_cast<T*>(data_.data()), size_};
  }
  /// All values of a fixed-width column, side by side.
  const char* raw() const { return data_.data(); }
  const char* raw_at(size_t row) const { return data_.data() + row * width_; }
  /// REQUIRES: is_bytes().
  std::string_view bytes_at(size_t row) const { return {data_.data() + offsets_[row], offsets_[row + 1] - offsets_[row]}; }
  /// Byte columns: size() + 1 offsets into raw().
  std::span<const uint32_t> offsets() const { return offsets_; }

  template <typename T>
  void append(T value) {
    FRESHET_DCHECK(sizeof(T) == width_);
    data_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    append_not_null();
  }
  void append_bytes(std::string_view value) {
    data_.append(value);
    offsets_.push_back(static_cast<uint32_t>(data_.size()));
    append_not_null();
  }
  void append_null();
  /// True when both are NULL, or the same bytes. REQUIRES: same physical type.
  bool has_same_value(size_t row, const Column& other, size_t other_row) const;
  /// Appends `count` fixed-width values that lie side by side. `nulls`: one byte a row, or null when none is NULL.
  void append_fixed_run(const void* values, const uint8_t* nulls, size_t count);
  /// Appends row `row` of `source`. REQUIRES: same physical type.
  void append_from(const Column& source, size_t row);
  void append_range(const Column& source, size_t first, size_t count);
  /// Appends the named rows of `source` in the order given.
  void append_gather(const Column& source, std::span<const uint32_t> rows);
  void reserve(size_t rows);
  void clear();
  /// Drops the rows from `rows` on. REQUIRES: rows <= size().
  void truncate(size_t rows);

 private:
  void append_not_null() {
    if (!nulls_.empty()) nulls_.push_back(0);
    ++size_;
  }

  DataType type_;
  uint32_t width_;
  size_t size_ = 0;
  size_t null_count_ = 0;
  std::string data_;
  std::vector<uint32_t> offsets_;
  std::vector<uint8_t> nulls_;  ///< empty until the first NULL
};

}  // namespace freshet
