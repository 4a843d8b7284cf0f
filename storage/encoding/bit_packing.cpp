#include "storage/encoding/bit_packing.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "storage/encoding/unpack_avx2.h"

namespace freshet::storage {
namespace {

template <typename Narrow, typename T>
void pack_whole(const T* values, size_t count, T base, char* out) {
  for (size_t i = 0; i < count; ++i) {
    const auto delta = static_cast<Narrow>(values[i] - base);
    std::memcpy(out + i * sizeof(Narrow), &delta, sizeof(Narrow));
  }
}

template <typename T>
void pack_odd(const T* values, size_t count, T base, unsigned bits, char* out) {
  uint64_t word = 0;
  unsigned filled = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto delta = static_cast<uint64_t>(static_cast<T>(values[i] - base));
    word |= delta << filled;
    filled += bits;
    if (filled >= 64) {
      std::memcpy(out, &word, 8);
      out += 8;
      filled -= 64;
      word = filled == 0 ? 0 : delta >> (bits - filled);
    }
  }
  std::memcpy(out, &word, (filled + 7) / 8);
}

/// Whole groups of eight numbers: a group of width kBits is kBits bytes, so all offsets and shifts are constants.
template <typename T, unsigned kBits>
void unpack_groups(const char* packed, size_t groups, T base, T* out) {
  if constexpr (kBits == 0) {
    std::fill_n(out, groups * 8, base);
  } else if constexpr (kBits == 8 || kBits == 16 || kBits == 32 || kBits == 64) {
    using Narrow =
        std::conditional_t<kBits == 8, uint8_t,
                           std::conditional_t<kBits == 16, uint16_t, std::conditional_t<kBits == 32, uint32_t, uint64_t>>>;
    for (size_t i = 0; i < groups * 8; ++i) {
      out[i] = static_cast<T>(base + static_cast<T>(load_fixed<Narrow>(packed + i * sizeof(Narrow))));
    }
  } else {
#ifdef __AVX2__
    if constexpr (avx2::can_unpack<T, kBits>()) {
      const size_t done = avx2::unpack_groups<T, kBits>(packed, groups, base, out);
      packed += done * kBits;
      out += done * 8;
      groups -= done;
    }
#endif
    for (; groups > 0; --groups, packed += kBits, out += 8) {
      [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
        ((out[kIndex] = static_cast<T>(
              base + static_cast<T>((load_fixed<uint64_t>(packed + kIndex * kBits / 8) >> (kIndex * kBits % 8)) &
                                    packed_mask(kBits)))),
         ...);
      }
      (std::make_index_sequence<8>());
    }
  }
}

template <typename T>
using GroupKernel = void (*)(const char*, size_t, T, T*);

/// Kernels by width, up to the width of T; wider deltas never occur for T.
template <typename T>
constexpr auto make_kernels() {
  constexpr size_t kWidths = std::min<size_t>(sizeof(T) * 8, 64) + 1;
  std::array<GroupKernel<T>, kWidths> kernels{};
  [&]<size_t... kBits>(std::index_sequence<kBits...>) {
    ((kernels[kBits] = is_packed_width(kBits) ? &unpack_groups < T, is_packed_width(kBits) ? kBits : 64 > : nullptr), ...);
  }
  (std::make_index_sequence<kWidths>());
  return kernels;
}

template <typename T>
constexpr auto kKernels = make_kernels<T>();

}  // namespace

template <typename T>
void pack_deltas(const T* values, size_t count, T base, unsigned bits, std::string& out) {
  const size_t start = out.size();
  out.resize(start + packed_bytes(count, bits));
  char* packed = out.data() + start;
  switch (bits) {
    case 0: return;
    case 8: return pack_whole<uint8_t>(values, count, base, packed);
    case 16: return pack_whole<uint16_t>(values, count, base, packed);
    case 32: return pack_whole<uint32_t>(values, count, base, packed);
    case 64: return pack_whole<uint64_t>(values, count, base, packed);
    default: return pack_odd(values, count, base, bits, packed);
  }
}

template <typename T>
void unpack_deltas(const char* packed, unsigned bits, size_t first, size_t count, T base, T* out) {
  const auto one = [&](size_t index) { return static_cast<T>(base + static_cast<T>(unpack_one(packed, index, bits))); };
  const size_t end = first + count;
  const size_t aligned = std::min(end, (first + 7) / 8 * 8);
  for (; first < aligned; ++first) *out++ = one(first);
  const size_t groups = (end - first) / 8;
  kKernels<T>[bits](packed + first / 8 * bits, groups, base, out);
  out += groups * 8;
  for (first += groups * 8; first < end; ++first) *out++ = one(first);
}

template void pack_deltas(const uint8_t*, size_t, uint8_t, unsigned, std::string&);
template void pack_deltas(const uint16_t*, size_t, uint16_t, unsigned, std::string&);
template void pack_deltas(const uint32_t*, size_t, uint32_t, unsigned, std::string&);
template void pack_deltas(const uint64_t*, size_t, uint64_t, unsigned, std::string&);
template void pack_deltas(const UInt128*, size_t, UInt128, unsigned, std::string&);
template void unpack_deltas(const char*, unsigned, size_t, size_t, uint8_t, uint8_t*);
template void unpack_deltas(const char*, unsigned, size_t, size_t, uint16_t, uint16_t*);
template void unpack_deltas(const char*, unsigned, size_t, size_t, uint32_t, uint32_t*);
template void unpack_deltas(const char*, unsigned, size_t, size_t, uint64_t, uint64_t*);
template void unpack_deltas(const char*, unsigned, size_t, size_t, UInt128, UInt128*);

}  // namespace freshet::storage
