#include "ingest/stream_start.h"

#include <gtest/gtest.h>

#include "unit/ingest/memory_stream.h"

namespace freshet::ingest {
namespace {

/// Two partitions with ten records each, read up to offset 8, and known by the records before.
class StreamStartTest : public testing::Test {
 protected:
  StreamStartTest() {
    fill(stream_, "old");
    for (const int32_t partition : {0, 1}) history_.anchors[partition] = anchor(stream_, partition, 7);
  }

  static void fill(MemoryStream& stream, const std::string& prefix) {
    for (int i = 0; i < 10; ++i) {
      for (const int32_t partition : {0, 1}) stream.append(partition, prefix + std::to_string(i), 1000 + i);
    }
  }
  static StreamAnchor anchor(MemoryStream& stream, int32_t partition, size_t offset) {
    const MemoryStream::Record& record = stream.topic[partition].records[offset];
    StreamMessage message;
    message.offset = record.offset;
    message.timestamp_ms = record.timestamp_ms;
    message.value = record.value;
    return StreamAnchor::of(message);
  }
  StartFindings findings() {
    auto found = compare_with_broker(stream_, positions_, history_);
    EXPECT_TRUE(found.ok()) << found.status().message();
    return found.ok() ? *found : StartFindings();
  }

  MemoryStream stream_;
  StreamPositions positions_{{0, 8}, {1, 8}};
  StreamHistory history_;
};

TEST_F(StreamStartTest, TheSameTopicHasNothingToTell) {
  EXPECT_EQ(findings().refusal, "");
  EXPECT_TRUE(findings().gaps.empty());
}

TEST_F(StreamStartTest, WhatRetentionTookIsAGap) {
  stream_.remove_below(1, 9);
  EXPECT_EQ(findings().refusal, "");
  EXPECT_EQ(findings().gaps, (std::vector<StreamGap>{{1, 8, 9}}));
}

TEST_F(StreamStartTest, ATopicThatEndsBelowAPositionIsAnother) {
  stream_.topic.clear();
  for (int i = 0; i < 4; ++i) stream_.append(0, "new");
  fill(stream_, "new");
  stream_.topic[1].high = 7;
  EXPECT_NE(findings().refusal.find("partition 1 ends at offset 7"), std::string::npos) << findings().refusal;
}

TEST_F(StreamStartTest, AMissingPartitionIsAnotherTopic) {
  stream_.topic.erase(1);
  EXPECT_NE(findings().refusal.find("partition 1 is not there"), std::string::npos) << findings().refusal;
}

TEST_F(StreamStartTest, AnotherRecordInTheAnchorsPlaceIsAnotherTopic) {
  stream_.topic.clear();
  fill(stream_, "new");
  EXPECT_NE(findings().refusal.find("offset 7 of partition 0"), std::string::npos) << findings().refusal;
}

TEST_F(StreamStartTest, TheSameTextsAtAnotherTimeAreAnotherTopic) {
  stream_.topic[1].records[7].timestamp_ms += 5;
  EXPECT_NE(findings().refusal.find("offset 7 of partition 1"), std::string::npos) << findings().refusal;
}

TEST_F(StreamStartTest, AnAnchorThatCompactionOrRetentionRemovedTellsNothing) {
  auto& records = stream_.topic[0].records;
  records.erase(records.begin() + 7);
  stream_.remove_below(1, 8);
  EXPECT_EQ(findings().refusal, "");
  // Nothing at all behind it.
  records.resize(7);
  EXPECT_EQ(findings().refusal, "");
}

TEST_F(StreamStartTest, PositionsOfTheFirstStart) {
  const auto start = [this](const std::string& text) {
    RoutineLoadSpec spec;
    spec.default_offsets = text;
    stream_.remove_below(1, 2);
    const auto positions = starting_positions(stream_, spec, {});
    return positions.ok() ? *positions : StreamPositions();
  };
  EXPECT_EQ(start("OFFSET_BEGINNING"), (StreamPositions{{0, 0}, {1, 2}}));
  EXPECT_EQ(start("OFFSET_END"), (StreamPositions{{0, 10}, {1, 10}}));
  EXPECT_EQ(start("5"), (StreamPositions{{0, 5}, {1, 5}}));
  EXPECT_EQ(start("1970-01-01 00:00:01"), (StreamPositions{{0, 0}, {1, 2}}));
  EXPECT_EQ(start("1970-01-01 00:00:02"), (StreamPositions{{0, 10}, {1, 10}}));
  EXPECT_EQ(start("soon"), StreamPositions());
}

TEST_F(StreamStartTest, AllOfANewPartitionIsReadWhateverTheDefault) {
  RoutineLoadSpec spec;
  spec.default_offsets = "OFFSET_END";
  stream_.append(2, "first");
  EXPECT_EQ(starting_positions(stream_, spec, positions_).value(), (StreamPositions{{0, 8}, {1, 8}, {2, 0}}));
}

TEST_F(StreamStartTest, ABrokerThatIsAwayIsNoFinding) {
  stream_.is_away = true;
  EXPECT_EQ(compare_with_broker(stream_, positions_, history_).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace freshet::ingest
