#include "storage/io/rate_limiter.h"

#include <algorithm>
#include <thread>

namespace freshet::storage {
namespace {

constexpr std::chrono::milliseconds kBurst{100};
constexpr std::chrono::milliseconds kSleepStep{10};

bool is_set(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(std::memory_order_relaxed); }

}  // namespace

Status RateLimiter::acquire(uint64_t bytes, const std::atomic<bool>* cancelled) {
  Clock::time_point start;
  if (bytes_per_second_ != 0) {
    const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
    std::lock_guard lock(mutex_);
    start = std::max(due_, Clock::now() - kBurst);
    due_ = start + std::chrono::duration_cast<Clock::duration>(cost);
  }
  while (!is_set(cancelled)) {
    const Clock::time_point now = Clock::now();
    if (now >= start) return Status::OK();
    std::this_thread::sleep_for(std::min<Clock::duration>(start - now, kSleepStep));
  }
  return Status::Cancelled("background work was stopped");
}

}  // namespace freshet::storage
