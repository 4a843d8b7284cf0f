#include "storage/commit/id_allocator.h"

#include "storage/meta/meta_records.h"

namespace freshet::storage {

Result<std::unique_ptr<IdAllocator>> IdAllocator::open(MetaStore& meta, std::string_view key) {
  FRESHET_ASSIGN_OR_RETURN(auto stored, meta.get(key));
  uint64_t reserved = 0;
  if (stored) {
    FRESHET_ASSIGN_OR_RETURN(reserved, decode_number(*stored));
  }
  return std::unique_ptr<IdAllocator>(new IdAllocator(meta, key, reserved));
}

Result<uint64_t> IdAllocator::next() {
  std::lock_guard lock(mutex_);
  if (last_ == reserved_) FRESHET_RETURN_IF_ERROR(reserve());
  return ++last_;
}

Status IdAllocator::reserve_ahead() {
  std::lock_guard lock(mutex_);
  return reserved_ - last_ < kAhead ? reserve() : Status::OK();
}

Status IdAllocator::reserve() {
  MetaBatch batch;
  batch.put(key_, encode_number(reserved_ + kStep));
  FRESHET_RETURN_IF_ERROR(meta_.commit(batch));
  reserved_ += kStep;
  return Status::OK();
}

uint64_t IdAllocator::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace freshet::storage
