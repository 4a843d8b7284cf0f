#include "query/workload/admission_queue.h"

namespace freshet::query {

void AdmissionQueue::set_limits(Limits limits) {
  const std::lock_guard<std::mutex> lock(mutex_);
  limits_ = limits;
  admit_waiting();
}

AdmissionQueue::Limits AdmissionQueue::limits() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return limits_;
}

AdmissionQueue::Outcome AdmissionQueue::enter(std::chrono::steady_clock::time_point until,
                                              const std::function<bool()>& is_cancelled) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (admit_at_once()) return Outcome::kAdmitted;
  if (waiters_.size() >= limits_.waiting) {
    ++figures_.rejected;
    return Outcome::kQueueFull;
  }
  Waiter self;
  const auto place = waiters_.insert(waiters_.end(), &self);
  bool is_late = false;
  while (!self.is_admitted) {
    // Lateness first: the time limit of a statement cancels it too, at the same moment.
    if (is_late || is_cancelled()) {
      waiters_.erase(place);
      if (is_late) ++figures_.timed_out;
      return is_late ? Outcome::kTimedOut : Outcome::kCancelled;
    }
    self.called.wait_until(lock, until);
    is_late = std::chrono::steady_clock::now() >= until;
  }
  return Outcome::kAdmitted;
}

bool AdmissionQueue::try_enter() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return admit_at_once();
}

bool AdmissionQueue::admit_at_once() {
  if (!waiters_.empty() || figures_.running >= limits_.running) return false;
  ++figures_.running;
  ++figures_.admitted;
  return true;
}

void AdmissionQueue::leave() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --figures_.running;
  admit_waiting();
}

void AdmissionQueue::wake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Waiter* waiter : waiters_) waiter->called.notify_one();
}

AdmissionQueue::Figures AdmissionQueue::figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Figures figures = figures_;
  figures.waiting = waiters_.size();
  return figures;
}

void AdmissionQueue::admit_waiting() {
  while (!waiters_.empty() && figures_.running < limits_.running) {
    Waiter* first = waiters_.front();
    waiters_.pop_front();
    ++figures_.running;
    ++figures_.admitted;
    first->is_admitted = true;
    first->called.notify_one();
  }
}

}  // namespace freshet::query
