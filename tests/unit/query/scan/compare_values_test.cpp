#include "query/scan/compare_values.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "support/seed.h"

namespace freshet::query {
namespace {

constexpr Comparison kComparisons[] = {Comparison::kEqual,       Comparison::kNotEqual, Comparison::kLess,
                                       Comparison::kLessOrEqual, Comparison::kGreater,  Comparison::kGreaterOrEqual};

template <typename T>
bool plainly(T value, Comparison comparison, T constant) {
  switch (comparison) {
    case Comparison::kEqual: return value == constant;
    case Comparison::kNotEqual: return value != constant;
    case Comparison::kLess: return value < constant;
    case Comparison::kLessOrEqual: return value <= constant;
    case Comparison::kGreater: return value > constant;
    case Comparison::kGreaterOrEqual: return value >= constant;
  }
  return false;
}

template <typename T>
class CompareValues : public testing::Test {};
using Widths = testing::Types<int8_t, int16_t, int32_t, int64_t>;
TYPED_TEST_SUITE(CompareValues, Widths);

TYPED_TEST(CompareValues, AgreesWithComparingOneByOne) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 60; ++round) {
    const auto count = static_cast<uint32_t>(round % 3 == 0 ? kVectorRows : random() % (kVectorRows + 1));
    const uint64_t range = round % 2 == 0 ? 5 : std::numeric_limits<uint64_t>::max();
    const auto any = [&] {
      const uint64_t shape = random() % 20;
      return shape == 0   ? std::numeric_limits<T>::min()
             : shape == 1 ? std::numeric_limits<T>::max()
                          : static_cast<T>(random() % range);
    };
    std::vector<T> values(count);
    for (T& value : values) value = any();
    const T constant = any();
    for (const Comparison comparison : kComparisons) {
      const storage::RowBits rows = compare_values(values.data(), count, comparison, constant);
      for (uint32_t row = 0; row < kVectorRows; ++row) {
        ASSERT_EQ(rows.contains(row), row < count && plainly(values[row], comparison, constant)) << "row " << row;
      }
    }
  }
}

TEST(RowsWithCodes, AgreesWithALookUp) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 60; ++round) {
    const auto count = static_cast<uint32_t>(round % 3 == 0 ? kVectorRows : random() % (kVectorRows + 1));
    const auto code_count = static_cast<uint32_t>(round % 2 == 0 ? 1 + random() % 40 : 1 + random() % 4000);
    std::vector<uint32_t> wanted((code_count + 31) / 32), codes(count);
    for (uint32_t& word : wanted) word = static_cast<uint32_t>(random());
    for (uint32_t& code : codes) code = static_cast<uint32_t>(random() % code_count);
    const storage::RowBits rows = rows_with_codes(codes.data(), count, wanted);
    for (uint32_t row = 0; row < kVectorRows; ++row) {
      ASSERT_EQ(rows.contains(row), row < count && (wanted[codes[row] / 32] >> (codes[row] % 32) & 1) != 0) << "row " << row;
    }
  }
}

}  // namespace
}  // namespace freshet::query
