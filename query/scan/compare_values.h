#pragma once

#include <cstdint>
#include <span>

#include "storage/bitmap/row_bits.h"

namespace freshet::query {

enum class Comparison : uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

/// The rows of a vector of `count` integers that compare so with `constant`, whatever is NULL. T: int8_t to int64_t.
/// REQUIRES: count <= kVectorRows.
template <typename T>
storage::RowBits compare_values(const T* values, uint32_t count, Comparison comparison, T constant);

/// The rows of a vector of `count` codes whose bit is set: that of code c is bit c % 32 of word c / 32.
/// REQUIRES: count <= kVectorRows, and there is a word for each code.
storage::RowBits rows_with_codes(const uint32_t* codes, uint32_t count, std::span<const uint32_t> wanted_codes);

extern template storage::RowBits compare_values(const int8_t*, uint32_t, Comparison, int8_t);
extern template storage::RowBits compare_values(const int16_t*, uint32_t, Comparison, int16_t);
extern template storage::RowBits compare_values(const int32_t*, uint32_t, Comparison, int32_t);
extern template storage::RowBits compare_values(const int64_t*, uint32_t, Comparison, int64_t);

}  // namespace freshet::query
