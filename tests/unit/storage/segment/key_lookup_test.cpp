#include <algorithm>
#include <map>
#include <numeric>

#include "segment_fixture.h"
#include "storage/base/coding.h"
#include "storage/base/limits.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

/// A segment of random keys of one form, beside a map of the same keys.
class KeyLookup : public SegmentFixture, public testing::WithParamInterface<bool> {
 protected:
  static constexpr uint64_t kSkewed = 0;

  KeyLookup() : random_(test::test_seed()) {}

  /// `spread`: keys are drawn below it, so that a small one makes dense keys; kSkewed: few of them are large.
  void write_keys(size_t rows, uint64_t spread) {
    const bool is_fixed = GetParam();
    schema_ = is_fixed ? make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}})
                       : make_schema(TableModel::kUnique, 2, {{TypeKind::kVarchar}, {TypeKind::kInt}});
    spread_ = spread;
    Block block = Block::for_schema(*schema_);
    for (size_t row = 0; row < rows; ++row) append_random(block);
    const WrittenSegment written = write(schema_, block);
    reader_ = open(written.meta, *schema_);
    rows_.clear();
    for (size_t row = 0; row < written.keys.size(); ++row) rows_[written.keys.encoded_at(row)] = static_cast<uint32_t>(row);
  }

  void append_random(Block& block) {
    const uint64_t number = spread_ == kSkewed ? random_() >> (random_() % 50) : random_() % spread_;
    if (GetParam()) return block.columns[0].append(static_cast<int64_t>(number - spread_ / 2));
    block.columns[0].append_bytes("customer/" + std::string(number % 7, 'x') + std::to_string(number / 16));
    block.columns[1].append(static_cast<int32_t>(number % 16));
  }

  /// Random probes; about every second key of the segment's range is there when it is dense.
  KeyRun random_probes(size_t count) {
    Block block = Block::for_schema(*schema_);
    for (size_t i = 0; i < count; ++i) append_random(block);
    const KeyCodec codec(*schema_);
    KeyRun keys = codec.make_run();
    codec.append_keys(block, 0, count, keys);
    KeyRun sorted = codec.make_run();
    for (uint32_t row : sort_order(keys)) {
      if (sorted.size() == 0 || sorted.compare(sorted.size() - 1, keys, row) != 0) sorted.append_from(keys, row);
    }
    return sorted;
  }

  void expect_agreement(const KeyRun& probes) {
    std::vector<uint32_t> wanted(probes.size());
    std::iota(wanted.begin(), wanted.end(), 0);
    expect_agreement(probes, wanted);
    std::erase_if(wanted, [&](uint32_t) { return random_() % 3 != 0; });
    expect_agreement(probes, wanted);
  }
  void expect_agreement(const KeyRun& probes, const std::vector<uint32_t>& wanted) {
    std::vector<KeyMatch> matches;
    ASSERT_TRUE(reader_->find_keys(probes, wanted, matches).ok());
    size_t next = 0;
    for (const uint32_t key : wanted) {
      const auto expected = rows_.find(probes.encoded_at(key));
      const auto found = reader_->find_key(probes, key);
      ASSERT_TRUE(found.ok());
      ASSERT_EQ(found->has_value(), expected != rows_.end());
      if (expected == rows_.end()) continue;
      ASSERT_EQ(**found, expected->second);
      ASSERT_LT(next, matches.size());
      ASSERT_EQ(matches[next].key, key);
      ASSERT_EQ(matches[next++].row, expected->second);
    }
    ASSERT_EQ(next, matches.size());
  }

  std::mt19937_64 random_;
  uint64_t spread_ = 1;
  SchemaPtr schema_;
  std::shared_ptr<const SegmentReader> reader_;
  std::map<std::string, uint32_t> rows_;  ///< encoded key -> ordinal
};

TEST_P(KeyLookup, MergeAndProbeAgreeWithAMap) {
  for (auto [rows, spread] : {std::pair<size_t, uint64_t>{1, 10},
                              {200, 300},
                              {5000, 7000},
                              {40000, 90000},
                              {30000, UINT64_MAX},
                              {30000, kSkewed}}) {
    write_keys(rows, spread);
    for (size_t probes : {1, 3, 50, 2000, 60000}) {
      SCOPED_TRACE(fmt::format("{} rows, {} probes", rows, probes));
      expect_agreement(random_probes(probes));
    }
  }
}

TEST_P(KeyLookup, ManyKeysAreLookedUpInASmallSegmentAndFewInALargeOne) {
  for (auto [rows, probes] : {std::pair<size_t, size_t>{40, 30000}, {3000, 100000}, {150000, 3000}}) {
    write_keys(rows, 200000);
    SCOPED_TRACE(fmt::format("{} rows, {} probes", rows, probes));
    expect_agreement(random_probes(probes));
  }
}

TEST_P(KeyLookup, TheFilterSparesReadingPages) {
  write_keys(40000, 90000);
  const KeyRun probes = random_probes(2000);
  const uint64_t reads = cache_.miss_count();
  size_t spared = 0;
  for (size_t key = 0; key < probes.size(); ++key) {
    if (reader_->may_have_key(probes, key)) continue;
    ASSERT_FALSE(reader_->find_key(probes, key)->has_value());
    ++spared;
  }
  EXPECT_GT(spared, 100u);
  EXPECT_EQ(cache_.miss_count(), reads);
}

