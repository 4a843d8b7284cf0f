#pragma once

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/encoding/bit_packing.h"
#include "storage/encoding/running_sums.h"

namespace freshet::storage {

/// Integers that nearly rise, as bit-packed differences of neighbours: keys, arrival times.
///
/// Rows are cut into blocks, each with its first number and a width of its own, so one row costs at most one block.
/// Layout, for quotients as in ScaledFrameView: smallest value sign-extended to 16 bytes, scale (8 bytes), smallest step
/// (8 bytes, may be negative), then for each block its first quotient (8 bytes) and a word of 4 bytes: width in bits in the
/// lowest byte, offset of its packed steps from the first of them in the upper three; then the packed steps less the
/// smallest one, a step for each row of a block but its first; at last kPackedSlackBytes zero bytes.
inline constexpr size_t kDeltaBlockRows = 256;
inline constexpr size_t kDeltaHeaderBytes = 32;
inline constexpr size_t kDeltaEntryBytes = 12;
/// Offsets of blocks have 24 bits, whatever the widths.
inline constexpr size_t kMaxDeltaRows = 1 << 20;

constexpr size_t delta_blocks(size_t row_count) { return (row_count + kDeltaBlockRows - 1) / kDeltaBlockRows; }
/// Steps that block `block` of `row_count` rows holds.
constexpr size_t delta_steps(size_t row_count, size_t block) {
  return std::min(kDeltaBlockRows, row_count - block * kDeltaBlockRows) - 1;
}
/// Steps of this width sum up to 32 bits at most in a block.
inline constexpr unsigned kNarrowStepBits = 24;
static_assert((kDeltaBlockRows << kNarrowStepBits) <= uint64_t{1} << 32);
constexpr size_t delta_step_bytes(size_t steps, unsigned bits) { return (steps * bits + 7) / 8; }

/// How one run would be encoded. One run at a time; reusable; not thread-safe.
class DeltaPlan {
 public:
  /// Bytes that `quotients` would take. REQUIRES: 0 < their number <= kMaxDeltaRows.
  size_t measure(std::span<const uint64_t> quotients);
  /// Appends what was measured last. `quotients` are the same.
  void encode(Int128 smallest, uint64_t scale, std::span<const uint64_t> quotients, std::string& out);

 private:
  int64_t smallest_step_ = 0;
  std::vector<uint8_t> widths_;  ///< of each block
  std::vector<uint64_t> steps_;  ///< of one block
};

/// An encoded run, read in place.
template <typename T>
class DeltaView {
 public:
  using Value = T;
  /// REQUIRES: is_valid(body, row_count).
  DeltaView(std::string_view body, size_t row_count)
      : directory_(body.data() + kDeltaHeaderBytes),
        packed_(directory_ + delta_blocks(row_count) * kDeltaEntryBytes),
        base_(static_cast<T>(load_fixed<UInt128>(body.data()))),
        scale_(load_fixed<uint64_t>(body.data() + 16)),
        smallest_step_(load_fixed<uint64_t>(body.data() + 24)) {}

  /// Whether every access to rows below `row_count` stays inside `body`.
  static bool is_valid(std::string_view body, size_t row_count);

  void read(size_t first, size_t count, T* out) const;
  /// `rows` ascend.
  void gather(std::span<const uint32_t> rows, T* out) const;

 private:
  struct Block {
    uint64_t first;
    const char* packed;
    uint32_t bits;
  };
  Block block(size_t index) const {
    const char* entry = directory_ + index * kDeltaEntryBytes;
    const uint32_t word = load_fixed<uint32_t>(entry + 8);
    return {load_fixed<uint64_t>(entry), packed_ + (word >> 8), word & 0xFF};
  }
  /// Sum of the first `steps` steps of a block.
  uint64_t sum_of_steps(const Block& block, size_t steps) const {
    if (block.bits <= kNarrowStepBits) {
      std::array<uint32_t, kDeltaBlockRows> narrow;
      unpack_deltas<uint32_t>(block.packed, block.bits, 0, steps, 0, narrow.data());
      return steps * smallest_step_ + std::accumulate(narrow.begin(), narrow.begin() + static_cast<ptrdiff_t>(steps), 0u);
    }
    std::array<uint64_t, kDeltaBlockRows> unpacked;
    unpack_deltas<uint64_t>(block.packed, block.bits, 0, steps, smallest_step_, unpacked.data());
    return std::accumulate(unpacked.begin(), unpacked.begin() + static_cast<ptrdiff_t>(steps), uint64_t{0});
  }
  /// Rows [skipped, skipped + rows) of a block. REQUIRES: rows > 0.
  void read_block(const Block& block, size_t skipped, size_t rows, T* out) const;
  T value_of(uint64_t quotient) const { return static_cast<T>(base_ + static_cast<T>(quotient) * static_cast<T>(scale_)); }

