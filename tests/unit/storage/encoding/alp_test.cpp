#include "storage/encoding/alp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/seed.h"
#include "support/view_checks.h"

namespace freshet::storage {
namespace {

template <typename T>
class Alp : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Alp, Floats);

template <typename T>
std::vector<T> special_values() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {T{-0.0},
                           Limits::infinity(),
                           -Limits::infinity(),
                           Limits::quiet_NaN(),
                           -Limits::quiet_NaN(),
                           Limits::denorm_min(),
                           Limits::max(),
                           Limits::lowest(),
                           T(1) / T(3)};
  const T payload = std::nan("") == 0 ? T{} : static_cast<T>(std::nan("77"));
  values.push_back(payload);
  return values;
}

TYPED_TEST(Alp, DecimalsAmongSpecialValuesReadBackBitByBit) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  const std::vector<T> special = special_values<T>();
  for (int round = 0; round < 60; ++round) {
    const size_t rows = 1 + random() % (round < 20 ? 20 : 9000);
    const double power = kPowersOfTen[random() % (sizeof(T) == 4 ? 4 : 8)];
    const uint64_t range = 1 + random() % (sizeof(T) == 4 ? 10'000 : 1'000'000'000);
    std::vector<T> values(rows);
    for (T& value : values) {
      value = static_cast<T>((static_cast<double>(random() % range) - static_cast<double>(range / 2)) / power);
      if (round % 2 == 0 && random() % 40 == 0) value = special[random() % special.size()];
    }
    AlpPlan<T> plan;
    if (!plan.measure(values)) {
      ASSERT_EQ(round % 2, 0) << "decimals alone never give up";
      continue;
    }
    std::string body;
    plan.encode(values, body);
    ASSERT_EQ(body.size(), plan.bytes());
    ASSERT_NO_FATAL_FAILURE((test::expect_view_reads<AlpView<T>, T>(body, values, random)));
    test::expect_malformed_bodies_stay_inside<AlpView<T>>(body, rows, random);
  }
}

TYPED_TEST(Alp, GivesUpOnValuesThatWereNoDecimals) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  std::vector<T> values(5000);
  for (T& value : values) value = static_cast<T>(std::exp(static_cast<double>(random() % 4'000'000) / 50'000 - 40));
  AlpPlan<T> plan;
  EXPECT_FALSE(plan.measure(values));
  EXPECT_FALSE(plan.measure(std::vector<T>(10, std::numeric_limits<T>::quiet_NaN())));
}

TEST(Alp, FindsTheDigitsOfPrices) {
  std::mt19937_64 random(test::test_seed());
  std::vector<double> prices(8192);
  for (double& price : prices) price = static_cast<double>(random() % 100'000) / 100;
  AlpPlan<double> plan;
  ASSERT_TRUE(plan.measure(prices));
  EXPECT_EQ(plan.bytes(), kAlpHeaderBytes + packed_bytes(prices.size(), 17)) << "numbers below 100000, no exceptions";
}

}  // namespace
}  // namespace freshet::storage
