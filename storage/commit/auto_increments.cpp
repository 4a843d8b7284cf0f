#include "storage/commit/auto_increments.h"

#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {

Result<AutoIncrements::Counter*> AutoIncrements::find(TableId table) {
  auto found = counters_.find(table);
  if (found != counters_.end()) return &found->second;
  Counter counter;
  FRESHET_ASSIGN_OR_RETURN(auto stored, meta_.get(meta_keys::auto_increment(table)));
  if (stored) {
    FRESHET_ASSIGN_OR_RETURN(const uint64_t reserved, decode_number(*stored));
    counter.next = counter.reserved = static_cast<int64_t>(reserved);
  }
  return &counters_.emplace(table, counter).first->second;
}

Status AutoIncrements::reserve(TableId table, Counter& counter, int64_t next) {
  if (next <= counter.reserved) return Status::OK();
  MetaBatch batch;
  batch.put(meta_keys::auto_increment(table), encode_number(static_cast<uint64_t>(next + kStep)));
  FRESHET_RETURN_IF_ERROR(meta_.commit(batch));
  counter.reserved = next + kStep;
  return Status::OK();
}

Result<int64_t> AutoIncrements::take(TableId table, int64_t count) {
  const std::lock_guard lock(mutex_);
  FRESHET_ASSIGN_OR_RETURN(Counter* const counter, find(table));
  FRESHET_RETURN_IF_ERROR(reserve(table, *counter, counter->next + count));
  const int64_t first = counter->next;
  counter->next += count;
  return first;
}

Status AutoIncrements::pass(TableId table, int64_t value) {
  const std::lock_guard lock(mutex_);
  FRESHET_ASSIGN_OR_RETURN(Counter* const counter, find(table));
  if (value < counter->next || value > kLargestPassed) return Status::OK();
  FRESHET_RETURN_IF_ERROR(reserve(table, *counter, value + 1));
  counter->next = value + 1;
  return Status::OK();
}

}  // namespace freshet::storage
