#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "storage/base/result.h"

namespace freshet::ingest {

class LoadGate;

/// The place of one running load, which is free again when this goes. One thread.
class LoadPlace {
 public:
  explicit LoadPlace(LoadGate& gate);
  ~LoadPlace();
  LoadPlace(const LoadPlace&) = delete;
  LoadPlace& operator=(const LoadPlace&) = delete;

  /// From now on the place may be taken away while the load waits: `give_up` is then called once, from any thread, and
  /// answers false when the load cannot be given up any more. It calls nothing of the gate.
  void may_be_taken(std::function<bool()> give_up);
  /// The load waits for its client; until work_begins().
  void wait_begins();
  void work_begins();
  /// The load has been given up, and has its place no longer.
  bool is_taken() const { return is_taken_.load(); }

 private:
  friend class LoadGate;
  using Clock = std::chrono::steady_clock;

  LoadGate& gate_;
  std::atomic<bool> is_taken_{false};
  std::atomic<Clock::rep> waits_since_;  ///< kWorks: it does not wait
  std::function<bool()> give_up_;        ///< guarded by the gate's mutex
};

/// Counts running loads, and refuses more than fit, or any while the server ends. When all places are taken, a load whose
/// client has been silent for long gives its place to a new one: clients that hang keep nobody out. Any thread.
class LoadGate {
 public:
  LoadGate(uint64_t most, std::chrono::milliseconds silence) : most_(most), silence_(silence) {}

  /// ResourceExhausted when no place is free, Unavailable when the gate is closed.
  Result<std::unique_ptr<LoadPlace>> enter();
  uint64_t running() const;
  void close_and_wait(uint64_t timeout_seconds);

 private:
  friend class LoadPlace;
  void leave(LoadPlace& place);
  bool take_silent_place();

  const uint64_t most_;
  const std::chrono::milliseconds silence_;
  mutable std::mutex mutex_;  ///< guards the rest
  std::condition_variable changed_;
  std::set<LoadPlace*> places_;  ///< those that were taken away are not among them
  bool is_closed_ = false;
};

}  // namespace freshet::ingest
