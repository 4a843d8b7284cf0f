#include "storage/commit/auto_increments.h"

#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {

Result<int64_t> AutoIncrements::take(TableId table, int64_t count) {
  std::lock_guard lock(mutex_);
  auto found = counters_.find(table);
  if (found == counters_.end()) {
    Counter counter;
    FRESHET_ASSIGN_OR_RETURN(auto stored, meta_.get(meta_keys::auto_increment(table)));
    if (stored) {
      FRESHET_ASSIGN_OR_RETURN(const uint64_t reserved, decode_number(*stored));
      counter.next = counter.reserved = static_cast<int64_t>(reserved);
    }
    found = counters_.emplace(table, counter).first;
  }
  Counter& counter = found->second;
  if (counter.next + count > counter.reserved) {
    const int64_t reserved = counter.next + count + kStep;
    MetaBatch batch;
    batch.put(meta_keys::auto_increment(table), encode_number(static_cast<uint64_t>(reserved)));
    FRESHET_RETURN_IF_ERROR(meta_.commit(batch));
    counter.reserved = reserved;
  }
  const int64_t first = counter.next;
  counter.next += count;
  return first;
}

}  // namespace freshet::storage
