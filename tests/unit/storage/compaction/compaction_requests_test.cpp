#include "storage/compaction/compaction_requests.h"

#include <gtest/gtest.h>

namespace freshet::storage {
namespace {

constexpr TabletId kTablet(7);

TEST(CompactionRequests, OneForEachTablet) {
  CompactionRequests requests;
  EXPECT_FALSE(requests.take(kTablet));
  ASSERT_TRUE(requests.add(kTablet, CompactionKind::kBase).ok());
  EXPECT_EQ(requests.add(kTablet, CompactionKind::kFull).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(requests.state(kTablet).is_running);
  EXPECT_EQ(requests.take(kTablet), CompactionKind::kBase);
  EXPECT_FALSE(requests.take(kTablet));
  EXPECT_EQ(requests.add(kTablet, CompactionKind::kFull).code(), StatusCode::kAlreadyExists) << "it runs";
  requests.finished(kTablet, Status::OK(), 5);
  EXPECT_FALSE(requests.state(kTablet).is_running);
  EXPECT_EQ(requests.state(kTablet).last_success_unix_micros, 5);
  EXPECT_TRUE(requests.add(kTablet, CompactionKind::kFull).ok());
}

TEST(CompactionRequests, AFailureIsRemembered) {
  CompactionRequests requests;
  requests.started(kTablet, CompactionKind::kCumulative);
  requests.finished(kTablet, Status::IoError("the disk is gone"), 9);
  const CompactionState state = requests.state(kTablet);
  EXPECT_EQ(state.last_failure_unix_micros, 9);
  EXPECT_EQ(state.last_error, "the disk is gone");
  EXPECT_EQ(state.last_success_unix_micros, 0);
}

TEST(CompactionRequests, TheyAreBounded) {
  CompactionRequests requests;
  for (size_t i = 0; i < CompactionRequests::kMostWaiting; ++i) {
    ASSERT_TRUE(requests.add(TabletId(i + 1), CompactionKind::kFull).ok());
  }
  EXPECT_EQ(requests.add(TabletId(1'000'000), CompactionKind::kFull).code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace freshet::storage
