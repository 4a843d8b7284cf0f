#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "storage/base/status.h"

namespace freshet::storage {

/// Bounds the bytes per second of background work: a token bucket that holds a tenth of a second. A request may take more
/// than the bucket holds; the ones after it then wait the longer. Any thread.
class RateLimiter {
 public:
  /// 0 = unlimited.
  explicit RateLimiter(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  /// Takes `bytes` and waits until they are due. Cancelled soon after `cancelled` (may be null) has become true.
  Status acquire(uint64_t bytes, const std::atomic<bool>* cancelled);

 private:
  using Clock = std::chrono::steady_clock;
  const uint64_t bytes_per_second_;
  std::mutex mutex_;
  Clock::time_point due_{};  ///< when all bytes taken so far are paid for; guarded by mutex_
};

}  // namespace freshet::storage
