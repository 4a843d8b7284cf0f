#include "storage/upsert/within_load.h"

#include <gtest/gtest.h>

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
  const DistinctRows distinct = distinct_rows(fixed_keys({5, 3, 5, 1, 3, 5}));
  EXPECT_EQ(distinct.rows, (std::vector<uint32_t>{3, 4, 5}));
  EXPECT_EQ(std::vector<uint64_t>(distinct.keys.fixed().begin(), distinct.keys.fixed().end()),
            (std::vector<uint64_t>{1, 3, 5}));
  EXPECT_TRUE(distinct_rows(KeyRun(false)).rows.empty());
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

TEST(ReplacedWithinLoad, PartsOfDisjointRangesReplaceNothing) {
  const KeyRun first = fixed_keys({10, 20}), second = fixed_keys({1, 9}), third = fixed_keys({21, 30});
  const std::vector<const KeyRun*> runs = {&first, &second, &third};
  EXPECT_EQ(replaced_within_load(runs), (std::vector<Rows>{{}, {}, {}}));
  EXPECT_TRUE(replaced_within_load({}).empty());
}

}  // namespace
}  // namespace freshet::storage
