#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace freshet::connectors {

/// Looks again and again whether clients that wait for an answer are still there, in a thread of its own: the threads that
/// work for them read nothing of their sockets meanwhile. Any thread.
class HangUpWatch {
 public:
  /// Takes one look back when it ends; then the function is not called any more and has returned if it was.
  class Guard {
   public:
    Guard(Guard&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)), key_(other.key_) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (watch_ != nullptr) watch_->take_back(key_);
    }

   private:
    friend class HangUpWatch;
    Guard(HangUpWatch& watch, uint64_t key) : watch_(&watch), key_(key) {}

    HangUpWatch* watch_;
    uint64_t key_;
  };

  explicit HangUpWatch(std::chrono::milliseconds interval) : interval_(interval), thread_([this] { run(); }) {}
  /// REQUIRES: every guard has ended.
  ~HangUpWatch();
  HangUpWatch(const HangUpWatch&) = delete;
  HangUpWatch& operator=(const HangUpWatch&) = delete;

  /// `look` is called at each interval, under a lock of the watch: it must be short, and add or take back none.
  [[nodiscard]] Guard add(std::function<void()> look);

 private:
  void run();
  void take_back(uint64_t key);

  const std::chrono::milliseconds interval_;
  std::mutex mutex_;  ///< guards the rest, and is held while a look runs
  std::condition_variable wake_;
  std::map<uint64_t, std::function<void()>> looks_;
  bool is_stopping_ = false;
  uint64_t next_key_ = 0;
  std::thread thread_;
};

}  // namespace freshet::connectors
