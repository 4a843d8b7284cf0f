#include "storage/io/rate_limiter.h"

#include <gtest/gtest.h>

#include <thread>

namespace freshet::storage {
namespace {

using Clock = std::chrono::steady_clock;

TEST(RateLimiter, HoldsTheRateOnAverage) {
  RateLimiter limiter(1'000'000);
  const auto start = Clock::now();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(limiter.acquire(10'000, nullptr).ok());
  // 0.3 s of work, of which the first 0.1 s comes from the full bucket and the last request does not wait for itself.
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(150));
}

TEST(RateLimiter, ZeroIsUnlimited) {
  RateLimiter limiter(0);
  const auto start = Clock::now();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(limiter.acquire(1ull << 40, nullptr).ok());
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
}

TEST(RateLimiter, CancellingEndsTheWait) {
  RateLimiter limiter(1);
  std::atomic<bool> cancelled{false};
  ASSERT_TRUE(limiter.acquire(1'000'000, &cancelled).ok());
  std::thread waiter([&] { EXPECT_EQ(limiter.acquire(1, &cancelled).code(), StatusCode::kCancelled); });
  cancelled = true;
  waiter.join();
}

}  // namespace
}  // namespace freshet::storage
