#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "storage/base/coding.h"

namespace freshet::storage {

/// Which rows of a page are NULL: one bit a row in little-endian 64-bit words, 1 = valid. Bits past the last row are 0.
constexpr size_t null_map_bytes(size_t row_count) { return (row_count + 63) / 64 * 8; }

/// Appends the map of `nulls` (one byte a row, 1 = NULL).
void append_null_map(std::span<const uint8_t> nulls, std::string& out);

inline bool null_map_is_valid(const char* map, size_t row) { return (static_cast<uint8_t>(map[row / 8]) >> (row % 8)) & 1; }

/// Copies the bits of rows [first, first + count) to `words`, from bit 0 on. REQUIRES: they are inside the map of
/// `row_count` rows. Bits of the last word past `count` are unspecified.
void read_null_map(const char* map, size_t row_count, size_t first, size_t count, uint64_t* words);

/// Rows that are valid in a map of `row_count` rows.
size_t count_valid(const char* map, size_t row_count);

}  // namespace freshet::storage
