#pragma once

#ifdef __AVX2__
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "storage/encoding/bit_packing.h"

/// Groups of eight packed numbers by vector instructions: bytes are brought to lanes by a shuffle, bits by a shift for each
/// lane. Part of bit_packing.cpp; the rest of a run, which has too few bytes behind it, is its plain loop's.
namespace freshet::storage::avx2 {

/// A number and the bits before it in its first byte fit 32 bits.
inline constexpr unsigned kMaxNarrowBits = 25;

/// Where the numbers of one group lie: for each byte of two times 16 loaded ones its place in a lane, and the lanes' shifts.
template <unsigned kBits, typename Lane>
struct GroupLayout {
  static constexpr size_t kLanes = 32 / sizeof(Lane);

  /// `first`: number of the group that comes first. The upper half is loaded from upper_byte() on.
  static constexpr size_t lower_byte(size_t first) { return first * kBits / 8; }
  static constexpr size_t upper_byte(size_t first) { return (first + kLanes / 2) * kBits / 8; }

  explicit constexpr GroupLayout(size_t first) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const size_t begin = lane < kLanes / 2 ? lower_byte(first) : upper_byte(first);
      const size_t bit = (first + lane) * kBits - begin * 8;
      shifts[lane] = static_cast<Lane>(bit % 8);
      for (size_t byte = 0; byte < sizeof(Lane); ++byte) {
        const size_t from = bit / 8 + byte;
        // Bytes past the loaded ones hold no bit of the number.
        shuffle[lane * sizeof(Lane) + byte] = static_cast<uint8_t>(from < 16 ? from : 0x80);
      }
    }
  }

  alignas(32) std::array<uint8_t, 32> shuffle{};
  alignas(32) std::array<Lane, kLanes> shifts{};
};

template <typename Array>
__m256i load_table(const Array& table) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(table.data()));
}

template <unsigned kBits, typename Lane, size_t kFirst>
__m256i shuffled_group(const char* packed) {
  using Layout = GroupLayout<kBits, Lane>;
  static constexpr Layout kLayout{kFirst};
  const __m128i lower = _mm_loadu_si128(reinterpret_cast<const __m128i*>(packed + Layout::lower_byte(kFirst)));
  const __m128i upper = _mm_loadu_si128(reinterpret_cast<const __m128i*>(packed + Layout::upper_byte(kFirst)));
  return _mm256_shuffle_epi8(_mm256_set_m128i(upper, lower), load_table(kLayout.shuffle));
}

/// Eight numbers as 32-bit lanes. REQUIRES: kBits <= kMaxNarrowBits.
template <unsigned kBits>
__m256i unpack_eight(const char* packed) {
  static constexpr GroupLayout<kBits, uint32_t> kLayout{0};
  const __m256i numbers = _mm256_srlv_epi32(shuffled_group<kBits, uint32_t, 0>(packed), load_table(kLayout.shifts));
  return _mm256_and_si256(numbers, _mm256_set1_epi32(static_cast<int>(packed_mask(kBits))));
}

/// Four numbers as 64-bit lanes, from number kFirst of the group on. REQUIRES: kBits <= kMaxOddPackedBits.
template <unsigned kBits, size_t kFirst>
__m256i unpack_four(const char* packed) {
  static constexpr GroupLayout<kBits, uint64_t> kLayout{kFirst};
  const __m256i numbers = _mm256_srlv_epi64(shuffled_group<kBits, uint64_t, kFirst>(packed), load_table(kLayout.shifts));
  return _mm256_and_si256(numbers, _mm256_set1_epi64x(static_cast<int64_t>(packed_mask(kBits))));
}

inline void store(void* out, __m256i numbers) { _mm256_storeu_si256(static_cast<__m256i*>(out), numbers); }

/// base + number, for eight numbers in 32-bit lanes that fit T.
inline void store_eight(__m256i numbers, uint32_t base, uint32_t* out) {
  store(out, _mm256_add_epi32(numbers, _mm256_set1_epi32(static_cast<int>(base))));
}
inline void store_eight(__m256i numbers, uint64_t base, uint64_t* out) {
  const __m256i bases = _mm256_set1_epi64x(static_cast<int64_t>(base));
  store(out, _mm256_add_epi64(_mm256_cvtepu32_epi64(_mm256_castsi256_si128(numbers)), bases));
  store(out + 4, _mm256_add_epi64(_mm256_cvtepu32_epi64(_mm256_extracti128_si256(numbers, 1)), bases));
}
inline __m128i narrowed(__m256i numbers) {
  return _mm_packus_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
}
inline void store_eight(__m256i numbers, uint16_t base, uint16_t* out) {
  const __m128i sums = _mm_add_epi16(narrowed(numbers), _mm_set1_epi16(static_cast<int16_t>(base)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), sums);
}
inline void store_eight(__m256i numbers, uint8_t base, uint8_t* out) {
  const __m128i bytes = _mm_packus_epi16(narrowed(numbers), _mm_setzero_si128());
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<int8_t>(base))));
}

template <typename T, unsigned kBits>
constexpr bool can_unpack() {
  const bool is_odd = kBits != 0 && kBits != 8 && kBits != 16 && kBits <= kMaxOddPackedBits;
  return is_odd && (kBits <= kMaxNarrowBits ? sizeof(T) <= 8 : sizeof(T) == 8);
}

/// Unpacks whole groups as long as what it loads stays inside the run and its slack; returns how many.
template <typename T, unsigned kBits>
size_t unpack_groups(const char* packed, size_t groups, T base, T* out) {
  constexpr bool kIsNarrow = kBits <= kMaxNarrowBits;
  constexpr size_t kReadEnd =
      16 + (kIsNarrow ? GroupLayout<kBits, uint32_t>::upper_byte(0) : GroupLayout<kBits, uint64_t>::upper_byte(4));
  constexpr size_t kLeft = (std::max(kReadEnd, kPackedSlackBytes) - kPackedSlackBytes + kBits - 1) / kBits;
  const size_t done = groups > kLeft ? groups - kLeft : 0;
  for (size_t group = 0; group < done; ++group, packed += kBits, out += 8) {
    if constexpr (kIsNarrow) {
      store_eight(unpack_eight<kBits>(packed), base, out);
    } else {
      const __m256i bases = _mm256_set1_epi64x(static_cast<int64_t>(base));
      store(out, _mm256_add_epi64(unpack_four<kBits, 0>(packed), bases));
      store(out + 4, _mm256_add_epi64(unpack_four<kBits, 4>(packed), bases));
    }
  }
  return done;
}

}  // namespace freshet::storage::avx2
#endif
