#include "query/workload/lane_entry.h"

#include <fmt/format.h>

namespace freshet::query {

using Clock = std::chrono::steady_clock;

AdmissionQueue::Outcome LaneEntry::enter(AdmissionQueue& queue, Clock::time_point until, const IsCancelled& is_cancelled) {
  if (queue.try_enter()) return AdmissionQueue::Outcome::kAdmitted;
  const auto wait_in = [this](AdmissionQueue* waits_in) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waits_in_ = waits_in;
  };
  wait_in(&queue);
  const auto outcome = queue.enter(until, is_cancelled);
  wait_in(nullptr);
  return outcome;
}

Status LaneEntry::enter_group(GroupLane& lane, const StatementLimits& limits, const IsCancelled& is_cancelled) {
  const WorkloadGroup& group = *limits.group;
  StatementLimits queue_limits = limits;
  const auto patience = std::chrono::milliseconds(group.queue_timeout_milliseconds);
  if (patience.count() != 0 && Clock::now() + patience < limits.until) {
    queue_limits.until = Clock::now() + patience;
    queue_limits.limit = fmt::format("queue_timeout of workload group {} is {} ms", group.name, patience.count());
  }
  const auto outcome = enter(lane.queue, queue_limits.until, is_cancelled);
  if (outcome == AdmissionQueue::Outcome::kAdmitted) return Status::OK();
  return refused(outcome, queue_limits,
                 fmt::format("workload group {} runs {} queries (max_concurrency) and {} wait (max_queue_size)", group.name,
                             group.max_concurrency, group.max_queue_size));
}

void LaneEntry::wake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waits_in_ != nullptr) waits_in_->wake();
}

Status LaneEntry::refused(AdmissionQueue::Outcome outcome, const StatementLimits& limits, const std::string& queue) {
  switch (outcome) {
    case AdmissionQueue::Outcome::kQueueFull:
      return Status::ResourceExhausted("query waiting queue is full: {}; raise one of them, or come again later", queue);
    case AdmissionQueue::Outcome::kTimedOut:
      return Status::Timeout("query queue timeout: {}, and {}; raise one of them, or come again later", queue, limits.limit);
    default: return interrupted();
  }
}

Status interrupted() { return Status::Cancelled("Query execution was interrupted"); }

Status timed_out(const StatementLimits& limits) {
  return Status::Timeout("Query execution was interrupted, maximum statement execution time exceeded: {}", limits.limit);
}

}  // namespace freshet::query
