#include "storage/types/widening.h"

#include <gtest/gtest.h>

#include <limits>

#include "storage/types/value_text.h"

namespace freshet {
namespace {

struct Pair {
  DataType from;
  DataType to;
  bool widens;
};

TEST(Widening, OnlyTypesThatHoldEveryValueAreWider) {
  const DataType decimal{TypeKind::kDecimal, 9, 2};
  const std::vector<Pair> pairs = {
      {{TypeKind::kTinyInt}, {TypeKind::kSmallInt}, true},
      {{TypeKind::kSmallInt}, {TypeKind::kLargeInt}, true},
      {{TypeKind::kInt}, {TypeKind::kBigInt}, true},
      {{TypeKind::kBigInt}, {TypeKind::kInt}, false},
      {{TypeKind::kBoolean}, {TypeKind::kInt}, false},
      {{TypeKind::kInt}, {TypeKind::kDouble}, false},
      {{TypeKind::kInt}, {TypeKind::kVarchar}, false},
      {{TypeKind::kFloat}, {TypeKind::kDouble}, true},
      {{TypeKind::kDouble}, {TypeKind::kFloat}, false},
      {{TypeKind::kDate}, {TypeKind::kDateTime}, false},
      {{TypeKind::kDateTime}, {TypeKind::kDateTime, 0, 6}, true},
      {{TypeKind::kDateTime, 0, 6}, {TypeKind::kDateTime, 0, 3}, false},
      {decimal, {TypeKind::kDecimal, 38, 2}, true},
      {decimal, {TypeKind::kDecimal, 9, 3}, false},
      {decimal, {TypeKind::kDecimal, 20, 3}, false},
      {decimal, {TypeKind::kDecimal, 8, 2}, false},
      {{TypeKind::kChar, 0, 0, 5}, {TypeKind::kChar, 0, 0, 6}, true},
      {{TypeKind::kChar, 0, 0, 5}, {TypeKind::kVarchar, 0, 0, 5}, true},
      {{TypeKind::kVarchar, 0, 0, 5}, {TypeKind::kChar, 0, 0, 9}, false},
      {{TypeKind::kVarchar, 0, 0, 5}, {TypeKind::kVarchar, 0, 0, 4}, false},
      {{TypeKind::kVarchar, 0, 0, 5}, {TypeKind::kVarchar}, true},
      {{TypeKind::kVarchar}, {TypeKind::kVarchar, 0, 0, 5}, false},
      {{TypeKind::kVarchar, 0, 0, 5}, {TypeKind::kString}, true},
      {{TypeKind::kString}, {TypeKind::kVarchar, 0, 0, 100}, false},
      {{TypeKind::kString}, {TypeKind::kJson}, false},
      {{TypeKind::kJson}, {TypeKind::kString}, false},
  };
  for (const auto& [from, to, widens] : pairs) {
    EXPECT_EQ(can_widen(from, to), widens) << from.to_string() << " -> " << to.to_string();
    EXPECT_TRUE(can_widen(from, from));
    EXPECT_TRUE(!widens || can_widen(from.physical(), to.physical())) << from.to_string() << " -> " << to.to_string();
  }
}

TEST(Widening, EveryIntegerKeepsItsValueInEveryWiderType) {
  const std::vector<DataType> types = {
      {TypeKind::kTinyInt}, {TypeKind::kSmallInt}, {TypeKind::kInt}, {TypeKind::kBigInt}, {TypeKind::kLargeInt}};
  for (size_t from = 0; from < types.size(); ++from) {
    Column column(types[from]);
    for (const std::string_view text : {"0", "-1", "127", "-128", "32767", "-2147483648", "9223372036854775807"}) {
      static_cast<void>(append_text(column, text));
    }
    column.append_null();
    for (size_t to = from; to < types.size(); ++to) {
      const Column wide = widen_column(column, types[to]);
      ASSERT_EQ(wide.size(), column.size());
      for (size_t row = 0; row < column.size(); ++row) {
        ASSERT_EQ(wide.is_null(row), column.is_null(row));
        if (column.is_null(row)) continue;
        std::string narrow_text, wide_text;
        format_value(column, row, narrow_text);
        format_value(wide, row, wide_text);
        EXPECT_EQ(wide_text, narrow_text);
      }
    }
  }
}

TEST(Widening, FloatsAreExactAsDoubles) {
  const float values[] = {0.1f, -0.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min()};
  double wide[4];
  widen_values(PhysicalType::kFloat, PhysicalType::kDouble, values, 4, wide);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(static_cast<float>(wide[i]), values[i]);
}

}  // namespace
}  // namespace freshet
