#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>

namespace freshet::query {

/// Lets so many run at once; the others wait in the order in which they came, up to a number. Any thread.
class AdmissionQueue {
 public:
  struct Limits {
    uint64_t running = 0;
    uint64_t waiting = 0;
  };
  enum class Outcome : uint8_t { kAdmitted, kQueueFull, kTimedOut, kCancelled };
  struct Figures {
    uint64_t running = 0;
    uint64_t waiting = 0;
    uint64_t admitted = 0;   ///< since the start, as the next ones
    uint64_t rejected = 0;   ///< found the queue full
    uint64_t timed_out = 0;  ///< waited until their time was over
  };

  explicit AdmissionQueue(Limits limits) : limits_(limits) {}
  AdmissionQueue(const AdmissionQueue&) = delete;
  AdmissionQueue& operator=(const AdmissionQueue&) = delete;

  /// Those that wait and have room now go on at once; those that run above a lower limit end as they would.
  void set_limits(Limits limits);
  Limits limits() const;

  /// Waits for a place, at most until `until`, and until `is_cancelled` answers true: it is asked whenever wake() was
  /// called. After kAdmitted the caller leaves in the end.
  Outcome enter(std::chrono::steady_clock::time_point until, const std::function<bool()>& is_cancelled);
  /// The same without waiting: false when there is no place at once.
  bool try_enter();
  void leave();
  /// Lets those that wait look at what cancels them.
  void wake();

  Figures figures() const;

 private:
  struct Waiter {
    std::condition_variable called;
    bool is_admitted = false;
  };
  // REQUIRES: mutex_ is held.
  bool admit_at_once();
  void admit_waiting();

  mutable std::mutex mutex_;  ///< guards all below
  Limits limits_;
  std::list<Waiter*> waiters_;  ///< in order of arrival
  Figures figures_;
};

/// A place in a queue that was entered, or none.
class AdmissionSlot {
 public:
  AdmissionSlot() = default;
  explicit AdmissionSlot(AdmissionQueue& queue) : queue_(&queue) {}
  AdmissionSlot(const AdmissionSlot&) = delete;
  AdmissionSlot& operator=(const AdmissionSlot&) = delete;
  ~AdmissionSlot() {
    if (queue_ != nullptr) queue_->leave();
  }

 private:
  AdmissionQueue* queue_ = nullptr;
};

}  // namespace freshet::query
