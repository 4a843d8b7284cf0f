#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace freshet::query {

/// Slows guessing down: after some failed logins of a user name from an address, further ones are refused unseen for a time
/// that doubles with each failure. Forgets a pair when it succeeds, and the oldest ones beyond a fixed number. Any thread.
class LoginGuard {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr uint32_t kFreeFailures = 5;
  static constexpr std::chrono::milliseconds kFirstWait{500};
  static constexpr std::chrono::milliseconds kLongestWait{60'000};
  static constexpr size_t kMostPairs = 10'000;

  /// How long until the pair may try again; zero = now.
  std::chrono::milliseconds wait(const std::string& user, const std::string& address, Clock::time_point now) const;
  void failed(const std::string& user, const std::string& address, Clock::time_point now);
  void succeeded(const std::string& user, const std::string& address);

 private:
  using Pair = std::pair<std::string, std::string>;
  struct Failures {
    uint32_t count = 0;
    Clock::time_point until;  ///< refused before
    std::list<Pair>::iterator place;
  };

  mutable std::mutex mutex_;
  std::map<Pair, Failures> failures_;  ///< guarded by mutex_
  std::list<Pair> by_age_;             ///< of the last failure, oldest first; guarded by mutex_
};

}  // namespace freshet::query
