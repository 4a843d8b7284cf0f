#include "storage/bitmap/dead_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "support/seed.h"

namespace freshet::storage {
namespace {

std::vector<RowOrdinal> live_in(const DeadRows& dead, RowOrdinal first, uint32_t count) {
  std::vector<RowOrdinal> rows(count);
  rows.resize(dead.live_rows(first, count, rows.data()));
  return rows;
}

TEST(DeadRows, EmptyHasEveryRowLive) {
  const DeadRows dead;
  EXPECT_EQ(dead.count(), 0u);
  EXPECT_FALSE(dead.contains(7));
  EXPECT_EQ(dead.chunk_of(0), nullptr);
  EXPECT_EQ(dead.count_in(0, 1000), 0u);
  EXPECT_EQ(live_in(dead, 65530, 10), (std::vector<RowOrdinal>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_TRUE(dead.to_vector().empty());
}

TEST(DeadRows, OlderVersionDoesNotSeeLaterDeletes) {
  const DeadRows first = DeadRows().with(std::vector<RowOrdinal>{5, 70000});
  const DeadRows second = first.with(std::vector<RowOrdinal>{6, 5, 6, 200000});
  EXPECT_EQ(first.count(), 2u);
  EXPECT_FALSE(first.contains(6));
  EXPECT_EQ(second.to_vector(), (std::vector<RowOrdinal>{5, 6, 70000, 200000}));
  EXPECT_EQ(second.added_since(first), (std::vector<RowOrdinal>{6, 200000}));
  EXPECT_TRUE(first.added_since(second).empty());
}

TEST(DeadRows, UntouchedChunksAreShared) {
  const DeadRows first = DeadRows().with(std::vector<RowOrdinal>{5, 70000});
  const DeadRows second = first.with(std::vector<RowOrdinal>{6});
  EXPECT_NE(first.chunk_of(0), second.chunk_of(0));
  EXPECT_EQ(first.chunk_of(70000), second.chunk_of(70000));
}

TEST(DeadRows, AddingDeadRowsAgainChangesNothing) {
  const DeadRows first = DeadRows().with(std::vector<RowOrdinal>{5});
  EXPECT_EQ(first.with(std::vector<RowOrdinal>{5, 5}).chunk_of(0), first.chunk_of(0));
  EXPECT_EQ(first.with({}).count(), 1u);
}

TEST(DeadRows, AgreesWithASet) {
  std::mt19937_64 random(test::test_seed());
  DeadRows dead;
  std::set<RowOrdinal> model;
  for (int round = 0; round < 60; ++round) {
    const uint32_t span = round % 3 == 0 ? 300000 : 3000;
    std::vector<RowOrdinal> rows(random() % 400);
    for (RowOrdinal& row : rows) row = static_cast<RowOrdinal>(random() % span);
    dead = dead.with(rows);
    model.insert(rows.begin(), rows.end());
    const RowOrdinal first = static_cast<RowOrdinal>(random() % span);
    const uint32_t count = static_cast<uint32_t>(random() % span);
    std::vector<RowOrdinal> expected_live;
    for (RowOrdinal row = first; row < first + count; ++row) {
      if (!model.contains(row)) expected_live.push_back(row - first);
    }
    ASSERT_EQ(live_in(dead, first, count), expected_live);
    ASSERT_EQ(dead.count_in(first, count), count - expected_live.size());
    ASSERT_EQ(dead.count(), model.size());
  }
  EXPECT_EQ(dead.to_vector(), std::vector<RowOrdinal>(model.begin(), model.end()));
}

TEST(EncodeRows, ReadsBackWhatWasWritten) {
  std::mt19937_64 random(test::test_seed());
  for (uint32_t span : {1u, 100u, 70000u, 5000000u}) {
    std::set<RowOrdinal> rows;
    for (int i = 0; i < 5000; ++i) rows.insert(static_cast<RowOrdinal>(random() % span));
    const std::vector<RowOrdinal> sorted(rows.begin(), rows.end());
    const auto decoded = decode_rows(encode_rows(sorted));
    ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
    EXPECT_EQ(*decoded, sorted);
  }
  EXPECT_TRUE(decode_rows(encode_rows({}))->empty());
}

TEST(EncodeRows, BytesThatAreNoBitmapAreRefused) {
  const std::string good = encode_rows(std::vector<RowOrdinal>{1, 2, 3, 100000, 100007});
  EXPECT_EQ(decode_rows("").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(decode_rows("nonsense").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(decode_rows(good + "x").status().code(), StatusCode::kCorruption);
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(decode_rows(std::string_view(good).substr(0, length)).ok()) << length;
  }
}

}  // namespace
}  // namespace freshet::storage
