#include "storage/upsert/range_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "support/seed.h"
#include "support/test_tablet.h"

namespace freshet::storage {
namespace {

TEST(RangeRows, AllKeysThatBeginLikeTheBoundsAreBetweenThem) {
  const EncodedRange range = range_of_prefixes("ab", "ab", false);
  EXPECT_EQ(range.low, "ab");
  EXPECT_EQ(range.end, "ac");
  EXPECT_EQ(range_of_prefixes("a", "b\xff\xff", false).end, "c");
  EXPECT_EQ(range_of_prefixes("a", "\xff\xff", false).end, "") << "no key is above";
  EXPECT_EQ(range_of_prefixes("a", std::string("\0\0\0\0\0\0\1\xff", 8), true).end, std::string("\0\0\0\0\0\0\2\0", 8));
}

class RangeRowsOf : public testing::TestWithParam<test::KeyForm> {
 protected:
  /// Keys of the live rows in a range, as they are found; nothing when there are too many rows.
  std::optional<std::vector<int64_t>> find(const EncodedRange& range, uint64_t most_rows) {
    auto found = find_rows_in_range(*table_.tablets[0], range, most_rows);
    EXPECT_TRUE(found.ok()) << found.status().to_string();
    if (!found.ok() || !*found) return std::nullopt;
    Block block = Block::for_schema(*tablet_.schema);
    std::vector<size_t> columns(block.columns.size());
    for (size_t i = 0; i < columns.size(); ++i) columns[i] = i;
    EXPECT_TRUE(read_rows(*table_.schema, *table_.tablets[0], **found, columns, block.columns).ok());
    std::vector<int64_t> keys;
    for (size_t row = 0; row < block.row_count(); ++row) keys.push_back(test::test_key(*tablet_.schema, block, row));
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  std::string encoded(int64_t key) const {
    Block block = Block::for_schema(*tablet_.schema);
    test::append_test_key(*tablet_.schema, key, block);
    return tablet_.codec.encode_prefix(block, 0, tablet_.schema->key_count);
  }

  test::TestTablet tablet_{GetParam()};
  TableSnapshot table_;
};

TEST_P(RangeRowsOf, FindsTheLiveRowsOfSegmentsAndDeltasAndNoOthers) {
  std::mt19937_64 random(test::test_seed());
  std::set<int64_t> live;
  const auto some_rows = [&](size_t count) {
    std::set<int64_t> keys;
    while (keys.size() < count) keys.insert(static_cast<int64_t>(random() % 3000));
    std::vector<test::TestRow> rows;
    for (const int64_t key : keys) {
      rows.push_back({.key = key, .number = key, .is_delete = random() % 5 == 0});
      rows.back().is_delete ? void(live.erase(key)) : void(live.insert(key));
    }
    return rows;
  };
  for (const size_t rows : {1500, 40, 700}) {
    auto load = tablet_.begin_load({some_rows(rows)});
    tablet_.commit(load);
    tablet_.commit_small(some_rows(100));
  }
  table_ = tablet_.table();
  for (int i = 0; i < 300; ++i) {
    const int64_t low = static_cast<int64_t>(random() % 3000), high = low + static_cast<int64_t>(random() % 200) - 20;
    const std::string first = encoded(low), last = encoded(high);
    const EncodedRange range = range_of_prefixes(first, last, tablet_.codec.is_fixed());
    std::vector<int64_t> expected;
    for (const int64_t key : live) {
      if (encoded(key) >= first && encoded(key) <= last) expected.push_back(key);
    }
    ASSERT_EQ(find(range, UINT64_MAX), expected) << low << " to " << high;
    if (!expected.empty()) {
      ASSERT_EQ(find(range, expected.size() - 1), std::nullopt);
    }
  }
  const EncodedRange everything{std::string(tablet_.codec.is_fixed() ? 8 : 0, '\0'), ""};
  EXPECT_EQ(find(everything, UINT64_MAX), std::vector<int64_t>(live.begin(), live.end()));
}

INSTANTIATE_TEST_SUITE_P(Keys, RangeRowsOf, testing::Values(test::KeyForm::kFixed, test::KeyForm::kBytes));

}  // namespace
}  // namespace freshet::storage