TEST_P(KeyLookup, KeysReadBackFromAnyRow) {
  write_keys(40000, 90000);
  const auto total = static_cast<uint32_t>(rows_.size());
  for (int round = 0; round < 30; ++round) {
    const auto first = static_cast<uint32_t>(random_() % total);
    const auto count = static_cast<uint32_t>(random_() % (total - first + 1));
    KeyRun keys(GetParam());
    ASSERT_TRUE(reader_->read_keys(first, count, keys).ok());
    ASSERT_EQ(keys.size(), count);
    for (uint32_t i = 0; i < count; i += 1 + static_cast<uint32_t>(random_() % 40)) {
      ASSERT_EQ(rows_.at(keys.encoded_at(i)), first + i);
    }
  }
}

TEST_P(KeyLookup, LowerBoundIsTheFirstRowNotBelow) {
  write_keys(20000, 50000);
  const KeyRun probes = random_probes(3000);
  for (size_t key = 0; key < probes.size(); ++key) {
    std::string encoded = probes.encoded_at(key);
    if (key % 3 == 1) encoded.resize(encoded.size() / 2);
    if (key % 3 == 2) encoded.push_back('\x01');
    const auto expected = rows_.lower_bound(encoded);
    const auto found = reader_->lower_bound(encoded);
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(*found, expected == rows_.end() ? rows_.size() : expected->second);
  }
  EXPECT_EQ(*reader_->lower_bound(""), 0u);
  EXPECT_EQ(*reader_->lower_bound(std::string(30, '\xff')), rows_.size());
}

TEST_P(KeyLookup, TakesAtMostTwoAndAHalfBytesAKeyOfMemory) {
  write_keys(40000, UINT64_MAX);
  EXPECT_LE(static_cast<double>(reader_->resident_bytes()), 2.5 * static_cast<double>(rows_.size()));
}

INSTANTIATE_TEST_SUITE_P(Forms, KeyLookup, testing::Bool(), [](const auto& info) { return info.param ? "Fixed" : "Bytes"; });

class ShortKeys : public SegmentFixture {};

TEST_F(ShortKeys, LowerBoundIsNotAfterTheFirstRowNotBelow) {
  std::mt19937_64 random(test::test_seed());
  const SchemaPtr schema = make_schema(TableModel::kDuplicate, 1, {{TypeKind::kInt}});
  Block block = Block::for_schema(*schema);
  for (int row = 0; row < 50000; ++row) block.columns[0].append(static_cast<int32_t>(random() % 40));
  const WrittenSegment written = write(schema, block);
  const auto reader = open(written.meta, *schema);
  for (size_t row = 0; row < written.keys.size(); row += 97) {
    const std::string encoded = written.keys.encoded_at(row);
    size_t first = row;
    while (first > 0 && written.keys.compare(first - 1, written.keys, row) == 0) --first;
    const auto found = reader->lower_bound(encoded);
    ASSERT_TRUE(found.ok());
    ASSERT_LE(*found, first);
    ASSERT_LE(first - *found, kPageRows);
  }
}

TEST(SortOrder, AgreesWithAStableSort) {
  std::mt19937_64 random(test::test_seed());
  for (uint64_t spread : {uint64_t{2}, uint64_t{5000}, uint64_t{1} << 40, UINT64_MAX}) {
    for (bool is_fixed : {true, false}) {
      KeyRun keys(is_fixed);
      for (int i = 0; i < 20000; ++i) {
        const uint64_t number = random() % spread;
        is_fixed ? keys.append_fixed(number)
                 : keys.append_bytes("tenant" + std::string(number % 3, 'a') + std::to_string(number));
      }
      std::vector<uint32_t> expected(keys.size());
      for (uint32_t row = 0; row < keys.size(); ++row) expected[row] = row;
      std::stable_sort(expected.begin(), expected.end(),
                       [&](uint32_t a, uint32_t b) { return keys.compare(a, keys, b) < 0; });
      ASSERT_EQ(sort_order(keys), expected) << (is_fixed ? "fixed, below " : "bytes, below ") << spread;
    }
  }
}

TEST(SortOrder, KeepsSortedKeysAndTakesNone) {
  KeyRun keys(true);
  EXPECT_TRUE(sort_order(keys).empty());
  for (uint64_t key : {1, 1, 2}) keys.append_fixed(key);
  EXPECT_EQ(sort_order(keys), (std::vector<uint32_t>{0, 1, 2}));
}

TEST(SortOrder, ShortKeysAndTrailingZerosAreNotEqual) {
  KeyRun keys(false);
  keys.append_bytes(std::string_view("a\0\0", 3));
  keys.append_bytes("b");
  keys.append_bytes("a");
  keys.append_bytes(std::string_view("a\0", 2));
  keys.append_bytes("");
  EXPECT_EQ(sort_order(keys), (std::vector<uint32_t>{4, 2, 3, 0, 1}));
}

}  // namespace
}  // namespace freshet::storage
