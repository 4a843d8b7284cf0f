#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace freshet::query {

/// Calls functions when their time has come, at most kTick late, in a thread of its own. While times are set again and again
/// that thread looks at each tick, so that setting one wakes nobody. Any thread.
class DeadlineWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kTick{10};
  /// Ticks without any time set after which the thread sleeps.
  static constexpr int kIdleTicks = 20;

  /// A time that is set. When it has ended, the function is not called any more and has returned if it was.
  class Guard {
   public:
    Guard() = default;
    Guard(Guard&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)), key_(other.key_) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (watch_ != nullptr) watch_->take_back(key_);
    }

   private:
    friend class DeadlineWatch;
    using Key = std::pair<Clock::time_point, uint64_t>;
    Guard(DeadlineWatch& watch, Key key) : watch_(&watch), key_(key) {}

    DeadlineWatch* watch_ = nullptr;
    Key key_;
  };

  DeadlineWatch() : thread_([this] { run(); }) {}
  /// REQUIRES: every guard has ended.
  ~DeadlineWatch();
  DeadlineWatch(const DeadlineWatch&) = delete;
  DeadlineWatch& operator=(const DeadlineWatch&) = delete;

  /// `call` runs under a lock of the watch: it must be short, and set or take back no time. Clock::time_point::max(): never.
  [[nodiscard]] Guard at(Clock::time_point time, std::function<void()> call);

 private:
  void run();
  void take_back(Guard::Key key);

  std::mutex mutex_;  ///< guards all below, and is held while a function runs
  std::condition_variable wake_;
  std::map<Guard::Key, std::function<void()>> calls_;
  uint64_t next_number_ = 0;  ///< tells calls of the same time apart
  bool is_asleep_ = false;    ///< the thread waits to be woken
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace freshet::query
