#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/limits.h"
#include "storage/base/result.h"
#include "storage/bitmap/row_bits.h"

namespace freshet::storage {

/// The rows of one rowset that newer commits have replaced, at one commit: one version of its delete bitmap.
///
/// Dense bits in chunks of 64 Ki rows, shared between versions and copied when a later version changes them: a scan tests
/// words, and skips a page that has no dead row. Older versions live as long as a snapshot holds them.
/// Immutable, cheap to copy (one pointer); any thread. On disk: FORMAT.md, "Delete bitmaps" (Roaring, portable format).
class DeadRows {
 public:
  static constexpr size_t kChunkWords = kBitmapChunkRows / 64;
  struct Chunk {
    std::array<uint64_t, kChunkWords> words{};
    uint32_t count = 0;
  };

  DeadRows() = default;

  uint32_t count() const { return state_ ? state_->count : 0; }
  bool contains(RowOrdinal row) const {
    const Chunk* chunk = chunk_of(row);
    return chunk != nullptr && (chunk->words[row % kBitmapChunkRows / 64] >> (row % 64) & 1) != 0;
  }
  /// The chunk that holds `row`, or null when no row of it is dead.
  const Chunk* chunk_of(RowOrdinal row) const {
    const size_t index = row / kBitmapChunkRows;
    return state_ && index < state_->chunks.size() ? state_->chunks[index].get() : nullptr;
  }
  /// Dead rows in [first, first + count).
  uint32_t count_in(RowOrdinal first, uint32_t count) const;
  /// Writes the live rows of [first, first + count), relative to `first`, to `out`; returns how many.
  /// REQUIRES: room for `count` numbers.
  uint32_t live_rows(RowOrdinal first, uint32_t count, uint32_t* out) const;
  /// The live rows of the vector [first, first + count). REQUIRES: first % kVectorRows == 0, count <= kVectorRows.
  RowBits live_bits(RowOrdinal first, uint32_t count) const;

  /// This version plus `rows` (any order, repeats allowed).
  DeadRows with(std::span<const RowOrdinal> rows) const;
  /// This version less `rows` (ascending), for rewrites that keep dead rows.
  DeadRows without(std::span<const RowOrdinal> rows) const;
  /// Rows that are dead here and not in `older`, ascending.
  std::vector<RowOrdinal> added_since(const DeadRows& older) const;
  /// All dead rows, ascending.
  std::vector<RowOrdinal> to_vector() const;

  uint64_t byte_size() const;

 private:
  struct State {
    std::vector<std::shared_ptr<const Chunk>> chunks;  ///< null = no dead row
    uint32_t count = 0;
  };
  std::shared_ptr<const State> state_;
};

/// Roaring (portable) bytes of ascending row ordinals, and back. Corruption when `bytes` are not a bitmap; they must lie
/// under a checksum already.
std::string encode_rows(std::span<const RowOrdinal> rows);
Result<std::vector<RowOrdinal>> decode_rows(std::string_view bytes);

}  // namespace freshet::storage
