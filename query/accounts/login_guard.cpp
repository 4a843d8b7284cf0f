#include "query/accounts/login_guard.h"

#include <algorithm>

namespace freshet::query {

std::chrono::milliseconds LoginGuard::wait(const std::string& user, const std::string& address,
                                           Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find({user, address});
  if (found == failures_.end() || found->second.until <= now) return std::chrono::milliseconds::zero();
  return std::chrono::ceil<std::chrono::milliseconds>(found->second.until - now);
}

void LoginGuard::failed(const std::string& user, const std::string& address, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Pair pair(user, address);
  auto [found, is_new] = failures_.try_emplace(pair);
  Failures& failures = found->second;
  if (!is_new) by_age_.erase(failures.place);
  failures.place = by_age_.insert(by_age_.end(), std::move(pair));
  ++failures.count;
  if (failures.count >= kFreeFailures) {
    // Beyond 16 doublings any first wait is over the longest.
    const uint32_t doublings = std::min(failures.count - kFreeFailures, 16u);
    failures.until = now + std::min(kFirstWait * (1 << doublings), kLongestWait);
  }
  if (failures_.size() <= kMostPairs) return;
  failures_.erase(by_age_.front());
  by_age_.pop_front();
}

void LoginGuard::succeeded(const std::string& user, const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find({user, address});
  if (found == failures_.end()) return;
  by_age_.erase(found->second.place);
  failures_.erase(found);
}

}  // namespace freshet::query
