#include "query/scan/pruning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <random>

#include "support/seed.h"

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

TEST(Pruning, AllMatchOnlyWhereNoRowCanFail) {
  const auto zone = int_zone(-5, 10);
  const auto all = [&](Kind kind, int64_t value) { return all_match(zone, 100, kInt, number(kind, value)); };
  EXPECT_TRUE(all(Kind::kGreaterOrEqual, -5));
  EXPECT_FALSE(all(Kind::kGreater, -5));
  EXPECT_TRUE(all(Kind::kLessOrEqual, 10));
  EXPECT_FALSE(all(Kind::kLess, 10));
  EXPECT_FALSE(all(Kind::kEqual, -5));
  EXPECT_TRUE(all_match(int_zone(3, 3), 100, kInt, number(Kind::kEqual, 3)));
  EXPECT_FALSE(all_match(int_zone(3, 3, 1), 100, kInt, number(Kind::kEqual, 3))) << "NULL satisfies nothing";
  EXPECT_FALSE(all_match(zone, 100, kInt, ZoneCondition{})) << "unknown may be false";
  const storage::ZoneMap text{.null_count = 0, .has_bounds = true, .max_is_exact = false, .min = "bb", .max = "dd"};
  EXPECT_TRUE(all_match(text, 100, kString, compare(Kind::kGreaterOrEqual, std::string("bb"))));
  EXPECT_FALSE(all_match(text, 100, kString, compare(Kind::kGreater, std::string("bb"))));
  EXPECT_TRUE(all_match(text, 100, kString, compare(Kind::kLess, std::string("e"))));
}

class RandomConditions {
 public:
  ZoneCondition next(int depth = 0) {
    const auto kind = static_cast<Kind>(random_() % (depth < 3 ? 11 : 8));
    ZoneCondition condition{kind, {}, {}};
    switch (kind) {
      case Kind::kAnd:
      case Kind::kOr:
        for (size_t i = 1 + random_() % 3; i > 0; --i) condition.children.push_back(next(depth + 1));
        break;
      case Kind::kIn:
        for (size_t i = random_() % 4; i > 0; --i) condition.values.emplace_back(Int128{number()});
        break;
      case Kind::kIsNull:
      case Kind::kIsNotNull:
      case Kind::kUnknown: break;
      default: condition.values.emplace_back(Int128{number()});
    }
    return condition;
  }
  int32_t number() { return static_cast<int32_t>(random_() % 9) - 4; }
  uint64_t below(uint64_t limit) { return random_() % limit; }

 private:
  std::mt19937_64 random_{test::test_seed()};
};

bool satisfies(const std::optional<int32_t>& value, const ZoneCondition& condition) {
  const auto child = [&](const ZoneCondition& each) { return satisfies(value, each); };
  const auto equals = [&](const ZoneValue& constant) { return value && std::get<Int128>(constant) == *value; };
  switch (condition.kind) {
    case Kind::kAnd: return std::all_of(condition.children.begin(), condition.children.end(), child);
    case Kind::kOr: return std::any_of(condition.children.begin(), condition.children.end(), child);
    case Kind::kIsNull: return !value;
    case Kind::kIsNotNull: return value.has_value();
    case Kind::kIn: return std::any_of(condition.values.begin(), condition.values.end(), equals);
    case Kind::kUnknown: return value && *value % 2 == 0;
    default: break;
  }
  if (!value) return false;
  const Int128 constant = std::get<Int128>(condition.values.front());
  switch (condition.kind) {
    case Kind::kEqual: return *value == constant;
    case Kind::kLess: return *value < constant;
    case Kind::kLessOrEqual: return *value <= constant;
    case Kind::kGreater: return *value > constant;
    default: return *value >= constant;
  }
}

TEST(Pruning, RandomConditionsAgreeWithTheRows) {
  RandomConditions random;
  size_t none_matched = 0, all_matched = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::optional<int32_t>> rows(1 + random.below(4));
    storage::ZoneMap zone;
    for (auto& row : rows) {
      if (random.below(6) != 0) row = random.number();
      if (!row) {
        zone.null_count += 1;
        continue;
      }
      const bool is_first = !zone.has_bounds;
      zone.has_bounds = true;
      if (is_first || std::get<Int128>(zone_value(kInt, zone.min)) > *row) zone.min = raw(*row);
      if (is_first || std::get<Int128>(zone_value(kInt, zone.max)) < *row) zone.max = raw(*row);
    }
    const ZoneCondition condition = random.next();
    const auto row_count = static_cast<uint32_t>(rows.size());
    const auto passes = [&](const auto& row) { return satisfies(row, condition); };
    if (!may_match(zone, row_count, kInt, condition)) {
      ASSERT_TRUE(std::none_of(rows.begin(), rows.end(), passes));
      ++none_matched;
    }
    if (all_match(zone, row_count, kInt, condition)) {
      ASSERT_TRUE(std::all_of(rows.begin(), rows.end(), passes));
      ++all_matched;
    }
  }
  EXPECT_GT(none_matched, 100u);
  EXPECT_GT(all_matched, 100u);
}

}  // namespace
}  // namespace freshet::query
