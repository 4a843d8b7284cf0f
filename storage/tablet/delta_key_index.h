#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/base/assert.h"
#include "storage/base/ids.h"

namespace freshet::storage {

/// Hash index of a delta buffer: key -> newest row of the key. Keys themselves lie in the buffer; callers pass how to
/// compare.
///
/// Open addressing in a table of 64-bit slots (32 bits of hash, row + 1), at most half full; keys are never removed. A grown
/// table is published beside the old one, which stays until the index goes: readers never wait.
/// Threads: one writer, any number of readers. What the writer did before put() is seen by a reader that gets the row.
class DeltaKeyIndex {
 public:
  static constexpr RowOrdinal kNoRow = UINT32_MAX;

  DeltaKeyIndex() { publish(std::make_unique<Table>(kFirstSlotBits)); }

  /// Newest row of the key with `hash` for which `is_key(row)`, or kNoRow.
  template <typename IsKey>
  RowOrdinal find(uint64_t hash, const IsKey& is_key) const {
    const Table& table = *table_.load(std::memory_order_acquire);
    const uint32_t tag = tag_of(hash);
    for (uint32_t at = table.home(tag);; at = (at + 1) & table.mask) {
      const uint64_t slot = table.slots[at].load(std::memory_order_acquire);
      if (slot == 0) return kNoRow;
      if (tag_in(slot) == tag && is_key(row_in(slot))) return row_in(slot);
    }
  }

  /// Writer only. Makes `row` the newest of its key, after `link(row that was the newest, or kNoRow)` has returned.
  template <typename IsKey, typename Link>
  void put(uint64_t hash, RowOrdinal row, const IsKey& is_key, const Link& link) {
    reserve(key_count_ + 1);
    Table& table = *tables_.back();
    const uint32_t tag = tag_of(hash);
    uint32_t at = table.home(tag);
    RowOrdinal previous = kNoRow;
    for (;; at = (at + 1) & table.mask) {
      const uint64_t slot = table.slots[at].load(std::memory_order_relaxed);
      if (slot == 0) {
        ++key_count_;
        break;
      }
      if (tag_in(slot) == tag && is_key(row_in(slot))) {
        previous = row_in(slot);
        break;
      }
    }
    link(previous);
    table.slots[at].store(make_slot(tag, row), std::memory_order_release);
  }

  /// Writer only. Makes room for `keys` keys in all.
  void reserve(uint32_t keys);

  uint64_t byte_size() const { return byte_size_; }

 private:
  static constexpr unsigned kFirstSlotBits = 6;

  struct Table {
    explicit Table(unsigned slot_bits)
        : bits(slot_bits), mask((1u << slot_bits) - 1), slots(std::make_unique<std::atomic<uint64_t>[]>(mask + size_t{1})) {}
    uint32_t home(uint32_t tag) const { return tag >> (32 - bits); }
    const unsigned bits;
    const uint32_t mask;
    const std::unique_ptr<std::atomic<uint64_t>[]> slots;  ///< 0 = empty
  };

  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  static uint64_t make_slot(uint32_t tag, RowOrdinal row) { return uint64_t{tag} << 32 | (row + 1); }
  static uint32_t tag_in(uint64_t slot) { return static_cast<uint32_t>(slot >> 32); }
  static RowOrdinal row_in(uint64_t slot) { return static_cast<uint32_t>(slot) - 1; }
  void publish(std::unique_ptr<Table> table);

  std::vector<std::unique_ptr<Table>> tables_;  ///< the last one is current; older ones may still be read
  std::atomic<const Table*> table_{nullptr};
  uint32_t key_count_ = 0;
  uint64_t byte_size_ = 0;
};

}  // namespace freshet::storage
