#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/encoding/bit_packing.h"

namespace freshet::storage {

/// Integers as bit-packed differences to the smallest one (Zukowski et al., "Super-Scalar RAM-CPU Cache Compression").
/// Layout: smallest value sign-extended to 16 bytes, width in bits (4 bytes), 4 zero bytes, packed differences.
inline constexpr size_t kFrameHeaderBytes = 24;

/// Appends `values`, the bits of signed numbers of which `smallest` is the smallest.
template <typename Signed, typename Unsigned>
void encode_frame_of_reference(std::span<const Unsigned> values, Signed smallest, unsigned bits, std::string& out) {
  static_assert(sizeof(Signed) == sizeof(Unsigned));
  put_fixed(out, static_cast<Int128>(smallest));
  put_fixed<uint32_t>(out, bits);
  put_fixed<uint32_t>(out, 0);
  pack_deltas(values.data(), values.size(), static_cast<Unsigned>(smallest), bits, out);
}

/// An encoded run, read in place.
template <typename T>
class FrameOfReferenceView {
 public:
  /// REQUIRES: is_valid(body, row_count).
  explicit FrameOfReferenceView(const char* body)
      : packed_(body + kFrameHeaderBytes),
        base_(static_cast<T>(load_fixed<UInt128>(body))),
        bits_(load_fixed<uint32_t>(body + 16)) {}

  /// Whether every access to rows below `row_count` stays inside `body`.
  static bool is_valid(std::string_view body, size_t row_count) {
    if (body.size() < kFrameHeaderBytes) return false;
    const uint32_t bits = load_fixed<uint32_t>(body.data() + 16);
    return is_packed_width(bits) && bits <= sizeof(T) * 8 &&
           body.size() == kFrameHeaderBytes + packed_bytes(row_count, bits);
  }

  void read(size_t first, size_t count, T* out) const { unpack_deltas(packed_, bits_, first, count, base_, out); }
  void gather(std::span<const uint32_t> rows, T* out) const {
    unpack_gather(packed_, bits_, rows.data(), rows.size(), base_, out);
  }

 private:
  const char* packed_;
  T base_;
  uint32_t bits_;
};

}  // namespace freshet::storage
