#include "ingest/stream_history.h"

#include <gtest/gtest.h>

namespace freshet::ingest {
namespace {

StreamHistory some_history() {
  StreamHistory history;
  history.anchors[0] = {41, 1'700'000'000'000, 7};
  history.anchors[3] = {0, -1, 0xFFFFFFFF};
  history.add_gap({0, 10, 30});
  history.add_gap({3, 5, 6});
  return history;
}

TEST(StreamHistory, IsReadAsItWasWritten) {
  for (const StreamHistory& history : {StreamHistory(), some_history()}) {
    const auto read = StreamHistory::decode(history.encode());
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(*read, history);
  }
}

TEST(StreamHistory, EveryDamagedByteAndEveryCutIsCorruption) {
  const std::string bytes = some_history().encode();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(StreamHistory::decode(damaged).status().code(), StatusCode::kCorruption) << i;
    EXPECT_EQ(StreamHistory::decode(bytes.substr(0, i)).status().code(), StatusCode::kCorruption) << i;
  }
}

TEST(StreamHistory, GapsAreCountedAndNamed) {
  const StreamHistory history = some_history();
  EXPECT_EQ(history.gap_count, 2u);
  EXPECT_EQ(history.lost_rows, 21u);
  EXPECT_EQ(history.gaps_text(),
            "the broker's retention removed offsets 10 to 29 of partition 0 before they were read: 20 records are lost; "
            "the broker's retention removed offsets 5 to 5 of partition 3 before they were read: 1 records are lost");
}

TEST(StreamHistory, AGapSeenAgainAfterACrashCountsOnce) {
  StreamHistory history;
  history.add_gap({1, 10, 20});
  history.add_gap({1, 10, 25});
  EXPECT_EQ(history.gap_count, 1u);
  EXPECT_EQ(history.lost_rows, 15u);
  EXPECT_EQ(history.gaps, (std::vector<StreamGap>{{1, 10, 25}}));
}

TEST(StreamHistory, TheOldestGapsAreDroppedButStayCounted) {
  StreamHistory history;
  for (int64_t i = 0; i < 15; ++i) history.add_gap({0, i * 10, i * 10 + 2});
  EXPECT_EQ(history.gaps.size(), StreamHistory::kGapsKept);
  EXPECT_EQ(history.gaps.front().from, 50);
  EXPECT_EQ(history.gap_count, 15u);
  EXPECT_EQ(history.lost_rows, 30u);
}

TEST(StreamAnchor, DependsOnKeyValueAndTheirBorder) {
  StreamMessage message;
  message.offset = 5;
  message.timestamp_ms = 9;
  message.key = "ab";
  message.value = "c";
  const StreamAnchor anchor = StreamAnchor::of(message);
  EXPECT_EQ(anchor, StreamAnchor::of(message));
  message.key = "a";
  message.value = "bc";
  EXPECT_NE(anchor, StreamAnchor::of(message));
}

}  // namespace
}  // namespace freshet::ingest
