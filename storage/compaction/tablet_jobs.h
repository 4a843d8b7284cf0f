#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "storage/base/ids.h"

namespace freshet::storage {

enum class JobKind : uint8_t { kFlush, kCompaction };

/// Which tablets are being flushed or compacted, and which are left alone for a while because it failed.
///
/// A tablet has one flush and one compaction at a time. The two may overlap: they exchange different rowsets, each in a
/// commit of its own under the publish lock, which looks for its inputs once more. Any thread; who has both claims of a
/// tablet took that of the compaction first.
class TabletJobs {
 public:
  using Clock = std::chrono::steady_clock;
  /// After a failure; twice as long after each further one. A full disk or a damaged file does not mend by itself at once,
  /// and each attempt may write as much as the last.
  static constexpr std::chrono::seconds kFirstPause{10};
  static constexpr std::chrono::seconds kLongestPause{600};
  /// After all segments were merged, or rows rewritten to be rid of dead ones.
  static constexpr std::chrono::milliseconds kRest{500};

  /// The right to work on a tablet. Must not outlive its TabletJobs.
  class Claim {
   public:
    Claim(Claim&& other) noexcept : jobs_(std::exchange(other.jobs_, nullptr)), job_(other.job_) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim() {
      if (jobs_ != nullptr) jobs_->end(job_);
    }

   private:
    friend class TabletJobs;
    using Job = std::pair<TabletId, JobKind>;
    Claim(TabletJobs& jobs, Job job) : jobs_(&jobs), job_(job) {}
    TabletJobs* jobs_;
    Job job_;
  };

  /// Nothing while one runs, or after a failure until the pause is over.
  std::optional<Claim> try_begin(TabletId tablet, JobKind kind, Clock::time_point now = Clock::now());
  /// By hand: waits for the one that runs, and for no pause.
  Claim begin(TabletId tablet, JobKind kind);
  /// How a claimed job of the background ended. The pause after a failure.
  std::chrono::seconds failed(TabletId tablet, JobKind kind, Clock::time_point now = Clock::now());
  /// Ends the pause.
  void succeeded(TabletId tablet, JobKind kind);

  /// A rest keeps no job from beginning; who picks one asks.
  void begin_rest(TabletId tablet, Clock::time_point now = Clock::now());
  bool rests(TabletId tablet, Clock::time_point now = Clock::now()) const;

 private:
  using Job = Claim::Job;
  struct Pause {
    Clock::time_point until;
    std::chrono::seconds length{0};
  };
  void end(Job job);

  mutable std::mutex mutex_;  ///< guards all below
  std::condition_variable ended_;
  std::set<Job> running_;
  std::map<Job, Pause> pauses_;
  std::map<TabletId, Clock::time_point> rests_until_;
};

}  // namespace freshet::storage
