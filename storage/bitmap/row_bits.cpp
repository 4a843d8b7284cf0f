#include "storage/bitmap/row_bits.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "storage/types/data_type.h"

namespace freshet::storage {
namespace {

constexpr uint64_t kAllBits = ~uint64_t{0};

/// For each byte of a bitmap the positions of its set bits, ascending; the rest is padding.
alignas(64) constexpr auto kBitPositions = [] {
  std::array<std::array<uint8_t, 8>, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t count = 0;
    for (uint8_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) != 0) table[byte][count++] = bit;
    }
  }
  return table;
}();

/// Moves the values of the set bits of `byte` from the eight at `from` to `to`, which is not behind; writes eight.
template <typename T>
void keep_eight(const T* from, uint8_t byte, T* to) {
  std::array<T, 8> values;
  std::copy_n(from, 8, values.begin());
  for (size_t i = 0; i < 8; ++i) to[i] = values[kBitPositions[byte][i]];
}

#ifdef __AVX2__
__m128i load_positions(uint8_t byte) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kBitPositions[byte].data()));
}

void keep_eight(const uint8_t* from, uint8_t byte, uint8_t* to) {
  const __m128i values = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(values, load_positions(byte)));
}

void keep_eight(const uint16_t* from, uint8_t byte, uint16_t* to) {
  // The bytes of value p are 2p and 2p + 1.
  const __m128i bytes = _mm_mullo_epi16(_mm_cvtepu8_epi16(load_positions(byte)), _mm_set1_epi16(0x0202));
  const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(values, _mm_add_epi16(bytes, _mm_set1_epi16(0x0100))));
}

void keep_eight(const uint32_t* from, uint8_t byte, uint32_t* to) {
  const __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i lanes = _mm256_cvtepu8_epi32(load_positions(byte));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(values, lanes));
}

/// For each set of four values of 64 bits the 32-bit lanes of those that are kept.
alignas(32) constexpr auto kKeptLanes = [] {
  std::array<std::array<uint32_t, 8>, 16> table{};
  for (uint32_t set = 0; set < 16; ++set) {
    for (uint32_t i = 0; i < 4; ++i) {
      table[set][2 * i] = 2u * kBitPositions[set][i];
      table[set][2 * i + 1] = 2u * kBitPositions[set][i] + 1;
    }
  }
  return table;
}();

void keep_eight(const uint64_t* from, uint8_t byte, uint64_t* to) {
  const auto keep_four = [](const uint64_t* source, uint8_t set, uint64_t* target) {
    const __m256i lanes = _mm256_load_si256(reinterpret_cast<const __m256i*>(kKeptLanes[set].data()));
    const __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(target), _mm256_permutevar8x32_epi32(values, lanes));
  };
  keep_four(from, byte & 15, to);
  keep_four(from + 4, byte >> 4, to + std::popcount(static_cast<uint8_t>(byte & 15)));
}
#endif

template <typename T>
void keep(void* data, const RowBits& wanted) {
  const T* from = static_cast<const T*>(data);
  T* to = static_cast<T*>(data);
  for (const uint64_t word : wanted.words) {
    if (word == kAllBits) {
      if (from != to) std::memmove(to, from, 64 * sizeof(T));
      to += 64;
    } else if (word != 0) {
      for (size_t i = 0; i < 8; ++i) {
        const auto byte = static_cast<uint8_t>(word >> (8 * i));
        keep_eight(from + 8 * i, byte, to);
        to += std::popcount(byte);
      }
    }
    from += 64;
  }
}

}  // namespace

RowBits RowBits::first(uint32_t count) {
  RowBits bits{};
  std::fill_n(bits.words.begin(), count / 64, kAllBits);
  if (count % 64 != 0) bits.words[count / 64] = (uint64_t{1} << (count % 64)) - 1;
  return bits;
}

uint32_t RowBits::count() const {
  uint32_t count = 0;
  for (const uint64_t word : words) count += static_cast<uint32_t>(std::popcount(word));
  return count;
}

void RowBits::set_range(uint32_t begin, uint32_t end) {
  while (begin < end) {
    const uint32_t stop = std::min(end, (begin / 64 + 1) * 64);
    const uint64_t ones = stop - begin == 64 ? kAllBits : (uint64_t{1} << (stop - begin)) - 1;
    words[begin / 64] |= ones << (begin % 64);
    begin = stop;
  }
}

uint32_t RowBits::list(uint32_t* out) const {
  uint32_t* next = out;
  for (uint32_t i = 0; i < words.size(); ++i) {
    if (words[i] != 0) next = write_set_bits(words[i], i * 64, next);
  }
  return static_cast<uint32_t>(next - out);
}

RowBits& RowBits::operator&=(const RowBits& other) {
  for (size_t i = 0; i < words.size(); ++i) words[i] &= other.words[i];
  return *this;
}

RowBits& RowBits::operator|=(const RowBits& other) {
  for (size_t i = 0; i < words.size(); ++i) words[i] |= other.words[i];
  return *this;
}

RowBits bits_of(std::span<const uint32_t> rows) {
  RowBits bits = RowBits::none();
  for (const uint32_t row : rows) bits.words[row / 64] |= uint64_t{1} << (row % 64);
  return bits;
}

uint32_t* write_set_bits(uint64_t bits, uint32_t base, uint32_t* out) {
  for (uint32_t begin = 0; begin < 64; begin += 8, bits >>= 8) {
    const auto byte = static_cast<uint8_t>(bits);
    const std::array<uint8_t, 8>& positions = kBitPositions[byte];
    for (uint32_t i = 0; i < 8; ++i) out[i] = base + begin + positions[i];
    out += std::popcount(byte);
  }
  return out;
}

void keep_values(void* values, size_t width, const RowBits& wanted) {
  switch (width) {
    case 1: return keep<uint8_t>(values, wanted);
    case 2: return keep<uint16_t>(values, wanted);
    case 4: return keep<uint32_t>(values, wanted);
    case 8: return keep<uint64_t>(values, wanted);
    default: return keep<Int128>(values, wanted);
  }
}

}  // namespace freshet::storage
