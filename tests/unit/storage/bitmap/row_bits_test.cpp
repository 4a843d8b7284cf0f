#include "storage/bitmap/row_bits.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "storage/types/data_type.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

/// Bits of every density, also whole and empty words.
RowBits random_bits(std::mt19937_64& random, uint32_t count) {
  RowBits bits = RowBits::none();
  const uint64_t one_in = 1 + random() % 20;
  for (uint64_t& word : bits.words) {
    const uint64_t shape = random() % 8;
    for (uint32_t bit = 0; bit < 64; ++bit) {
      const bool is_set = shape == 0 || (shape != 1 && (random() % one_in == 0) == (shape % 2 == 0));
      word |= uint64_t{is_set} << bit;
    }
  }
  return bits &= RowBits::first(count);
}

std::vector<uint32_t> rows_of(const RowBits& bits) {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < kVectorRows; ++row) {
    if (bits.contains(row)) rows.push_back(row);
  }
  return rows;
}

TEST(RowBits, FirstRowsAreThose) {
  for (const uint32_t count : {0u, 1u, 63u, 64u, 65u, 2047u, 2048u}) {
    const RowBits bits = RowBits::first(count);
    EXPECT_EQ(bits.count(), count);
    EXPECT_EQ(rows_of(bits).size(), count);
    EXPECT_TRUE(count == 0 || (bits.contains(0) && bits.contains(count - 1)));
  }
}

TEST(RowBits, ListsItsRowsAndIsMadeOfThem) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 50; ++round) {
    const RowBits bits = random_bits(random, static_cast<uint32_t>(random() % (kVectorRows + 1)));
    std::vector<uint32_t> rows(kVectorRows);
    rows.resize(bits.list(rows.data()));
    EXPECT_EQ(rows, rows_of(bits));
    EXPECT_EQ(bits_of(rows).words, bits.words);
    EXPECT_EQ(bits.count(), rows.size());
  }
}

TEST(RowBits, RangesAreTheirRows) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 50; ++round) {
    const auto end = static_cast<uint32_t>(random() % (kVectorRows + 1));
    const auto begin = static_cast<uint32_t>(random() % (end + 1));
    RowBits bits = RowBits::none();
    bits.set_range(begin, end);
    for (uint32_t row = 0; row < kVectorRows; ++row) ASSERT_EQ(bits.contains(row), row >= begin && row < end);
  }
}

template <typename T>
class KeptValues : public testing::Test {};
using Widths = testing::Types<uint8_t, uint16_t, uint32_t, uint64_t, Int128>;
TYPED_TEST_SUITE(KeptValues, Widths);

TYPED_TEST(KeptValues, AreTheWantedOnesInOrder) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 100; ++round) {
    const RowBits wanted = random_bits(random, round < 50 ? kVectorRows : static_cast<uint32_t>(random() % kVectorRows));
    // No room beyond the vector: a sanitizer sees what is written there.
    std::vector<T> values(kVectorRows);
    for (T& value : values) value = static_cast<T>(static_cast<T>(random()) * 3);
    std::vector<T> expected;
    for (const uint32_t row : rows_of(wanted)) expected.push_back(values[row]);
    keep_values(values.data(), sizeof(T), wanted);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), values.begin()));
  }
}

}  // namespace
}  // namespace freshet::storage
