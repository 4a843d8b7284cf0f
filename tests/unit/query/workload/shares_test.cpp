#include <gtest/gtest.h>

#include <numeric>

#include "query/workload/memory_shares.h"
#include "query/workload/processor_shares.h"

namespace freshet::query {
namespace {

using Limits = std::vector<uint64_t>;

TEST(MemoryShares, OneGroupHasAll) {
  const MemoryClaim normal{.is_running = true};
  EXPECT_EQ(divide_memory(1000, std::vector{normal}), Limits{1000});
}

TEST(MemoryShares, WhatIdleGroupsLeaveGoesToThoseThatOvercommit) {
  const std::vector<MemoryClaim> claims = {{.percent = 0, .is_running = true},
                                           {.percent = 30, .is_running = false},
                                           {.percent = 20, .overcommits = false, .is_running = true}};
  // The first has half of all as its own, and the 30 % of the second.
  EXPECT_EQ(divide_memory(1000, claims), (Limits{800, 300, 200}));
}

TEST(MemoryShares, GroupsThatRunTogetherKeepTheirPercentages) {
  const std::vector<MemoryClaim> claims = {{.percent = 0, .is_running = true}, {.percent = 30, .is_running = true}};
  EXPECT_EQ(divide_memory(1000, claims), (Limits{700, 300}));
}

TEST(MemoryShares, GroupsWithoutALimitShareWhatNobodyClaims) {
  const std::vector<MemoryClaim> claims = {
      {.percent = 0, .is_running = true}, {.percent = 0, .is_running = true}, {.percent = 50, .is_running = true}};
  EXPECT_EQ(divide_memory(1000, claims), (Limits{250, 250, 500}));
}

TEST(MemoryShares, NobodyIsLeftWithoutMemory) {
  const std::vector<MemoryClaim> claims = {{.percent = 0, .is_running = true}, {.percent = 100, .is_running = true}};
  const Limits limits = divide_memory(1600, claims);
  EXPECT_EQ(limits[0], 1600 / kLeastMemoryPart);
  EXPECT_EQ(limits[1], 1600u);
}

TEST(ProcessorShares, TheLargestShareYieldsLeastAndOthersByTheirRatio) {
  EXPECT_EQ(nice_of_share(1024, 1024), kYieldingNice);
  EXPECT_EQ(nice_of_share(512, 1024), kYieldingNice + 3) << "1.25^3 is about 2";
  EXPECT_EQ(nice_of_share(256, 1024), kYieldingNice + 6);
  EXPECT_EQ(nice_of_share(1, 10'000), 19);
}

}  // namespace
}  // namespace freshet::query
