#include "query/scan/compare_values.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace freshet::query {
namespace {

using storage::RowBits;

enum class Test : uint8_t { kEqual, kLess, kGreater };

template <Test kTest, typename T>
bool holds(T value, T constant) {
  if constexpr (kTest == Test::kEqual) return value == constant;
  if constexpr (kTest == Test::kLess) return value < constant;
  if constexpr (kTest == Test::kGreater) return value > constant;
}

#ifdef __AVX2__
template <typename T>
__m256i broadcast(T constant) {
  if constexpr (sizeof(T) == 1) return _mm256_set1_epi8(constant);
  if constexpr (sizeof(T) == 2) return _mm256_set1_epi16(constant);
  if constexpr (sizeof(T) == 4) return _mm256_set1_epi32(constant);
  if constexpr (sizeof(T) == 8) return _mm256_set1_epi64x(constant);
}

template <typename T>
__m256i equal(__m256i a, __m256i b) {
  if constexpr (sizeof(T) == 1) return _mm256_cmpeq_epi8(a, b);
  if constexpr (sizeof(T) == 2) return _mm256_cmpeq_epi16(a, b);
  if constexpr (sizeof(T) == 4) return _mm256_cmpeq_epi32(a, b);
  if constexpr (sizeof(T) == 8) return _mm256_cmpeq_epi64(a, b);
}

template <typename T>
__m256i greater(__m256i a, __m256i b) {
  if constexpr (sizeof(T) == 1) return _mm256_cmpgt_epi8(a, b);
  if constexpr (sizeof(T) == 2) return _mm256_cmpgt_epi16(a, b);
  if constexpr (sizeof(T) == 4) return _mm256_cmpgt_epi32(a, b);
  if constexpr (sizeof(T) == 8) return _mm256_cmpgt_epi64(a, b);
}

/// A vector register of values against the constant: all ones where the test holds.
template <Test kTest, typename T>
__m256i test_lanes(const T* values, __m256i constant) {
  const __m256i lanes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  if constexpr (kTest == Test::kEqual) return equal<T>(lanes, constant);
  return kTest == Test::kLess ? greater<T>(constant, lanes) : greater<T>(lanes, constant);
}

/// A bit for each of 64 values.
template <Test kTest, typename T>
uint64_t test_word(const T* values, T constant) {
  const __m256i constants = broadcast(constant);
  const auto lanes = [&](size_t first) { return test_lanes<kTest, T>(values + first, constants); };
  uint64_t word = 0;
  if constexpr (sizeof(T) == 8) {
    for (unsigned first = 0; first < 64; first += 4) {
      word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(lanes(first))))} << first;
    }
  } else if constexpr (sizeof(T) == 4) {
    for (unsigned first = 0; first < 64; first += 8) {
      word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(lanes(first))))} << first;
    }
  } else if constexpr (sizeof(T) == 2) {
    for (unsigned first = 0; first < 64; first += 32) {
      // Packing goes half by half.
      const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(lanes(first), lanes(first + 16)), 0xD8);
      word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(bytes))} << first;
    }
  } else {
    for (unsigned first = 0; first < 64; first += 32) {
      word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(lanes(first)))} << first;
    }
  }
  return word;
}

uint64_t wanted_word(const uint32_t* codes, std::span<const uint32_t> wanted) {
  uint64_t word = 0;
  for (unsigned first = 0; first < 64; first += 8) {
    const __m256i eight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + first));
    const __m256i words = wanted.size() == 1 ? _mm256_set1_epi32(static_cast<int>(wanted[0]))
                                             : _mm256_i32gather_epi32(reinterpret_cast<const int*>(wanted.data()),
                                                                      _mm256_srli_epi32(eight, 5), 4);
    // The wanted bit goes to the sign.
    const __m256i shifts = _mm256_sub_epi32(_mm256_set1_epi32(31), _mm256_and_si256(eight, _mm256_set1_epi32(31)));
    const __m256 signs = _mm256_castsi256_ps(_mm256_sllv_epi32(words, shifts));
    word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_ps(signs))} << first;
  }
  return word;
}
#endif

template <Test kTest, typename T>
RowBits test_values(const T* values, uint32_t count, T constant) {
  RowBits bits = RowBits::none();
  uint32_t row = 0;
#ifdef __AVX2__
  for (; row + 64 <= count; row += 64) bits.words[row / 64] = test_word<kTest>(values + row, constant);
#endif
  for (; row < count; ++row) bits.words[row / 64] |= uint64_t{holds<kTest>(values[row], constant)} << (row % 64);
  return bits;
}

}  // namespace

template <typename T>
RowBits compare_values(const T* values, uint32_t count, Comparison comparison, T constant) {
  const auto others = [&](RowBits rows) {
    const RowBits all = RowBits::first(count);
    for (size_t i = 0; i < rows.words.size(); ++i) rows.words[i] = ~rows.words[i] & all.words[i];
    return rows;
  };
  switch (comparison) {
    case Comparison::kEqual: return test_values<Test::kEqual>(values, count, constant);
    case Comparison::kNotEqual: return others(test_values<Test::kEqual>(values, count, constant));
    case Comparison::kLess: return test_values<Test::kLess>(values, count, constant);
    case Comparison::kGreaterOrEqual: return others(test_values<Test::kLess>(values, count, constant));
    case Comparison::kGreater: return test_values<Test::kGreater>(values, count, constant);
    case Comparison::kLessOrEqual: break;
  }
  return others(test_values<Test::kGreater>(values, count, constant));
}

RowBits rows_with_codes(const uint32_t* codes, uint32_t count, std::span<const uint32_t> wanted_codes) {
  RowBits bits = RowBits::none();
  uint32_t row = 0;
#ifdef __AVX2__
  for (; row + 64 <= count; row += 64) bits.words[row / 64] = wanted_word(codes + row, wanted_codes);
#endif
  for (; row < count; ++row) {
    bits.words[row / 64] |= uint64_t{wanted_codes[codes[row] / 32] >> (codes[row] % 32) & 1} << (row % 64);
  }
  return bits;
}

template RowBits compare_values(const int8_t*, uint32_t, Comparison, int8_t);
template RowBits compare_values(const int16_t*, uint32_t, Comparison, int16_t);
template RowBits compare_values(const int32_t*, uint32_t, Comparison, int32_t);
template RowBits compare_values(const int64_t*, uint32_t, Comparison, int64_t);

}  // namespace freshet::query
