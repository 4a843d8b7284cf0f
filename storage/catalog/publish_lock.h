#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace freshet::storage {

/// A mutex that serves its waiters first come, first served, so that a long stream of small commits never starves a large
/// one. Lock order: DDL, then publish locks by ascending table id, then the commit pipeline.
class PublishLock {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    const uint64_t ticket = next_ticket_++;
    served_.wait(guard, [&] { return ticket == now_serving_; });
  }
  void unlock() {
    {
      std::lock_guard guard(mutex_);
      ++now_serving_;
    }
    served_.notify_all();
  }

 private:
  std::mutex mutex_;  ///< guards both numbers
  std::condition_variable served_;
  uint64_t next_ticket_ = 0;
  uint64_t now_serving_ = 0;
};

}  // namespace freshet::storage
