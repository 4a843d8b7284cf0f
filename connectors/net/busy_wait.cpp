#include "connectors/net/busy_wait.h"

#include <algorithm>
#include <thread>

namespace freshet::connectors {

BusyWaits::BusyWaits(std::chrono::microseconds longest)
    : longest_(std::thread::hardware_concurrency() > 1 ? longest : std::chrono::microseconds(0)) {}

BusyWait::~BusyWait() {
  if (is_at_work_) all_.awake_.fetch_sub(1, std::memory_order_relaxed);
}

bool BusyWait::is_worth_it() {
  uint32_t none = 0;
  return quick_requests_ >= kQuickRequests && all_.awake_.compare_exchange_strong(none, 1, std::memory_order_relaxed);
}

void BusyWait::wait(const Socket& socket) {
  if (all_.longest_.count() == 0) return;
  if (is_at_work_) all_.awake_.fetch_sub(1, std::memory_order_relaxed);
  is_at_work_ = false;
  waits_since_ = Clock::now();
  if (!is_worth_it()) return;
  was_met_ = socket.has_bytes_waiting();
  for (Clock::time_point last = waits_since_; !was_met_; was_met_ = socket.has_bytes_waiting()) {
    const Clock::time_point now = Clock::now();
    if (now - last > kInterrupted) {
      quick_requests_ = -kPauseRequests;
      break;
    }
    const bool is_alone = all_.awake_.load(std::memory_order_relaxed) == 1;
    if (!is_alone || now - waits_since_ > all_.longest_) break;
    last = now;
  }
  all_.awake_.fetch_sub(1, std::memory_order_relaxed);
}

void BusyWait::begin_work() {
  if (all_.longest_.count() == 0) return;
  if (!is_at_work_) all_.awake_.fetch_add(1, std::memory_order_relaxed);
  is_at_work_ = true;
  if (was_met_) all_.met_.fetch_add(1, std::memory_order_relaxed);
  was_met_ = false;
  const bool is_quick = Clock::now() - waits_since_ <= all_.longest_;
  if (is_quick || quick_requests_ < 0) {
    quick_requests_ = std::min(quick_requests_ + 1, kQuickRequests);
  } else {
    quick_requests_ = 0;
  }
}

}  // namespace freshet::connectors
