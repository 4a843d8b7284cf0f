#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "storage/base/coding.h"
#include "storage/types/data_type.h"

namespace freshet::storage {

/// Unsigned numbers of `bits` bits each, side by side from the lowest bit of the first byte on, with O(1) random access.
/// `bits` is 0..56 or 64: a number and the bits before it in its first byte always fit one unaligned 64-bit load.
inline constexpr unsigned kMaxOddPackedBits = 56;
/// Bytes after the packed numbers, so that the load of the last one stays inside.
inline constexpr size_t kPackedSlackBytes = 8;

/// Smallest allowed width that holds `largest`.
constexpr unsigned packed_bits_for(uint64_t largest) {
  const unsigned bits = 64 - static_cast<unsigned>(largest == 0 ? 64 : __builtin_clzll(largest));
  return bits <= kMaxOddPackedBits ? bits : 64;
}
constexpr bool is_packed_width(unsigned bits) { return bits <= kMaxOddPackedBits || bits == 64; }
/// Bytes of `count` packed numbers, slack included.
constexpr size_t packed_bytes(size_t count, unsigned bits) { return (count * bits + 7) / 8 + kPackedSlackBytes; }

/// Appends `values[i] - base` for each i, packed. REQUIRES: each difference fits `bits`.
template <typename T>
void pack_deltas(const T* values, size_t count, T base, unsigned bits, std::string& out);

constexpr uint64_t packed_mask(unsigned bits) { return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

/// Number `index` of a packed run.
inline uint64_t unpack_one(const char* packed, size_t index, unsigned bits) {
  const size_t bit = index * bits;
  return (load_fixed<uint64_t>(packed + bit / 8) >> (bit % 8)) & packed_mask(bits);
}

/// Writes `base` + number i, for i in [first, first + count), to `out`.
template <typename T>
void unpack_deltas(const char* packed, unsigned bits, size_t first, size_t count, T base, T* out);

/// Writes `base` + number i for each i of `rows`.
template <typename T>
void unpack_gather(const char* packed, unsigned bits, const uint32_t* rows, size_t count, T base, T* out) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<T>(base + static_cast<T>(unpack_one(packed, rows[i], bits)));
}

/// The unsigned type in which differences of values of one width are taken.
using UInt128 = unsigned __int128;

extern template void pack_deltas(const uint8_t*, size_t, uint8_t, unsigned, std::string&);
extern template void pack_deltas(const uint16_t*, size_t, uint16_t, unsigned, std::string&);
extern template void pack_deltas(const uint32_t*, size_t, uint32_t, unsigned, std::string&);
extern template void pack_deltas(const uint64_t*, size_t, uint64_t, unsigned, std::string&);
extern template void pack_deltas(const UInt128*, size_t, UInt128, unsigned, std::string&);
extern template void unpack_deltas(const char*, unsigned, size_t, size_t, uint8_t, uint8_t*);
extern template void unpack_deltas(const char*, unsigned, size_t, size_t, uint16_t, uint16_t*);
extern template void unpack_deltas(const char*, unsigned, size_t, size_t, uint32_t, uint32_t*);
extern template void unpack_deltas(const char*, unsigned, size_t, size_t, uint64_t, uint64_t*);
extern template void unpack_deltas(const char*, unsigned, size_t, size_t, UInt128, UInt128*);

}  // namespace freshet::storage
