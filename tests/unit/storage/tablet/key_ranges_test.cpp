#include "storage/tablet/key_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "storage/base/coding.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

struct Segment {
  std::string min_key;
  std::string max_key;
  uint32_t rows;
};

KeyRanges index_of(const std::vector<Segment>& segments) {
  std::vector<KeyRanges::Range> ranges;
  for (const Segment& segment : segments) ranges.push_back({segment.min_key, segment.max_key, segment.rows});
  return KeyRanges(ranges);
}

std::string fixed(uint64_t key) {
  std::string encoded;
  put_big_endian64(encoded, key);
  return encoded;
}

TEST(KeyRanges, WithoutSegmentsEveryKeyIsInNone) {
  const KeyRanges ranges = index_of({});
  KeyRun keys(true);
  for (uint64_t key : {uint64_t{0}, uint64_t{7}, UINT64_MAX}) keys.append_fixed(key);
  EXPECT_EQ(ranges.interval_of(keys, 1), 0u);
  EXPECT_EQ(ranges.end_of(0, keys, 0), 3u);
  EXPECT_TRUE(ranges.segments(0).empty());
  EXPECT_EQ(ranges.most_segments(), 0u);
}

TEST(KeyRanges, BothEndsOfARangeBelongToIt) {
  const KeyRanges ranges = index_of({{"b", "d", 10}, {"d", "f", 20}, {"d", "d", 5}});
  KeyRun keys(false);
  for (const char* key : {"a", "b", "c", "d", "da", "f", "fa"}) keys.append_bytes(key);
  std::vector<std::vector<uint32_t>> found;
  for (size_t key = 0; key < keys.size(); ++key) {
    const auto segments = ranges.segments(ranges.interval_of(keys, key));
    found.emplace_back(segments.begin(), segments.end());
  }
  // Those of most rows come first.
  EXPECT_EQ(found, (std::vector<std::vector<uint32_t>>{{}, {0}, {0}, {1, 0, 2}, {1}, {1}, {}}));
  EXPECT_EQ(ranges.most_segments(), 3u);
}

TEST(KeyRanges, AgreesWithAskingEachSegment) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 200; ++round) {
    const bool is_fixed = round % 2 == 0;
    const uint64_t spread = 1 + random() % 60;
    std::vector<Segment> segments(random() % 12);
    const auto encode = [&](uint64_t key) {
      return is_fixed ? fixed(key) : std::string(key % 4, 'k') + std::to_string(key);
    };
    for (Segment& segment : segments) {
      segment = {encode(random() % spread), encode(random() % spread), static_cast<uint32_t>(random() % 5)};
      if (segment.max_key < segment.min_key) std::swap(segment.min_key, segment.max_key);
    }
    std::vector<std::string> sorted;
    for (uint64_t key = 0; key <= spread; ++key) sorted.push_back(encode(key));
    std::sort(sorted.begin(), sorted.end());
    KeyRun keys(is_fixed);
    for (const std::string& key : sorted) keys.append_encoded(key);

    const KeyRanges ranges = index_of(segments);
    size_t end = 0, most = 0;
    for (size_t key = 0; key < keys.size(); ++key) {
      const size_t interval = ranges.interval_of(keys, key);
      if (key >= end) end = ranges.end_of(interval, keys, key);
      ASSERT_EQ(key + 1 < end, key + 1 < keys.size() && ranges.interval_of(keys, key + 1) == interval);
      std::vector<uint32_t> expected;
      for (uint32_t i = 0; i < segments.size(); ++i) {
        if (segments[i].min_key <= sorted[key] && sorted[key] <= segments[i].max_key) expected.push_back(i);
      }
      const auto listed = ranges.segments(interval);
      ASSERT_TRUE(std::is_sorted(listed.begin(), listed.end(),
                                 [&](uint32_t a, uint32_t b) { return segments[a].rows > segments[b].rows; }));
      std::vector<uint32_t> found(listed.begin(), listed.end());
      std::sort(found.begin(), found.end());
      ASSERT_EQ(found, expected) << sorted[key];
      most = std::max(most, found.size());
    }
    ASSERT_GE(ranges.most_segments(), most);
  }
}

}  // namespace
}  // namespace freshet::storage
