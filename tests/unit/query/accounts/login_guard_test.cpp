#include "query/accounts/login_guard.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

using std::chrono::milliseconds;

TEST(LoginGuard, WaitsDoubleFromTheFifthFailureOn) {
  LoginGuard guard;
  LoginGuard::Clock::time_point now{};
  for (int i = 1; i < 5; ++i) {
    guard.failed("u", "a", now);
    EXPECT_EQ(guard.wait("u", "a", now).count(), 0) << i;
  }
  for (milliseconds expected : {milliseconds(500), milliseconds(1000), milliseconds(2000), milliseconds(4000)}) {
    guard.failed("u", "a", now);
    EXPECT_EQ(guard.wait("u", "a", now), expected);
    now += expected;
    EXPECT_EQ(guard.wait("u", "a", now).count(), 0);
  }
  for (int i = 0; i < 100; ++i) guard.failed("u", "a", now);
  EXPECT_EQ(guard.wait("u", "a", now), LoginGuard::kLongestWait);
}

TEST(LoginGuard, OtherUsersAndAddressesDoNotWait) {
  LoginGuard guard;
  const LoginGuard::Clock::time_point now{};
  for (int i = 0; i < 20; ++i) guard.failed("u", "a", now);
  EXPECT_EQ(guard.wait("u", "b", now).count(), 0);
  EXPECT_EQ(guard.wait("v", "a", now).count(), 0);
  guard.succeeded("u", "a");
  EXPECT_EQ(guard.wait("u", "a", now).count(), 0);
}

TEST(LoginGuard, ForgetsTheOldestPairs) {
  LoginGuard guard;
  const LoginGuard::Clock::time_point now{};
  for (int i = 0; i < 10; ++i) guard.failed("first", "a", now);
  for (size_t i = 0; i + 1 < LoginGuard::kMostPairs; ++i) guard.failed(std::to_string(i), "a", now);
  EXPECT_GT(guard.wait("first", "a", now).count(), 0);
  guard.failed("one more", "a", now);
  EXPECT_EQ(guard.wait("first", "a", now).count(), 0);
}

}  // namespace
}  // namespace freshet::query
