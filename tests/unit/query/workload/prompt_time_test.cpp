#include "query/workload/prompt_time.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PromptTimeTest : public testing::Test {
 protected:
  bool has_left_after(milliseconds time) { return time_.has_left(begin_ + time); }

  PromptTime::Clock::time_point begin_ = PromptTime::Clock::now();
  PromptTime time_{0.5, begin_};
};

TEST_F(PromptTimeTest, ComesAtASteadyRate) {
  time_.take(milliseconds(500));  // all that is saved up in the beginning
  EXPECT_FALSE(has_left_after(milliseconds(0)));
  EXPECT_TRUE(has_left_after(milliseconds(2)));
  time_.take(milliseconds(1));
  EXPECT_FALSE(has_left_after(milliseconds(2)));
}

TEST_F(PromptTimeTest, OfOneSecondIsSavedUp) {
  ASSERT_TRUE(has_left_after(seconds(1000)));
  time_.take(milliseconds(499));
  EXPECT_TRUE(has_left_after(seconds(1000)));
  time_.take(milliseconds(1));
  EXPECT_FALSE(has_left_after(seconds(1000)));
}

TEST_F(PromptTimeTest, ADebtIsPaidBack) {
  time_.take(seconds(10));
  EXPECT_FALSE(has_left_after(seconds(18)));
  EXPECT_TRUE(has_left_after(seconds(20)));
}

TEST_F(PromptTimeTest, ADebtIsOfAMinuteAtMost) {
  time_.take(std::chrono::hours(10));
  EXPECT_FALSE(has_left_after(seconds(60)));
  EXPECT_TRUE(has_left_after(seconds(61)));
}

TEST(PromptTime, NoneIsNone) {
  const auto begin = PromptTime::Clock::now();
  PromptTime none(0, begin);
  EXPECT_FALSE(none.has_left(begin + seconds(1000)));
}

}  // namespace
}  // namespace freshet::query
