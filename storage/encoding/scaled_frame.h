#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/encoding/bit_packing.h"

namespace freshet::storage {

/// Frame of reference for numbers that are all a multiple of `scale` above the smallest one, such as times in microseconds
/// that were given in seconds.
/// Layout: smallest value sign-extended to 16 bytes, width in bits (4 bytes), 4 zero bytes, scale (8 bytes), the packed
/// quotients of the differences.
inline constexpr size_t kScaledFrameHeaderBytes = 32;

/// Appends `quotients`, of which `bits` is the packed width.
void encode_scaled_frame(Int128 smallest, uint64_t scale, std::span<const uint64_t> quotients, unsigned bits,
                         std::string& out);

/// base + scale * number, for each of `count` numbers in place.
template <typename T>
void scale_numbers(T* numbers, size_t count, T base, uint64_t scale, unsigned bits) {
  if constexpr (sizeof(T) == 8) {
    // A product of two 32-bit numbers is one vector instruction, one of 64-bit numbers is six.
    if (bits <= 32 && scale <= UINT32_MAX) {
      const auto narrow = static_cast<uint32_t>(scale);
      for (size_t i = 0; i < count; ++i) numbers[i] = base + uint64_t{static_cast<uint32_t>(numbers[i])} * narrow;
      return;
    }
  }
  for (size_t i = 0; i < count; ++i) numbers[i] = static_cast<T>(base + numbers[i] * static_cast<T>(scale));
}

/// An encoded run, read in place.
template <typename T>
class ScaledFrameView {
 public:
  using Value = T;
  /// REQUIRES: is_valid(body, row_count).
  ScaledFrameView(std::string_view body, size_t)
      : packed_(body.data() + kScaledFrameHeaderBytes),
        base_(static_cast<T>(load_fixed<UInt128>(body.data()))),
        bits_(load_fixed<uint32_t>(body.data() + 16)),
        scale_(load_fixed<uint64_t>(body.data() + 24)) {}

  /// Whether every access to rows below `row_count` stays inside `body`.
  static bool is_valid(std::string_view body, size_t row_count) {
    if (body.size() < kScaledFrameHeaderBytes) return false;
    const uint32_t bits = load_fixed<uint32_t>(body.data() + 16);
    return is_packed_width(bits) && bits <= sizeof(T) * 8 &&
           body.size() == kScaledFrameHeaderBytes + packed_bytes(row_count, bits);
  }

  void read(size_t first, size_t count, T* out) const {
    unpack_deltas<T>(packed_, bits_, first, count, 0, out);
    scale_numbers(out, count, base_, scale_, bits_);
  }
  void gather(std::span<const uint32_t> rows, T* out) const {
    for (size_t i = 0; i < rows.size(); ++i) {
      out[i] = static_cast<T>(base_ + static_cast<T>(unpack_one(packed_, rows[i], bits_)) * static_cast<T>(scale_));
    }
  }

 private:
  const char* packed_;
  T base_;
  uint32_t bits_;
  uint64_t scale_;
};

}  // namespace freshet::storage
