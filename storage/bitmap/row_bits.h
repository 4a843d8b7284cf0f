#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "storage/base/limits.h"

namespace freshet::storage {

/// Which rows of one vector are wanted: bit i of the words is row i. Rows that the vector does not have are not wanted.
struct RowBits {
  std::array<uint64_t, kVectorRows / 64> words;

  static RowBits none() { return {}; }
  /// Rows [0, count). REQUIRES: count <= kVectorRows.
  static RowBits first(uint32_t count);

  bool contains(uint32_t row) const { return (words[row / 64] >> (row % 64) & 1) != 0; }
  uint32_t count() const;
  void set_range(uint32_t begin, uint32_t end);
  /// Writes the wanted rows, ascending, to `out`, which has room for kVectorRows numbers; returns how many.
  uint32_t list(uint32_t* out) const;

  RowBits& operator&=(const RowBits& other);
  RowBits& operator|=(const RowBits& other);
};

/// The bits of ascending or other `rows`.
RowBits bits_of(std::span<const uint32_t> rows);

/// Writes `base` plus the position of each set bit; returns the end. Writes eight numbers for each byte without a branch, so
/// `out` needs room for 64.
uint32_t* write_set_bits(uint64_t bits, uint32_t base, uint32_t* out);

/// Moves the wanted ones of the values of a vector, of `width` bytes each, together in place.
/// REQUIRES: room for kVectorRows values; width is 1, 2, 4, 8 or 16.
void keep_values(void* values, size_t width, const RowBits& wanted);

}  // namespace freshet::storage
