#include "query/workload/deadline_watch.h"

namespace freshet::query {
DeadlineWatch::~DeadlineWatch() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

DeadlineWatch::Guard DeadlineWatch::at(Clock::time_point time, std::function<void()> call) {
  if (time == Clock::time_point::max()) return {};
  const std::lock_guard<std::mutex> lock(mutex_);
  const Guard::Key key{time, next_number_++};
  calls_.emplace(key, std::move(call));
  if (is_asleep_) wake_.notify_one();
  return {*this, key};
}

void DeadlineWatch::take_back(Guard::Key key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  calls_.erase(key);
}

void DeadlineWatch::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  int idle_ticks = 0;
  while (!is_stopping_) {
    if (calls_.empty() && idle_ticks >= kIdleTicks) {
      is_asleep_ = true;
      wake_.wait(lock, [&] { return is_stopping_ || !calls_.empty(); });
      is_asleep_ = false;
      idle_ticks = 0;
    } else {
      wake_.wait_for(lock, kTick);
    }
    idle_ticks = calls_.empty() ? idle_ticks + 1 : 0;
    const Clock::time_point now = Clock::now();
    while (!calls_.empty() && calls_.begin()->first.first <= now) {
      const std::function<void()> call = std::move(calls_.begin()->second);
      calls_.erase(calls_.begin());
      call();
    }
  }
}

}  // namespace freshet::query
