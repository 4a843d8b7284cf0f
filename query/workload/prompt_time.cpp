#include "query/workload/prompt_time.h"

#include <algorithm>

namespace freshet::query {

bool PromptTime::has_left(Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  left_ = std::min(left_ + (now - counted_until_) * processors_, kSavedUp * processors_);
  counted_until_ = now;
  return left_.count() > 0;
}

void PromptTime::take(std::chrono::nanoseconds time) {
  const std::lock_guard<std::mutex> lock(mutex_);
  left_ = std::max(left_ - time, -kLongestDebt * processors_);
}

}  // namespace freshet::query