  const char* directory_;
  const char* packed_;
  T base_;
  uint64_t scale_;
  uint64_t smallest_step_;
};

template <typename T>
bool DeltaView<T>::is_valid(std::string_view body, size_t row_count) {
  const size_t blocks = delta_blocks(row_count);
  const size_t front_bytes = kDeltaHeaderBytes + blocks * kDeltaEntryBytes;
  if (body.size() < front_bytes + kPackedSlackBytes) return false;
  const size_t packed_size = body.size() - front_bytes - kPackedSlackBytes;
  for (size_t i = 0; i < blocks; ++i) {
    const uint32_t word = load_fixed<uint32_t>(body.data() + kDeltaHeaderBytes + i * kDeltaEntryBytes + 8);
    const unsigned bits = word & 0xFF;
    if (!is_packed_width(bits) || (word >> 8) > packed_size) return false;
    if (delta_step_bytes(delta_steps(row_count, i), bits) > packed_size - (word >> 8)) return false;
  }
  return true;
}

template <typename T>
void DeltaView<T>::read_block(const Block& block, size_t skipped, size_t rows, T* out) const {
  uint64_t quotient = block.first + (skipped == 0 ? 0 : sum_of_steps(block, skipped));
  if constexpr (sizeof(T) <= sizeof(uint64_t)) {
    if (block.bits <= kNarrowStepBits && scale_ <= UINT32_MAX) {
      std::array<uint32_t, kDeltaBlockRows> steps;
      unpack_deltas<uint32_t>(block.packed, block.bits, skipped, rows - 1, 0, steps.data());
      steps[rows - 1] = 0;
      return running_sums<T>(steps.data(), rows, value_of(quotient), static_cast<T>(smallest_step_ * scale_),
                             static_cast<uint32_t>(scale_), out);
    }
  }
  std::array<uint64_t, kDeltaBlockRows> steps;
  unpack_deltas<uint64_t>(block.packed, block.bits, skipped, rows - 1, smallest_step_, steps.data());
  out[0] = value_of(quotient);
  for (size_t i = 1; i < rows; ++i) {
    quotient += steps[i - 1];
    out[i] = value_of(quotient);
  }
}

template <typename T>
void DeltaView<T>::read(size_t first, size_t count, T* out) const {
  while (count > 0) {
    const size_t skipped = first % kDeltaBlockRows;
    const size_t rows = std::min(kDeltaBlockRows - skipped, count);
    read_block(block(first / kDeltaBlockRows), skipped, rows, out);
    first += rows;
    count -= rows;
    out += rows;
  }
}

template <typename T>
void DeltaView<T>::gather(std::span<const uint32_t> rows, T* out) const {
  std::array<T, kDeltaBlockRows> values;
  for (size_t i = 0; i < rows.size();) {
    const size_t index = rows[i] / kDeltaBlockRows;
    size_t end = i + 1;
    while (end < rows.size() && rows[end] / kDeltaBlockRows == index) ++end;
    const Block block = this->block(index);
    if (end == i + 1) {
      out[i] = value_of(block.first + sum_of_steps(block, rows[i] % kDeltaBlockRows));
    } else {
      read_block(block, 0, rows[end - 1] % kDeltaBlockRows + 1, values.data());
      for (size_t row = i; row < end; ++row) out[row] = values[rows[row] % kDeltaBlockRows];
    }
    i = end;
  }
}

}  // namespace freshet::storage
