#include "query/show/row_condition.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

/// Of the row {name: "Orders", rows: "12", comment: NULL}.
Result<bool> holds(std::string_view where, bool with_case = false) {
  const auto find = [](std::string_view name) -> Result<size_t> {
    constexpr std::string_view kNames[] = {"name", "rows", "comment"};
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (kNames[i] == name) return i;
    }
    return Status::InvalidArgument("Unknown column '{}'", name);
  };
  FRESHET_ASSIGN_OR_RETURN(const RowCondition condition, RowCondition::parse(where, with_case, find));
  return condition.holds({"Orders", "12", std::nullopt});
}

struct Case {
  std::string_view where;
  bool holds;
};

TEST(RowCondition, Comparisons) {
  const Case cases[] = {
      {"name = 'orders'", true},
      {"name <> 'orders'", false},
      {"name != \"x\"", true},
      {"`name` LIKE 'ord%'", true},
      {"name NOT LIKE 'ord%'", false},
      {"name IN ('a', 'ORDERS')", true},
      {"name NOT IN ('a', 'b')", true},
      {"rows = 12", true},
      {"rows > 9", true},
      {"rows < 9", false},
      {"rows >= 12 AND rows <= 12", true},
      {"comment IS NULL", true},
      {"comment IS NOT NULL", false},
      {"comment = 'x'", false},
      {"comment != 'x'", false},
      {"NOT comment = 'x'", false},
      {"name = 'x' OR rows = 12", true},
      {"name = 'orders' AND rows = 1 OR rows = 12", true},
      {"name = 'x' AND (rows = 1 OR rows = 12)", false},
      {"NOT (name = 'x' OR rows = 1)", true},
      {"comment = 'x' OR rows = 12", true},
      {"comment = 'x' AND rows = 1", false},
      {"! name = 'x'", true},
  };
  for (const Case& one : cases) {
    const auto found = holds(one.where);
    ASSERT_TRUE(found.ok()) << one.where << ": " << found.status().message();
    EXPECT_EQ(*found, one.holds) << one.where;
  }
}

TEST(RowCondition, CaseCountsWhereItIsAskedFor) {
  EXPECT_FALSE(*holds("name = 'orders'", true));
  EXPECT_TRUE(*holds("name = 'Orders'", true));
}

TEST(RowCondition, WhatItCannotReadIsAnError) {
  for (const std::string_view where : {"colour = 'red'", "name", "name = ", "name LIKE", "name NOT = 'x'", "name = 'x' AND",
                                       "(name = 'x'", "name = 'x')", "name IN ()", "rows + 1 = 2", "name = 'x' rows = 1"}) {
    EXPECT_FALSE(holds(where).ok()) << where;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += '(';
  EXPECT_FALSE(holds(deep).ok());
  std::string negations;
  for (int i = 0; i < 100'000; ++i) negations += "NOT ";
  EXPECT_FALSE(*holds(negations + "name = 'x'")) << "an even number of them";
}

}  // namespace
}  // namespace freshet::query
