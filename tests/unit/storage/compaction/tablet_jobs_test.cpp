#include "storage/compaction/tablet_jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace freshet::storage {
namespace {

constexpr TabletId kTablet(7), kOther(8);

TEST(TabletJobs, AFlushAndACompactionOfATabletMayOverlapButNotTwoOfAKind) {
  TabletJobs jobs;
  std::optional<TabletJobs::Claim> compaction = jobs.try_begin(kTablet, JobKind::kCompaction);
  ASSERT_TRUE(compaction);
  EXPECT_FALSE(jobs.try_begin(kTablet, JobKind::kCompaction));
  EXPECT_TRUE(jobs.try_begin(kTablet, JobKind::kFlush));
  EXPECT_TRUE(jobs.try_begin(kOther, JobKind::kCompaction));
  compaction.reset();
  EXPECT_TRUE(jobs.try_begin(kTablet, JobKind::kCompaction));
}

TEST(TabletJobs, AJobByHandWaitsForTheOneThatRuns) {
  TabletJobs jobs;
  std::optional<TabletJobs::Claim> running = jobs.begin(kTablet, JobKind::kFlush);
  std::atomic<bool> began{false};
  std::thread by_hand([&] {
    const TabletJobs::Claim claim = jobs.begin(kTablet, JobKind::kFlush);
    began = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(began);
  running.reset();
  by_hand.join();
  EXPECT_TRUE(began);
}

TEST(TabletJobs, FailuresPauseTheBackgroundLongerAndLonger) {
  TabletJobs jobs;
  const auto now = TabletJobs::Clock::now();
  EXPECT_EQ(jobs.failed(kTablet, JobKind::kCompaction, now), TabletJobs::kFirstPause);
  EXPECT_FALSE(jobs.try_begin(kTablet, JobKind::kCompaction, now + std::chrono::seconds(9)));
  EXPECT_TRUE(jobs.try_begin(kTablet, JobKind::kCompaction, now + std::chrono::seconds(10)));
  EXPECT_TRUE(jobs.try_begin(kTablet, JobKind::kFlush, now)) << "its flush did not fail";
  EXPECT_EQ(jobs.failed(kTablet, JobKind::kCompaction, now), 2 * TabletJobs::kFirstPause);
  for (int i = 0; i < 10; ++i) jobs.failed(kTablet, JobKind::kCompaction, now);
  EXPECT_EQ(jobs.failed(kTablet, JobKind::kCompaction, now), TabletJobs::kLongestPause);
  jobs.succeeded(kTablet, JobKind::kCompaction);
  EXPECT_TRUE(jobs.try_begin(kTablet, JobKind::kCompaction, now));
  EXPECT_EQ(jobs.failed(kTablet, JobKind::kCompaction, now), TabletJobs::kFirstPause);
}

TEST(TabletJobs, ARestEndsByItself) {
  TabletJobs jobs;
  const auto now = TabletJobs::Clock::now();
  EXPECT_FALSE(jobs.rests(kTablet, now));
  jobs.begin_rest(kTablet, now);
  EXPECT_TRUE(jobs.rests(kTablet, now + TabletJobs::kRest - std::chrono::milliseconds(1)));
  EXPECT_FALSE(jobs.rests(kTablet, now + TabletJobs::kRest));
  EXPECT_FALSE(jobs.rests(kOther, now));
  EXPECT_TRUE(jobs.try_begin(kTablet, JobKind::kCompaction, now)) << "who finds that something presses need not rest";
}

}  // namespace
}  // namespace freshet::storage
