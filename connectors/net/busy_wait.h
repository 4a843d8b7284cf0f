#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "connectors/net/socket.h"

namespace freshet::connectors {

/// What the connections of one server know of each other when they wait for requests awake. Any thread.
class BusyWaits {
 public:
  /// `longest`: a connection is awake for so long at most before it sleeps; 0: none is ever. Nor is any on one processor,
  /// which the client needs.
  explicit BusyWaits(std::chrono::microseconds longest);

  /// Requests that found their connection awake.
  uint64_t met() const { return met_.load(std::memory_order_relaxed); }

 private:
  friend class BusyWait;
  const std::chrono::microseconds longest_;
  alignas(64) std::atomic<uint32_t> awake_{0};  ///< connections that work on a request or wait for one awake
  alignas(64) std::atomic<uint64_t> met_{0};
};

/// How the thread of one connection waits for the next request: awake for a moment when its client has asked again at once a
/// few times, the server has nothing else to do for its clients, and no other thread wants the processor. To wake a thread
/// takes longer than to look up a row: a client that asks one thing after the other waits for little else. One thread.
class BusyWait {
 public:
  explicit BusyWait(BusyWaits& all) : all_(all) { all_.awake_.fetch_add(1, std::memory_order_relaxed); }
  ~BusyWait();
  BusyWait(const BusyWait&) = delete;
  BusyWait& operator=(const BusyWait&) = delete;

  /// A request is answered. Comes back when `socket` has bytes, or when it is better to sleep until it has.
  void wait(const Socket& socket);
  /// A request is there.
  void begin_work();

 private:
  using Clock = std::chrono::steady_clock;
  bool is_worth_it();

  /// Requests in a row that must have come at once.
  static constexpr int kQuickRequests = 4;
  /// Requests for which a thread that was interrupted by another one goes to sleep at once.
  static constexpr int kPauseRequests = 1000;
  /// Two looks at the socket lie so far apart only when another thread had the processor between them.
  static constexpr std::chrono::microseconds kInterrupted{50};

  BusyWaits& all_;
  bool is_at_work_ = true;  ///< and counted as awake
  bool was_met_ = false;
  int quick_requests_ = 0;  ///< in a row; below 0 while it pauses
  Clock::time_point waits_since_ = {};
};

}  // namespace freshet::connectors
