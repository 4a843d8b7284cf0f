#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/encoding/bit_packing.h"

namespace freshet::storage {

/// Integers as bit-packed differences to the smallest one (Zukowski et al., "Super-Scalar RAM-CPU Cache Compression").
/// Layout: smallest value sign-extended to 16 bytes, width in bits (4 bytes), 4 zero bytes, packed differences.
inline constexpr size_t kFrameHeaderBytes = 24;

/// Appends a run of which `offsets` are the differences to its smallest value and `bits` is their packed width.
inline void encode_frame_of_reference(Int128 smallest, std::span<const uint64_t> offsets, unsigned bits, std::string& out) {
  put_fixed(out, smallest);
  put_fixed<uint32_t>(out, bits);
  put_fixed<uint32_t>(out, 0);
  pack_deltas<uint64_t>(offsets.data(), offsets.size(), 0, bits, out);
}

/// An encoded run, read in place.
template <typename T>
class FrameOfReferenceView {
 public:
  using Value = T;
  /// REQUIRES: is_valid(body, row_count).
  FrameOfReferenceView(std::string_view body, size_t)
      : packed_(body.data() + kFrameHeaderBytes),
        base_(static_cast<T>(load_fixed<UInt128>(body.data()))),
        bits_(load_fixed<uint32_t>(body.data() + 16)) {}

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
