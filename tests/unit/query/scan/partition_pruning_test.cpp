#include "query/scan/partition_pruning.h"

#include <gtest/gtest.h>

#include "support/test_partitions.h"

namespace freshet::query {
namespace {

using Kind = ZoneCondition::Kind;

const TableSchema kSchema = test::partitioned_schema();
constexpr ColumnId kDay{1}, kId{2}, kTown{3};

ZoneCondition condition(Kind kind, ZoneValue value) { return {kind, {std::move(value)}, {}}; }
ZoneCondition day(Kind kind, const std::string& text) {
  Column days(DataType{.kind = TypeKind::kDate});
  EXPECT_EQ(append_text(days, text), TextError::kNone);
  return condition(kind, Int128{days.values<int32_t>()[0]});
}

std::string kept(const PartitionMap& map, std::vector<ColumnCondition> conditions) {
  std::string names;
  const std::vector<bool> keeps = matching_partitions(kSchema, map, conditions);
  for (size_t i = 0; i < keeps.size(); ++i) {
    if (keeps[i]) names += map.partitions()[i].name;
  }
  return names;
}

TEST(PartitionPruning, RangesByTheirFirstColumn) {
  const auto map =
      *PartitionMap::make(kSchema, {PartitionKind::kRange, {kDay}, false, PartitionUnit::kNone},
                          {test::range("a", {}, {"2024-01-01"}, 1), test::range("b", {"2024-01-01"}, {"2024-02-01"}, 3),
                           test::range("c", {"2024-02-01"}, {}, 5)});
  EXPECT_EQ(kept(*map, {}), "abc");
  EXPECT_EQ(kept(*map, {{kId, condition(Kind::kEqual, Int128{5})}}), "abc");
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kEqual, "2024-01-01")}}), "b") << "the high end is not in a range";
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kLess, "2024-01-01")}}), "a");
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kLessOrEqual, "2024-01-01")}}), "ab");
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kGreaterOrEqual, "2024-01-31")}}), "bc");
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kGreater, "2024-01-31")}}), "c");
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kGreater, "2023-12-30")}, {kDay, day(Kind::kLess, "2024-01-15")}}), "ab");
  EXPECT_EQ(kept(*map, {{kDay, {Kind::kIsNull, {}, {}}}}), "a") << "NULLs are in the range without a low end";
  EXPECT_EQ(kept(*map, {{kDay, {Kind::kUnknown, {}, {}}}}), "abc");
}

TEST(PartitionPruning, AnEndOverSeveralColumnsIsPartOfTheRange) {
  const auto map = *PartitionMap::make(kSchema, {PartitionKind::kRange, {kDay, kId}, false, PartitionUnit::kNone},
                                       {test::range("a", {}, {"2024-01-01", "100"}, 1),
                                        test::range("b", {"2024-01-01", "100"}, {"2024-02-01", "MAXVALUE"}, 3)});
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kEqual, "2024-01-01")}}), "ab");
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kEqual, "2024-02-01")}}), "b");
  EXPECT_EQ(kept(*map, {{kDay, day(Kind::kEqual, "2024-02-02")}}), "");
}

TEST(PartitionPruning, ListsByEveryValue) {
  Partition a = test::range("a", {}, {}, 1), b = test::range("b", {}, {}, 3);
  a.bounds.values = {test::bound({"oslo", "1"}), test::bound({"oslo", "3"})};
  b.bounds.values = {test::bound({"rome", "1"}), test::bound({"NULL", "2"})};
  const auto map = *PartitionMap::make(kSchema, {PartitionKind::kList, {kTown, kId}, false, PartitionUnit::kNone}, {a, b});
  EXPECT_EQ(kept(*map, {{kTown, condition(Kind::kEqual, std::string("oslo"))}}), "a");
  EXPECT_EQ(kept(*map, {{kTown, {Kind::kIsNull, {}, {}}}}), "b");
  EXPECT_EQ(kept(*map, {{kId, condition(Kind::kEqual, Int128{2})}}), "b") << "2 lies between values of a";
  EXPECT_EQ(kept(*map, {{kTown, condition(Kind::kEqual, std::string("oslo"))}, {kId, condition(Kind::kEqual, Int128{2})}}),
            "");
  EXPECT_EQ(kept(*map, {{kTown, condition(Kind::kGreater, std::string("p"))}}), "b");
}

}  // namespace
}  // namespace freshet::query
