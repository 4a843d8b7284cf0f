#pragma once

#include <cstddef>

#include "storage/types/data_type.h"

namespace freshet::storage {

/// How many rows of a column are worked on at once: many of short values; of long ones so few that one column of memory
/// (4 GiB of bytes) holds them, even when every value is as long as its type allows. Follows the lengths that it is told of.
class PieceRows {
 public:
  static constexpr size_t kMost = 64 * 1024;

  explicit PieceRows(const DataType& type);
  /// At most `left`.
  size_t next(size_t left) const { return left < rows_ ? left : rows_; }
  /// The last piece had so many bytes.
  void took(size_t bytes);

 private:
  size_t most_;
  size_t rows_;
};

}  // namespace freshet::storage
