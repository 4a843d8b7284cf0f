#include "storage/base/failpoint.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>

namespace freshet {
namespace {

class Failpoints : public testing::Test {
 protected:
  ~Failpoints() override { EXPECT_TRUE(arm_failpoints("").ok()); }
};
using FailpointsDeathTest = Failpoints;

TEST_F(Failpoints, DoNothingUntilArmed) {
  failpoint(Failpoint::kCommitStart);
  EXPECT_FALSE(failpoint_detail::any_armed.load());
}

TEST_F(Failpoints, SleepOnlyTheNthTimeSinceTheyWereArmed) {
  const auto milliseconds = [] {
    const auto start = std::chrono::steady_clock::now();
    failpoint(Failpoint::kFlushStart);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  };
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(arm_failpoints("flush_start=sleep:30@2;flush_committed=sleep:1").ok());
    milliseconds();
    EXPECT_GE(milliseconds(), 30) << "round " << round;
  }
}

TEST_F(FailpointsDeathTest, CrashIsSigkill) {
  EXPECT_EXIT(
      {
        EXPECT_TRUE(arm_failpoints("ddl_staged=crash").ok());
        failpoint(Failpoint::kDdlStaged);
      },
      testing::KilledBySignal(SIGKILL), "failpoint ddl_staged reached");
}

TEST_F(Failpoints, UnknownNamesAndActionsAreRefusedAndNothingIsArmed) {
  for (const char* text : {"nowhere=crash", "commit_start", "commit_start=", "commit_start=explode", "commit_start=sleep",
                           "commit_start=sleep:0", "commit_start=sleep:900000", "commit_start=crash@0",
                           "commit_start=crash@x", "flush_start=crash;;commit_start=crash"}) {
    EXPECT_EQ(arm_failpoints(text).code(), StatusCode::kInvalidArgument) << text;
    EXPECT_FALSE(failpoint_detail::any_armed.load()) << text;
  }
  EXPECT_NE(arm_failpoints("nowhere=crash").message().find("there are commit_start, "), std::string::npos);
}

TEST_F(Failpoints, EachHasItsName) {
  EXPECT_EQ(failpoint_name(Failpoint::kCommitStart), "commit_start");
  EXPECT_EQ(failpoint_name(Failpoint::kDdlCommitted), "ddl_committed");
  EXPECT_EQ(failpoint_name(Failpoint::kRoutineLoadCommitted), "routine_load_committed");
}

}  // namespace
}  // namespace freshet
