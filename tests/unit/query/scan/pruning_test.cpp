#include "query/scan/pruning.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace freshet::query {
namespace {

using Kind = ZoneCondition::Kind;

const DataType kInt{.kind = TypeKind::kInt};
const DataType kDouble{.kind = TypeKind::kDouble};
const DataType kString{.kind = TypeKind::kString};

template <typename T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

storage::ZoneMap int_zone(int32_t min, int32_t max, uint32_t nulls = 0) {
  storage::ZoneMap zone;
  zone.null_count = nulls;
  zone.has_bounds = true;
  zone.min = raw(min);
  zone.max = raw(max);
  return zone;
}

ZoneCondition compare(Kind kind, ZoneValue value) { return {kind, {std::move(value)}, {}}; }
ZoneCondition number(Kind kind, int64_t value) { return compare(kind, Int128{value}); }

bool matches(const storage::ZoneMap& zone, const DataType& type, const ZoneCondition& condition) {
  return may_match(zone, 100, type, condition);
}

TEST(Pruning, ComparesNumbersWithTheBounds) {
  const auto zone = int_zone(-5, 10);
  const auto may = [&](Kind kind, int64_t value) { return matches(zone, kInt, number(kind, value)); };
  EXPECT_FALSE(may(Kind::kEqual, -6));
  EXPECT_TRUE(may(Kind::kEqual, -5));
  EXPECT_TRUE(may(Kind::kEqual, 10));
  EXPECT_FALSE(may(Kind::kEqual, 11));
  EXPECT_FALSE(may(Kind::kLess, -5));
  EXPECT_TRUE(may(Kind::kLess, -4));
  EXPECT_FALSE(may(Kind::kLessOrEqual, -6));
  EXPECT_TRUE(may(Kind::kLessOrEqual, -5));
  EXPECT_FALSE(may(Kind::kGreater, 10));
  EXPECT_TRUE(may(Kind::kGreater, 9));
  EXPECT_FALSE(may(Kind::kGreaterOrEqual, 11));
  EXPECT_TRUE(may(Kind::kGreaterOrEqual, 10));
}

TEST(Pruning, FollowsTrees) {
  const auto zone = int_zone(0, 10);
  const ZoneCondition below = number(Kind::kLess, 0);
  const ZoneCondition inside = number(Kind::kEqual, 5);
  EXPECT_FALSE(matches(zone, kInt, {Kind::kAnd, {}, {inside, below}}));
  EXPECT_TRUE(matches(zone, kInt, {Kind::kOr, {}, {inside, below}}));
  EXPECT_FALSE(matches(zone, kInt, {Kind::kOr, {}, {below, below}}));
  EXPECT_TRUE(matches(zone, kInt, {Kind::kOr, {}, {below, ZoneCondition{}}})) << "unknown may be true";
  EXPECT_TRUE(matches(zone, kInt, {Kind::kIn, {Int128{-3}, Int128{7}}, {}}));
  EXPECT_FALSE(matches(zone, kInt, {Kind::kIn, {Int128{-3}, Int128{17}}, {}}));
}

TEST(Pruning, CountsNulls) {
  storage::ZoneMap all_null;
  all_null.null_count = 100;
  EXPECT_TRUE(matches(all_null, kInt, {Kind::kIsNull, {}, {}}));
  EXPECT_FALSE(matches(all_null, kInt, {Kind::kIsNotNull, {}, {}}));
  EXPECT_FALSE(matches(all_null, kInt, number(Kind::kEqual, 0)));
  EXPECT_FALSE(matches(int_zone(0, 1), kInt, {Kind::kIsNull, {}, {}}));
  EXPECT_TRUE(matches(int_zone(0, 1, 3), kInt, {Kind::kIsNull, {}, {}}));
}

TEST(Pruning, KeepsWhatHasNoBounds) {
  storage::ZoneMap with_nan;
  EXPECT_TRUE(matches(with_nan, kDouble, compare(Kind::kGreater, 1e300)));
  EXPECT_TRUE(matches(int_zone(0, 1), kInt, compare(Kind::kEqual, std::string("a")))) << "a constant of another kind";
}

TEST(Pruning, TextBoundsAreCut) {
  storage::ZoneMap zone{.null_count = 0, .has_bounds = true, .max_is_exact = false, .min = "bb", .max = "dd"};
  const auto may = [&](Kind kind, const char* text) { return matches(zone, kString, compare(kind, std::string(text))); };
  EXPECT_FALSE(may(Kind::kEqual, "ba"));
  EXPECT_TRUE(may(Kind::kEqual, "bbz"));
  EXPECT_FALSE(may(Kind::kEqual, "dda"));
  EXPECT_FALSE(may(Kind::kLess, "bb"));
  EXPECT_TRUE(may(Kind::kGreater, "dc"));
  EXPECT_FALSE(may(Kind::kGreaterOrEqual, "e"));
  zone.max.clear();
  EXPECT_TRUE(may(Kind::kGreater, "zzz")) << "unbounded above";
  EXPECT_FALSE(may(Kind::kLess, "a"));
}

}  // namespace
}  // namespace freshet::query
