#include "storage/base/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace freshet {
namespace {

using std::chrono::milliseconds;

TEST(MemoryBudget, CountsWhatIsTaken) {
  MemoryBudget budget("memory.x", 100);
  EXPECT_TRUE(budget.try_take(60));
  EXPECT_FALSE(budget.try_take(41));
  EXPECT_TRUE(budget.try_take(40));
  EXPECT_EQ(budget.used(), 100u);
  budget.give_back(100);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryBudget, ARequestAboveTheLimitGoesAlone) {
  MemoryBudget budget("memory.x", 100);
  EXPECT_TRUE(budget.try_take(500));
  EXPECT_FALSE(budget.try_take(1));
  budget.give_back(500);
  EXPECT_TRUE(budget.try_take(1));
  EXPECT_FALSE(budget.try_take(500));
}

TEST(MemoryBudget, TellsWhichLimitWasReached) {
  MemoryBudget budget("memory.x", 100);
  ASSERT_TRUE(budget.try_take(80));
  const Status refused = budget.take(30, milliseconds(5));
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(refused.message().find("80 of the 100 bytes of memory.x"), std::string::npos) << refused.message();
}

TEST(MemoryBudget, WaitersGoOnWhenMemoryIsFree) {
  MemoryBudget budget("memory.x", 100);
  std::atomic<uint64_t> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        ASSERT_TRUE(budget.take(40, std::chrono::seconds(30)).ok());
        const uint64_t used = budget.used();
        uint64_t seen = most;
        while (used > seen && !most.compare_exchange_weak(seen, used)) {
        }
        budget.give_back(40);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 100u);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryLease, GivesBackWhatItHolds) {
  MemoryBudget budget("memory.x", 100);
  {
    MemoryLease lease(budget);
    EXPECT_TRUE(lease.try_grow_to(70));
    EXPECT_TRUE(lease.try_grow_to(50));
    EXPECT_EQ(lease.bytes(), 70u);
    EXPECT_FALSE(lease.try_grow_to(101));
    EXPECT_EQ(lease.bytes(), 70u);
    lease.shrink_to(10);
    EXPECT_EQ(budget.used(), 10u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace freshet
