#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>

#include "storage/base/ids.h"

namespace freshet::storage {

/// How many commits of each tablet left a record of rows that they made dead, since those records were last folded into
/// whole bitmaps. Any thread.
class UnfoldedDeletes {
 public:
  using Clock = std::chrono::steady_clock;

  void add(TabletId tablet, uint64_t records = 1) {
    std::lock_guard lock(mutex_);
    Records& unfolded = tablets_.try_emplace(tablet, Records{0, Clock::now()}).first->second;
    unfolded.count += records;
  }
  void folded(TabletId tablet) {
    std::lock_guard lock(mutex_);
    tablets_.erase(tablet);
  }
  uint64_t count(TabletId tablet) const {
    std::lock_guard lock(mutex_);
    const auto found = tablets_.find(tablet);
    return found == tablets_.end() ? 0 : found->second.count;
  }
  /// Whether there are so many, or the oldest is so old.
  bool need_fold(TabletId tablet, uint64_t most, Clock::duration oldest, Clock::time_point now = Clock::now()) const {
    std::lock_guard lock(mutex_);
    const auto found = tablets_.find(tablet);
    return found != tablets_.end() && (found->second.count >= most || now - found->second.since >= oldest);
  }

 private:
  struct Records {
    uint64_t count = 0;
    Clock::time_point since;
  };
  mutable std::mutex mutex_;  ///< guards all below
  std::map<TabletId, Records> tablets_;
};

}  // namespace freshet::storage
