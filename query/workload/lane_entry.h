#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <mutex>

#include "query/workload/query_lanes.h"

namespace freshet::query {

/// One session's waiting in queues: for a place in which a statement, or the next piece of one, may run. One thread, but for
/// wake().
class LaneEntry {
 public:
  using IsCancelled = std::function<bool()>;

  /// Waits for a place at most until `until`, and until `is_cancelled` answers true. After kAdmitted the caller leaves the
  /// queue in the end.
  AdmissionQueue::Outcome enter(AdmissionQueue& queue, std::chrono::steady_clock::time_point until,
                                const IsCancelled& is_cancelled);
  /// The same for the queue of a big statement's group, with the time limits of both: OK when admitted, or why not.
  Status enter_group(GroupLane& lane, const StatementLimits& limits, const IsCancelled& is_cancelled);
  /// Asks again whether it is cancelled. Any thread.
  void wake();

  /// What a statement that was not admitted is told. `queue`: what is full.
  static Status refused(AdmissionQueue::Outcome outcome, const StatementLimits& limits, const std::string& queue);

 private:
  std::mutex mutex_;  ///< guards the next one; taken before that of a queue
  AdmissionQueue* waits_in_ = nullptr;
};

/// Runs `step`: what it gives, or Internal for what it throws, for want of memory say, so that queues, places and pointers
/// are left as they should be.
template <typename Step>
auto without_throwing(Step step) -> decltype(step()) {
  try {
    return step();
  } catch (const std::exception& error) {
    return Status::Internal("The query failed: {}", error.what());
  }
}

Status interrupted();
/// What a statement that its time limit ended is told.
Status timed_out(const StatementLimits& limits);

}  // namespace freshet::query
