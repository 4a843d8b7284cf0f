#include "storage/base/memory_budget.h"

#include "storage/base/assert.h"

namespace freshet {

uint64_t MemoryBudget::used() const {
  std::lock_guard lock(mutex_);
  return used_;
}

bool MemoryBudget::try_take(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  if (!fits(bytes)) return false;
  used_ += bytes;
  return true;
}

Status MemoryBudget::take(uint64_t bytes, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, patience, [&] { return fits(bytes); })) {
    return Status::ResourceExhausted(
        "{} bytes of memory were not free within {} ms: {} of the {} bytes of {} are in use; try again later, or raise it",
        bytes, patience.count(), used_, limit_, setting_);
  }
  used_ += bytes;
  return Status::OK();
}

void MemoryBudget::give_back(uint64_t bytes) {
  if (bytes == 0) return;
  {
    std::lock_guard lock(mutex_);
    FRESHET_ASSERT(bytes <= used_);
    used_ -= bytes;
  }
  freed_.notify_all();
}

bool MemoryLease::try_grow_to(uint64_t bytes) {
  if (bytes <= bytes_) return true;
  if (!budget_.try_take(bytes - bytes_)) return false;
  bytes_ = bytes;
  return true;
}

void MemoryLease::shrink_to(uint64_t bytes) {
  if (bytes >= bytes_) return;
  budget_.give_back(bytes_ - bytes);
  bytes_ = bytes;
}

Status MemoryLease::wait_for(uint64_t bytes, std::chrono::milliseconds patience) {
  FRESHET_ASSERT(bytes_ == 0);
  FRESHET_RETURN_IF_ERROR(budget_.take(bytes, patience));
  bytes_ = bytes;
  return Status::OK();
}

}  // namespace freshet
