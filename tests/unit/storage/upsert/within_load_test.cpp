#include "storage/upsert/within_load.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "support/seed.h"
#include "support/test_rows.h"

namespace freshet::storage {
namespace {

KeyRun fixed_keys(const std::vector<uint64_t>& keys) {
  KeyRun run(true);
  for (uint64_t key : keys) run.append_fixed(key);
  return run;
}

KeyRun byte_keys(const std::vector<std::string>& keys) {
  KeyRun run(false);
  for (const std::string& key : keys) run.append_bytes(key);
  return run;
}

using Rows = std::vector<RowOrdinal>;

TEST(DistinctRows, KeepsTheLastRowOfEachKeyInKeyOrder) {
  const DistinctRows distinct = distinct_rows(fixed_keys({5, 3, 5, 1, 3, 5}), nullptr);
  EXPECT_EQ(distinct.rows, (std::vector<uint32_t>{3, 4, 5}));
  EXPECT_EQ(std::vector<uint64_t>(distinct.keys.fixed().begin(), distinct.keys.fixed().end()),
            (std::vector<uint64_t>{1, 3, 5}));
  EXPECT_TRUE(distinct_rows(KeyRun(false), nullptr).rows.empty());
}

TEST(ReplacedWithinLoad, LaterPartsReplaceEarlierOnes) {
  const KeyRun first = fixed_keys({1, 2, 3, 9}), second = fixed_keys({2, 3, 4}), third = fixed_keys({3, 9});
  const std::vector<const KeyRun*> runs = {&first, &second, &third};
  EXPECT_EQ(replaced_within_load(runs), (std::vector<Rows>{{1, 2, 3}, {1}, {}}));
}

TEST(ReplacedWithinLoad, ByteKeysAndEmptyParts) {
  const KeyRun first = byte_keys({"a", "aa", "b"}), empty(false), last = byte_keys({"aa", "c"});
  const std::vector<const KeyRun*> runs = {&first, &empty, &last};
  EXPECT_EQ(replaced_within_load(runs), (std::vector<Rows>{{1}, {}, {}}));
}

/// The keys of a run in pieces of two.
KeyStream in_pieces(const KeyRun& keys) {
  return [&keys, next = size_t{0}](KeyRun& piece) mutable {
    piece.clear();
    for (const size_t end = std::min(next + 2, keys.size()); next < end; ++next) piece.append_from(keys, next);
    return Status::OK();
  };
}

TEST(ReplacedWithinLoad, StreamsGiveWhatRunsGive) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 200; ++round) {
    const bool is_fixed = round % 2 == 0;
    std::vector<KeyRun> parts;
    for (uint64_t part = 1 + random() % 5; part > 0; --part) {
      std::set<uint64_t> keys;
      for (uint64_t i = random() % 12; i > 0; --i) keys.insert(random() % 20);
      KeyRun run(is_fixed);
      for (uint64_t key : keys)
        is_fixed ? run.append_fixed(key) : run.append_bytes(std::string(1 + key / 10, static_cast<char>('a' + key % 10)));
      if (!is_fixed) {
        std::set<std::string> sorted;
        for (size_t i = 0; i < run.size(); ++i) sorted.emplace(run.bytes_at(i));
        run = byte_keys({sorted.begin(), sorted.end()});
      }
      parts.push_back(std::move(run));
    }
    std::vector<const KeyRun*> runs;
    std::vector<KeyStream> streams;
    for (const KeyRun& part : parts) {
      runs.push_back(&part);
      streams.push_back(in_pieces(part));
    }
    EXPECT_EQ(*replaced_within_load(streams, is_fixed), replaced_within_load(runs));
  }
}

TEST(ReplacedWithinLoad, PartsOfDisjointRangesReplaceNothing) {
  const KeyRun first = fixed_keys({10, 20}), second = fixed_keys({1, 9}), third = fixed_keys({21, 30});
  const std::vector<const KeyRun*> runs = {&first, &second, &third};
  EXPECT_EQ(replaced_within_load(runs), (std::vector<Rows>{{}, {}, {}}));
  EXPECT_TRUE(replaced_within_load({}).empty());
}

}  // namespace
}  // namespace freshet::storage
