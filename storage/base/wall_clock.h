#pragma once

#include <chrono>
#include <cstdint>

namespace freshet {

/// Wall time that never jumps: the time of the start, plus what the steady clock has counted since. Any thread.
class WallClock {
 public:
  int64_t unix_seconds() const { return unix_micros() / 1'000'000; }
  int64_t unix_micros() const {
    const auto elapsed = std::chrono::steady_clock::now() - steady_start_;
    return start_micros_ + std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  }

 private:
  std::chrono::steady_clock::time_point steady_start_ = std::chrono::steady_clock::now();
  int64_t start_micros_ =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
};

}  // namespace freshet
