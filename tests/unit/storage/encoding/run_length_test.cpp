#include "storage/encoding/run_length.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "storage/encoding/bit_packing.h"
#include "support/seed.h"
#include "support/view_checks.h"

namespace freshet::storage {
namespace {

template <typename T>
class RunLength : public testing::Test {};
using Widths = testing::Types<uint8_t, uint16_t, uint32_t, uint64_t, UInt128>;
TYPED_TEST_SUITE(RunLength, Widths);

TYPED_TEST(RunLength, RunsOfAnyLengthReadBack) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 40; ++round) {
    const size_t rows = round == 0 ? 1 : round == 1 ? kMaxRunLengthRows : 1 + random() % 9000;
    const size_t longest = 1 + random() % (round % 2 == 0 ? 4 : 2000);
    std::vector<T> values;
    while (values.size() < rows)
      values.insert(values.end(), std::min(rows - values.size(), 1 + random() % longest), static_cast<T>(random()));
    const size_t runs = count_runs(values.data(), rows);
    std::string body;
    encode_run_length(values.data(), rows, runs, body);
    ASSERT_EQ(body.size(), run_length_bytes<T>(runs));
    ASSERT_NO_FATAL_FAILURE((test::expect_view_reads<RunLengthView<T>, T>(body, values, random)));
    test::expect_malformed_bodies_stay_inside<RunLengthView<T>>(body, rows, random);
  }
}

TYPED_TEST(RunLength, RunsOfAStretchAreItsValues) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 40; ++round) {
    const size_t rows = 1 + random() % 9000, longest = 1 + random() % (round % 2 == 0 ? 4 : 2000);
    std::vector<T> values;
    while (values.size() < rows)
      values.insert(values.end(), std::min(rows - values.size(), 1 + random() % longest), static_cast<T>(random()));
    std::string body;
    encode_run_length(values.data(), rows, count_runs(values.data(), rows), body);
    const RunLengthView<T> view(body, rows);
    const size_t first = random() % rows, count = 1 + random() % (rows - first);
    const size_t expected = count_runs(values.data() + first, count);
    std::vector<uint32_t> ends(expected);
    std::vector<T> of_runs(expected);
    EXPECT_EQ(view.read_runs(first, count, static_cast<uint32_t>(expected - 1), ends.data(), of_runs.data()), 0u);
    ASSERT_EQ(view.read_runs(first, count, static_cast<uint32_t>(expected), ends.data(), of_runs.data()), expected);
    ASSERT_EQ(ends.back(), count);
    size_t run = 0;
    for (size_t row = 0; row < count; ++row) {
      if (row == ends[run]) ++run;
      ASSERT_TRUE(values[first + row] == of_runs[run]) << "row " << row;
    }
  }
}

TEST(RunLength, DoublesRunByTheirBits) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> values = {0.0, -0.0, -0.0, nan, nan, 1.5};
  EXPECT_EQ(count_runs(values.data(), values.size()), 4u);
  std::string body;
  encode_run_length(values.data(), values.size(), 4, body);
  std::mt19937_64 random(test::test_seed());
  test::expect_view_reads<RunLengthView<uint64_t>, double>(body, values, random);
}

TEST(RunLength, RefusesRunsThatDoNotCoverTheRows) {
  const std::vector<uint32_t> values = {7, 7, 9, 9, 9, 4};
  std::string body;
  encode_run_length(values.data(), values.size(), 3, body);
  EXPECT_TRUE(RunLengthView<uint32_t>::is_valid(body, 6));
  EXPECT_FALSE(RunLengthView<uint32_t>::is_valid(body, 5));
  EXPECT_FALSE(RunLengthView<uint32_t>::is_valid(body, 7));
  body[kRunLengthHeaderBytes] = 5;
  EXPECT_FALSE(RunLengthView<uint32_t>::is_valid(body, 6)) << "rows of runs that do not rise";
}

}  // namespace
}  // namespace freshet::storage
