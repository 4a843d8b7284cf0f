#include "storage/encoding/integer_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "storage/encoding/exact_divisor.h"
#include "storage/encoding/frame_of_reference.h"
#include "storage/encoding/scaled_frame.h"
#include "support/seed.h"
#include "support/view_checks.h"

namespace freshet::storage {
namespace {

TEST(ExactDivisor, DividesMultiplesAndKnowsThem) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 2000; ++round) {
    const uint64_t divisor = std::max<uint64_t>(random() >> (random() % 64), 1);
    const ExactDivisor exact(divisor);
    const uint64_t quotient = random() % (UINT64_MAX / divisor + (divisor == 1 ? 0 : 1));
    ASSERT_TRUE(exact.divides(quotient * divisor)) << divisor << " * " << quotient;
    ASSERT_EQ(exact.quotient(quotient * divisor), quotient);
    const uint64_t any = random();
    ASSERT_EQ(exact.divides(any), any % divisor == 0) << any << " / " << divisor;
  }
}

TEST(ExactDivisor, CommonDivisorIsOfAllNumbers) {
  EXPECT_EQ(common_divisor(std::vector<uint64_t>{0, 0, 0}), 1u);
  EXPECT_EQ(common_divisor(std::vector<uint64_t>{0, 60, 90}), 30u);
  EXPECT_EQ(common_divisor(std::vector<uint64_t>{uint64_t{1} << 63, uint64_t{1} << 62}), uint64_t{1} << 62);
  std::vector<uint64_t> numbers(1000, 1'000'000);
  EXPECT_EQ(common_divisor(numbers), 1'000'000u);
  numbers[777] = 999'999'500;
  EXPECT_EQ(common_divisor(numbers), 500u) << "a number that the sample does not hold";
  numbers[778] = 7;
  EXPECT_EQ(common_divisor(numbers), 1u);
}

template <typename T>
class IntegerEncodings : public testing::Test {};
using Widths = testing::Types<int8_t, int16_t, int32_t, int64_t, Int128>;
TYPED_TEST_SUITE(IntegerEncodings, Widths);

template <typename T>
struct Unsigned {
  using Type = std::make_unsigned_t<T>;
};
template <>
struct Unsigned<Int128> {
  using Type = UInt128;
};

/// Encodes `values` in each encoding that is possible and reads them back.
template <typename T>
void expect_round_trips(const std::vector<T>& values, std::mt19937_64& random) {
  using U = typename Unsigned<T>::Type;
  const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
  if (*smallest == *largest) return;
  const std::span<const U> raw(reinterpret_cast<const U*>(values.data()), values.size());
  IntegerPlan plan;
  FixedPageSizes sizes;
  plan.measure<U>(raw, static_cast<U>(*smallest), static_cast<U>(*largest), sizes);
  const auto check = [&]<typename View>(PageEncoding encoding, size_t size, std::type_identity<View>) {
    if (size == kNoEncoding) return;
    std::string body;
    plan.encode(encoding, *smallest, body);
    ASSERT_EQ(body.size(), size);
    test::expect_view_reads<View, U>(body, raw, random);
    test::expect_malformed_bodies_stay_inside<View>(body, values.size(), random);
  };
  check(PageEncoding::kFrameOfReference, sizes.frame, std::type_identity<FrameOfReferenceView<U>>());
  check(PageEncoding::kScaledFrame, sizes.scaled_frame, std::type_identity<ScaledFrameView<U>>());
  check(PageEncoding::kDelta, sizes.delta, std::type_identity<DeltaView<U>>());
}

TYPED_TEST(IntegerEncodings, RandomRunsReadBackInEveryPossibleEncoding) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 60; ++round) {
    const size_t rows = round < 10 ? 2 + random() % 8 : round < 20 ? 254 + random() % 6 : 1 + random() % 9000;
    const T scale = static_cast<T>(round % 3 == 0 ? 1 : 1 + random() % 100);
    const uint64_t width = random() >> (random() % 64);
    const uint64_t steps = round % 4 == 0 ? width % 50 + 1 : uint64_t{1} << round % 40;
    std::vector<T> values(rows);
    T rising = static_cast<T>(random());
    for (T& value : values) {
      const auto step = static_cast<T>(random() % steps);
      if (round % 2 == 0) {
        rising =
            static_cast<T>(static_cast<typename Unsigned<T>::Type>(rising) +
                           static_cast<typename Unsigned<T>::Type>(step) * static_cast<typename Unsigned<T>::Type>(scale));
        value = rising;
      } else {
        // Products may wrap around, which only unsigned numbers may do.
        using U = typename Unsigned<T>::Type;
        value = static_cast<T>(
            static_cast<U>(static_cast<U>(random() % (width + (width != UINT64_MAX))) * static_cast<U>(scale)));
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_round_trips(values, random)) << "round " << round;
  }
}

TYPED_TEST(IntegerEncodings, ExtremesReadBack) {
  using T = TypeParam;
  std::mt19937_64 random(test::test_seed());
  const T low = sizeof(T) == 16 ? static_cast<T>(std::numeric_limits<int64_t>::min()) : std::numeric_limits<T>::min();
  const T high = sizeof(T) == 16 ? static_cast<T>(std::numeric_limits<int64_t>::max()) : std::numeric_limits<T>::max();
  std::vector<T> values(600, low);
  std::fill(values.begin() + 300, values.end(), high);
  ASSERT_NO_FATAL_FAILURE(expect_round_trips(values, random));
  std::reverse(values.begin(), values.end());
  ASSERT_NO_FATAL_FAILURE(expect_round_trips(values, random));
}

TEST(IntegerPlan, TimesInSecondsAreScaledAndKeysAreSteps) {
  std::mt19937_64 random(test::test_seed());
  std::vector<uint64_t> times(8192), keys(8192);
  for (uint64_t& time : times) time = random() % 31'536'000 * 1'000'000;
  for (size_t i = 1; i < keys.size(); ++i) keys[i] = keys[i - 1] + 1 + random() % 4;
  const auto sizes_of = [](const std::vector<uint64_t>& values) {
    const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
    IntegerPlan plan;
    FixedPageSizes sizes{.plain = values.size() * 8};
    plan.measure<uint64_t>(values, *smallest, *largest, sizes);
    return sizes;
  };
  EXPECT_EQ(choose_fixed_encoding(sizes_of(times)), PageEncoding::kScaledFrame);
  EXPECT_EQ(sizes_of(times).delta, kNoEncoding) << "steps as wide as the values are not measured";
  EXPECT_EQ(choose_fixed_encoding(sizes_of(keys)), PageEncoding::kDelta);
  EXPECT_LT(sizes_of(keys).delta, keys.size() * 3 / 8);
}

}  // namespace
}  // namespace freshet::storage
