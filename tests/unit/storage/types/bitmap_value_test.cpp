#include "storage/types/bitmap_value.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "storage/base/coding.h"
#include "support/seed.h"

namespace freshet {
namespace {

constexpr size_t kMostText = 1u << 20;
using Model = std::set<uint64_t>;

BitmapValue of(const Model& numbers) {
  BitmapValue value;
  for (uint64_t number : numbers) value.add(number);
  return value;
}

std::string text(const Model& numbers) {
  std::string out;
  for (uint64_t number : numbers) out += (out.empty() ? "" : ",") + std::to_string(number);
  return out;
}

/// Sets with containers of each kind: sparse, dense and runs, in several upper halves.
Model random_numbers(std::mt19937_64& random) {
  Model numbers;
  const size_t pieces = random() % 4;
  for (size_t piece = 0; piece < pieces; ++piece) {
    const uint64_t base = (random() % 3 << 40) + (random() % 4 << 16);
    switch (random() % 4) {
      case 0: numbers.insert(random()); break;
      case 1:
        for (int i = 0; i < 50; ++i) numbers.insert(base + random() % 65536);
        break;
      case 2:
        for (int i = 0; i < 6000; ++i) numbers.insert(base + random() % 65536);
        break;
      default:
        for (uint64_t i = 0, first = base + random() % 1000; i < 3000; ++i) numbers.insert(first + i);
    }
  }
  return numbers;
}

TEST(BitmapValue, SetsOfNumbersReadBack) {
  const Model numbers{0, 1, 65535, 65536, 1ull << 32, UINT64_MAX};
  BitmapValue read;
  ASSERT_TRUE(read.unite(of(numbers).serialize()).ok());
  EXPECT_EQ(read.count(), numbers.size());
  EXPECT_EQ(read.to_text(kMostText), text(numbers));
  EXPECT_EQ(read.smallest(), 0u);
  EXPECT_EQ(read.largest(), UINT64_MAX);
  EXPECT_TRUE(read.contains(1ull << 32));
  EXPECT_FALSE(read.contains(2));
  EXPECT_FALSE(read.to_text(10).has_value());
}

TEST(BitmapValue, EmptySetsHaveNoNumbers) {
  BitmapValue empty;
  ASSERT_TRUE(empty.unite("").ok());
  ASSERT_TRUE(empty.unite(BitmapValue().serialize()).ok());
  EXPECT_EQ(empty.count(), 0u);
  EXPECT_EQ(empty.to_text(kMostText), "");
  EXPECT_EQ(empty.smallest(), std::nullopt);
  EXPECT_EQ(empty.serialize(), std::string(8, '\0'));
}

TEST(BitmapValue, ASetOfOneNumberHasTheSameBytesEitherWay) {
  for (const uint64_t number : {uint64_t{0}, uint64_t{77}, uint64_t{1} << 16, uint64_t{1} << 33, UINT64_MAX}) {
    EXPECT_EQ(serialize_single(number), of({number}).serialize()) << number;
    BitmapValue read;
    ASSERT_TRUE(read.unite(serialize_single(number)).ok());
    EXPECT_EQ(read.to_text(kMostText), std::to_string(number));
  }
}

TEST(BitmapValue, TextsOfNumbers) {
  BitmapValue value;
  EXPECT_TRUE(value.unite_text(" 3, 1 ,18446744073709551615 "));
  EXPECT_TRUE(value.unite_text("  "));
  EXPECT_EQ(value.to_text(kMostText), "1,3,18446744073709551615");
  for (const char* wrong : {"a", "1,", ",1", "1;2", "-1", "18446744073709551616", "1.5", "7,x"}) {
    EXPECT_FALSE(value.unite_text(wrong)) << wrong;
  }
  EXPECT_EQ(value.count(), 3u);
}

TEST(BitmapValue, OperationsEqualThoseOfSets) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 60; ++round) {
    const Model a = random_numbers(random), b = random() % 4 == 0 ? a : random_numbers(random);
    Model both = a, common, less, either;
    both.insert(b.begin(), b.end());
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(common, common.end()));
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(less, less.end()));
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(either, either.end()));
    const auto check = [&](const Model& expected, auto operation) {
      BitmapValue left = of(a), read;
      operation(left, of(b));
      const std::string bytes = left.serialize();
      ASSERT_TRUE(read.unite(bytes).ok());
      ASSERT_EQ(read.count(), expected.size());
      ASSERT_EQ(read.to_text(SIZE_MAX), text(expected));
      ASSERT_EQ(bytes, of(expected).serialize());
    };
    check(both, [](BitmapValue& x, const BitmapValue& y) { x.unite(y); });
    check(common, [](BitmapValue& x, const BitmapValue& y) { x.intersect(y); });
    check(less, [](BitmapValue& x, const BitmapValue& y) { x.subtract(y); });
    check(either, [](BitmapValue& x, const BitmapValue& y) { x.keep_difference(y); });
  }
}

/// Whatever the bytes: refused, or a set that can be used and written again.
TEST(BitmapValue, DamagedBytesAreRefusedOrASet) {
  std::mt19937_64 random(test::test_seed());
  size_t refused = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string bytes = of(random_numbers(random)).serialize();
    const size_t changes = 1 + random() % 3;
    for (size_t i = 0; i < changes && !bytes.empty(); ++i) {
      // The headers are at the front: most changes go there.
      const size_t reach = random() % 2 == 0 ? std::min<size_t>(bytes.size(), 48) : bytes.size();
      switch (random() % 4) {
        case 0: bytes.resize(random() % (bytes.size() + 1)); break;
        case 1: bytes += static_cast<char>(random()); break;
        default: bytes[random() % reach] = static_cast<char>(random());
      }
    }
    BitmapValue value;
    value.add(5);
    const bool is_value = is_bitmap_value(bytes);
    EXPECT_EQ(value.unite(bytes).ok(), is_value);
    if (!is_value) {
      ++refused;
      EXPECT_EQ(value.count(), 1u);
      continue;
    }
    BitmapValue again;
    ASSERT_TRUE(again.unite(value.serialize()).ok());
    ASSERT_EQ(again.count(), value.count());
    ASSERT_EQ(again.to_text(SIZE_MAX), value.to_text(SIZE_MAX));
  }
  EXPECT_GT(refused, 300u);
}

TEST(BitmapValue, CountsThatLieAreRefused) {
  std::string many;
  put_fixed<uint64_t>(many, UINT64_MAX);
  EXPECT_FALSE(BitmapValue().unite(many).ok());
  many += std::string(100, '\0');
  EXPECT_FALSE(BitmapValue().unite(many).ok());
  std::string twice = of({1}).serialize() + of({2}).serialize().substr(8);
  twice[0] = 2;
  EXPECT_FALSE(BitmapValue().unite(twice).ok());
}

}  // namespace
}  // namespace freshet
