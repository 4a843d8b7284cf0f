#include "storage/compaction/tablet_jobs.h"

#include <algorithm>

namespace freshet::storage {

std::optional<TabletJobs::Claim> TabletJobs::try_begin(TabletId tablet, JobKind kind, Clock::time_point now) {
  const Job job{tablet, kind};
  std::lock_guard lock(mutex_);
  const auto pause = pauses_.find(job);
  if (pause != pauses_.end() && now < pause->second.until) return std::nullopt;
  if (!running_.insert(job).second) return std::nullopt;
  return Claim(*this, job);
}

TabletJobs::Claim TabletJobs::begin(TabletId tablet, JobKind kind) {
  const Job job{tablet, kind};
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&] { return !running_.contains(job); });
  running_.insert(job);
  return Claim(*this, job);
}

std::chrono::seconds TabletJobs::failed(TabletId tablet, JobKind kind, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  // Tablets that are gone are forgotten.
  std::erase_if(pauses_, [&](const auto& entry) { return entry.second.until + kLongestPause < now; });
  Pause& pause = pauses_[{tablet, kind}];
  pause.length = std::clamp(pause.length * 2, kFirstPause, kLongestPause);
  pause.until = now + pause.length;
  return pause.length;
}

void TabletJobs::succeeded(TabletId tablet, JobKind kind) {
  std::lock_guard lock(mutex_);
  pauses_.erase({tablet, kind});
}

void TabletJobs::begin_rest(TabletId tablet, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  std::erase_if(rests_until_, [&](const auto& entry) { return entry.second <= now; });
  rests_until_[tablet] = now + kRest;
}

bool TabletJobs::rests(TabletId tablet, Clock::time_point now) const {
  std::lock_guard lock(mutex_);
  const auto rest = rests_until_.find(tablet);
  return rest != rests_until_.end() && now < rest->second;
}

void TabletJobs::end(Job job) {
  {
    std::lock_guard lock(mutex_);
    running_.erase(job);
  }
  ended_.notify_all();
}

}  // namespace freshet::storage
