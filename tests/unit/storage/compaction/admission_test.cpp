#include "storage/compaction/admission.h"

#include <gtest/gtest.h>

namespace freshet::storage {
namespace {

TEST(Admission, LoadsSlowDownFromHalfOfTheLimit) {
  EXPECT_EQ(admission_pause(0, 64).count(), 0);
  EXPECT_EQ(admission_pause(32, 64).count(), 0);
  auto last = admission_pause(33, 64);
  EXPECT_GT(last.count(), 0);
  EXPECT_LT(last, std::chrono::milliseconds(1));
  for (uint64_t used = 34; used < 64; ++used) {
    const auto pause = admission_pause(used, 64);
    EXPECT_GT(pause, last);
    last = pause;
  }
  EXPECT_LT(last, std::chrono::seconds(1));
  EXPECT_EQ(admission_pause(64, 64), std::chrono::microseconds::max());
  EXPECT_EQ(admission_pause(1000, 64), std::chrono::microseconds::max());
}

}  // namespace
}  // namespace freshet::storage
