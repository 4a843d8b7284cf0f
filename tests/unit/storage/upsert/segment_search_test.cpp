#include "storage/upsert/segment_search.h"

#include <gtest/gtest.h>

#include <random>

#include "support/seed.h"
#include "support/test_tablet.h"

namespace freshet::storage {
namespace {

using test::KeyForm;
using test::TestRow;

class SegmentSearch : public testing::TestWithParam<KeyForm> {
 protected:
  static constexpr int64_t kKeys = 60'000;

  /// Rows of about every `one_in`-th key in [begin, end).
  std::vector<TestRow> rows_between(int64_t begin, int64_t end, uint64_t one_in) {
    std::vector<TestRow> rows;
    for (int64_t key = begin; key < end; ++key) {
      if (random_() % one_in == 0) rows.push_back({.key = key, .is_delete = random_() % 20 == 0});
    }
    return rows;
  }
  KeyRun sorted_keys(const std::vector<TestRow>& rows) {
    const KeyRun keys = test::keys_of(*tablet_.schema, tablet_.block_of(rows));
    KeyRun sorted = tablet_.codec.make_run();
    for (uint32_t row : sort_order(keys)) sorted.append_from(keys, row);
    return sorted;
  }
  void load(const std::vector<TestRow>& rows) {
    test::TestLoad load = tablet_.begin_load({rows});
    tablet_.commit(load);
  }
  /// Every wanted key has the same row as when it is looked up alone, and no other.
  void expect_agreement(const TabletSnapshot& tablet, const KeyRun& keys, const std::vector<bool>& is_wanted) {
    std::vector<SegmentHit> hits;
    ASSERT_TRUE(find_in_segments(tablet, keys, is_wanted, hits).ok());
    std::map<uint32_t, std::pair<uint32_t, RowOrdinal>> found;
    for (const SegmentHit& hit : hits) ASSERT_TRUE(found.try_emplace(hit.key, hit.segment, hit.row).second) << hit.key;
    size_t expected = 0;
    for (uint32_t key = 0; key < keys.size(); ++key) {
      const auto location = find_live_row(tablet, keys, key);
      ASSERT_TRUE(location.ok()) << location.status().to_string();
      if (!location->has_value() || !is_wanted[(*location)->view]) continue;
      ++expected;
      ASSERT_EQ(found[key], std::pair((*location)->view, (*location)->row)) << key;
    }
    ASSERT_EQ(found.size(), expected);
  }

  std::mt19937_64 random_{test::test_seed()};
  test::TestTablet tablet_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(KeyForms, SegmentSearch, testing::Values(KeyForm::kFixed, KeyForm::kBytes));

TEST_P(SegmentSearch, FindsTheLiveRowOfEachKeyInOverlappingAndSeparateSegments) {
  load(rows_between(0, kKeys, 1));
  load(rows_between(0, kKeys, 10));
  load(rows_between(kKeys / 4, kKeys / 2, 2));
  load(rows_between(kKeys / 2, kKeys * 2, 3));
  load(rows_between(kKeys * 3, kKeys * 3 + 100, 1));
  const TableSnapshot table = tablet_.table();
  const TabletSnapshot& tablet = *table.tablets[0];
  const std::vector<bool> all(tablet.segments.size(), true);
  std::vector<bool> some = all;
  some[0] = some[3] = false;
  // Few keys, and so many that two threads share them.
  for (const uint64_t one_in : {1000, 7, 2}) {
    const KeyRun keys = sorted_keys(rows_between(0, kKeys * 2, one_in));
    expect_agreement(tablet, keys, all);
    expect_agreement(tablet, keys, some);
  }
}

}  // namespace
}  // namespace freshet::storage
