#include "storage/tablet/delta_key_index.h"

namespace freshet::storage {

void DeltaKeyIndex::reserve(uint32_t keys) {
  const Table& current = *tables_.back();
  if (uint64_t{keys} * 2 <= current.mask) return;
  auto grown = std::make_unique<Table>(static_cast<unsigned>(std::bit_width(uint64_t{keys} * 2)));
  FRESHET_ASSERT(grown->bits <= 31);
  for (uint64_t at = 0; at <= current.mask; ++at) {
    const uint64_t slot = current.slots[at].load(std::memory_order_relaxed);
    if (slot == 0) continue;
    uint32_t to = grown->home(tag_in(slot));
    while (grown->slots[to].load(std::memory_order_relaxed) != 0) to = (to + 1) & grown->mask;
    grown->slots[to].store(slot, std::memory_order_relaxed);
  }
  publish(std::move(grown));
}

void DeltaKeyIndex::publish(std::unique_ptr<Table> table) {
  byte_size_ += (table->mask + uint64_t{1}) * sizeof(uint64_t);
  table_.store(table.get(), std::memory_order_release);
  tables_.push_back(std::move(table));
}

}  // namespace freshet::storage
