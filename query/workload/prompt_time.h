#pragma once

#include <chrono>
#include <mutex>

namespace freshet::query {

/// The processor time that small queries may take without yielding: a token bucket. It comes at a steady rate, what comes in
/// a second is saved up, and what was taken beyond it is a debt, of a minute at most. Any thread.
class PromptTime {
 public:
  using Clock = std::chrono::steady_clock;

  /// `processors`: how many of them are given away, on average.
  explicit PromptTime(double processors, Clock::time_point now = Clock::now())
      : processors_(processors), left_(kSavedUp * processors), counted_until_(now) {}

  /// REQUIRES: `now` is not before that of the last call by more than what threads need to get here.
  bool has_left(Clock::time_point now = Clock::now());
  void take(std::chrono::nanoseconds time);

 private:
  using Nanoseconds = std::chrono::duration<double, std::nano>;
  static constexpr Nanoseconds kSavedUp = std::chrono::seconds(1);
  static constexpr Nanoseconds kLongestDebt = std::chrono::minutes(1);

  const double processors_;
  std::mutex mutex_;  ///< guards the next ones
  Nanoseconds left_;
  Clock::time_point counted_until_;
};

}  // namespace freshet::query
