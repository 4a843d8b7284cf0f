#include "query/workload/deadline_watch.h"

#include <gtest/gtest.h>

#include <atomic>

namespace freshet::query {
namespace {

using Clock = DeadlineWatch::Clock;
using std::chrono::milliseconds;

void wait_until(const std::function<bool()>& holds) {
  const auto end = Clock::now() + std::chrono::seconds(20);
  while (!holds() && Clock::now() < end) std::this_thread::sleep_for(milliseconds(1));
}

TEST(DeadlineWatch, CallsInOrderOfTimeAndNotBefore) {
  DeadlineWatch watch;
  std::mutex mutex;
  std::vector<int> calls;
  const auto note = [&](int name) {
    const std::lock_guard<std::mutex> lock(mutex);
    calls.push_back(name);
  };
  const auto late_time = Clock::now() + milliseconds(60);
  std::atomic<bool> came_early{false};
  const auto late = watch.at(late_time, [&] {
    came_early = Clock::now() < late_time;
    note(2);
  });
  const auto early = watch.at(Clock::now() + milliseconds(5), [&] { note(1); });
  wait_until([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return calls.size() == 2;
  });
  EXPECT_EQ(calls, (std::vector<int>{1, 2}));
  EXPECT_FALSE(came_early);
}

TEST(DeadlineWatch, ATimeThatWasTakenBackIsForgotten) {
  DeadlineWatch watch;
  std::atomic<int> calls{0};
  for (int i = 0; i < 100; ++i) {
    const auto soon = watch.at(Clock::now() + milliseconds(1), [&] { ++calls; });
    const auto never = watch.at(Clock::time_point::max(), [&] { calls += 1000; });
  }
  const int after_the_guards = calls;
  std::atomic<bool> is_over{false};
  const auto later = watch.at(Clock::now() + 3 * DeadlineWatch::kTick, [&] { is_over = true; });
  wait_until([&] { return is_over.load(); });
  EXPECT_EQ(calls, after_the_guards);
  EXPECT_LE(calls, 100);
}

TEST(DeadlineWatch, WakesWhenItHasSlept) {
  DeadlineWatch watch;
  std::this_thread::sleep_for((DeadlineWatch::kIdleTicks + 10) * DeadlineWatch::kTick);
  std::atomic<bool> called{false};
  const auto soon = watch.at(Clock::now(), [&] { called = true; });
  wait_until([&] { return called.load(); });
  EXPECT_TRUE(called);
}

}  // namespace
}  // namespace freshet::query
