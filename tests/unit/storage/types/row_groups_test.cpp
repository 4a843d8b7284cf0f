#include "storage/types/row_groups.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "storage/types/bitmap_value.h"
#include "storage/types/value_text.h"
#include "support/seed.h"

namespace freshet {
namespace {

using Texts = std::vector<std::optional<std::string>>;

/// What `aggregation` makes of one key's values, all given as text.
Result<std::string> aggregate(Aggregation aggregation, DataType type, const Texts& texts) {
  const ColumnSchema schema{.name = "v", .type = type, .aggregation = aggregation};
  Column values(type), out(type);
  RowGroups groups;
  for (const auto& text : texts) {
    if (!text) {
      values.append_null();
    } else {
      EXPECT_EQ(append_text(values, *text), TextError::kNone) << *text;
    }
    groups.order.push_back(static_cast<uint32_t>(groups.order.size()));
  }
  groups.starts.push_back(static_cast<uint32_t>(groups.order.size()));
  FRESHET_RETURN_IF_ERROR(aggregate_groups(schema, values, groups, 0, 1, out));
  EXPECT_EQ(out.size(), 1u);
  std::string text = "NULL";
  if (!out.is_null(0)) {
    text.clear();
    format_value(out, 0, text);
  }
  return text;
}

std::string must_be(Aggregation aggregation, DataType type, const Texts& texts) {
  const Result<std::string> result = aggregate(aggregation, type, texts);
  return result.ok() ? *result : result.status().to_string();
}

constexpr DataType kVarchar{.kind = TypeKind::kVarchar, .length = 10};
constexpr DataType kMoney{.kind = TypeKind::kDecimal, .precision = 5, .scale = 2};

TEST(RowGroups, SumAddsWhatIsNotNull) {
  EXPECT_EQ(must_be(Aggregation::kSum, {TypeKind::kInt}, {"1", std::nullopt, "41"}), "42");
  EXPECT_EQ(must_be(Aggregation::kSum, {TypeKind::kInt}, {std::nullopt, std::nullopt}), "NULL");
  EXPECT_EQ(must_be(Aggregation::kSum, kMoney, {"1.25", "-0.50"}), "0.75");
  EXPECT_EQ(must_be(Aggregation::kSum, {TypeKind::kDouble}, {"0.5", "0.25", std::nullopt}), "0.75");
  EXPECT_EQ(must_be(Aggregation::kSum, {TypeKind::kLargeInt}, {"170141183460469231731687303715884105726", "1"}),
            "170141183460469231731687303715884105727");
}

TEST(RowGroups, SumThatIsNoValueOfItsTypeIsRefused) {
  const auto refused = [](DataType type, const Texts& texts) {
    const Result<std::string> result = aggregate(Aggregation::kSum, type, texts);
    return !result.ok() && result.status().code() == StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({TypeKind::kTinyInt}, {"100", "28"}));
  EXPECT_EQ(must_be(Aggregation::kSum, {TypeKind::kTinyInt}, {"100", "27"}), "127");
  EXPECT_EQ(must_be(Aggregation::kSum, {TypeKind::kTinyInt}, {"-100", "-28"}), "-128");
  EXPECT_TRUE(refused({TypeKind::kBigInt}, {"9223372036854775807", "1"}));
  EXPECT_EQ(must_be(Aggregation::kSum, {TypeKind::kBigInt}, {"9223372036854775807", "1", "-1"}), "9223372036854775807");
  EXPECT_TRUE(refused({TypeKind::kLargeInt}, {"170141183460469231731687303715884105727", "1"}));
  EXPECT_TRUE(refused(kMoney, {"999.99", "0.01"}));
  EXPECT_EQ(must_be(Aggregation::kSum, kMoney, {"-999.98", "-0.01"}), "-999.99");
}

TEST(RowGroups, ExtremesIgnoreNullAndTakeAnyOrder) {
  EXPECT_EQ(must_be(Aggregation::kMin, {TypeKind::kInt}, {"3", std::nullopt, "-2", "7"}), "-2");
  EXPECT_EQ(must_be(Aggregation::kMax, {TypeKind::kInt}, {std::nullopt, "3", "-2"}), "3");
  EXPECT_EQ(must_be(Aggregation::kMax, {TypeKind::kInt}, {std::nullopt, std::nullopt}), "NULL");
  EXPECT_EQ(must_be(Aggregation::kMin, kVarchar, {"b", "aa", "a"}), "a");
  EXPECT_EQ(must_be(Aggregation::kMax, kVarchar, {"b", "\xc3\xa4", "a"}), "\xc3\xa4");
  EXPECT_EQ(must_be(Aggregation::kMax, {TypeKind::kDate}, {"2026-01-02", "1969-12-31"}), "2026-01-02");
  EXPECT_EQ(must_be(Aggregation::kMin, kMoney, {"1.10", "1.01"}), "1.01");
}

TEST(RowGroups, NotANumberIsAboveAllNumbers) {
  const ColumnSchema schema{.name = "v", .type = {TypeKind::kDouble}, .aggregation = Aggregation::kMax};
  Column values(schema.type), most(schema.type), least(schema.type);
  values.append(std::numeric_limits<double>::quiet_NaN());
  values.append(std::numeric_limits<double>::infinity());
  for (const std::vector<uint32_t>& order : {std::vector<uint32_t>{0, 1}, std::vector<uint32_t>{1, 0}}) {
    const RowGroups groups{order, {0, 2}};
    ASSERT_TRUE(aggregate_groups(schema, values, groups, 0, 1, most).ok());
    ColumnSchema min = schema;
    min.aggregation = Aggregation::kMin;
    ASSERT_TRUE(aggregate_groups(min, values, groups, 0, 1, least).ok());
    EXPECT_NE(most.values<double>().back(), most.values<double>().back());
    EXPECT_EQ(least.values<double>().back(), std::numeric_limits<double>::infinity());
  }
}

TEST(RowGroups, ReplaceTakesTheLast) {
  EXPECT_EQ(must_be(Aggregation::kReplace, kVarchar, {"a", "b"}), "b");
  EXPECT_EQ(must_be(Aggregation::kReplace, kVarchar, {"a", std::nullopt}), "NULL");
  EXPECT_EQ(must_be(Aggregation::kReplaceIfNotNull, kVarchar, {"a", "b", std::nullopt}), "b");
  EXPECT_EQ(must_be(Aggregation::kReplaceIfNotNull, kVarchar, {std::nullopt, std::nullopt}), "NULL");
}

TEST(RowGroups, BitmapUnionHasTheNumbersOfAllSets) {
  const ColumnSchema schema{.name = "b", .type = {TypeKind::kBitmap}, .aggregation = Aggregation::kBitmapUnion};
  Column values(schema.type), out(schema.type);
  for (uint64_t number : {7u, 7u, 9u}) values.append_bytes(serialize_single(number));
  values.append_null();
  values.append_bytes(BitmapValue().serialize());
  values.append_null();
  values.append_bytes("no set");
  const RowGroups groups{{0, 2, 1, 4, 3, 5, 1, 6}, {0, 4, 6, 8}};
  ASSERT_TRUE(aggregate_groups(schema, values, groups, 0, 2, out).ok());
  std::string text;
  format_value(out, 0, text);
  EXPECT_EQ(text, "7,9");
  EXPECT_TRUE(out.is_null(1));
  EXPECT_EQ(aggregate_groups(schema, values, groups, 2, 1, out).code(), StatusCode::kInvalidArgument);
}

TEST(RowGroups, CompatibleTypes) {
  EXPECT_FALSE(can_aggregate(Aggregation::kSum, kVarchar));
  EXPECT_FALSE(can_aggregate(Aggregation::kSum, {TypeKind::kDate}));
  EXPECT_FALSE(can_aggregate(Aggregation::kSum, {TypeKind::kBoolean}));
  EXPECT_FALSE(can_aggregate(Aggregation::kMin, {TypeKind::kJson}));
  EXPECT_TRUE(can_aggregate(Aggregation::kMax, kVarchar));
  EXPECT_TRUE(can_aggregate(Aggregation::kBitmapUnion, {TypeKind::kBitmap}));
  EXPECT_FALSE(can_aggregate(Aggregation::kBitmapUnion, {TypeKind::kBigInt}));
  EXPECT_FALSE(can_aggregate(Aggregation::kMin, {TypeKind::kBitmap}));
  EXPECT_TRUE(can_aggregate(Aggregation::kReplace, {TypeKind::kJson}));
  for (const char* name : {"SUM", "MIN", "MAX", "REPLACE", "REPLACE_IF_NOT_NULL", "BITMAP_UNION"}) {
    ASSERT_TRUE(find_aggregation(name).has_value()) << name;
    EXPECT_EQ(aggregation_name(*find_aggregation(name)), name);
  }
  EXPECT_FALSE(find_aggregation("sum").has_value());
}

/// Many groups at once, in pieces, beside one row after another.
TEST(RowGroups, ManyGroupsEqualOneRowAfterAnother) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 50; ++round) {
    KeyRun keys(true);
    Column values({TypeKind::kInt});
    std::map<uint64_t, std::vector<std::optional<int32_t>>> model;
    const size_t rows = 1 + random() % 200;
    for (size_t row = 0; row < rows; ++row) {
      const uint64_t key = random() % 40;
      const std::optional<int32_t> value =
          random() % 4 == 0 ? std::nullopt : std::optional(static_cast<int32_t>(random() % 2000) - 1000);
      keys.append_fixed(key);
      value ? values.append(*value) : values.append_null();
      model[key].push_back(value);
    }
    std::vector<uint32_t> order(rows);
    for (size_t row = 0; row < rows; ++row) order[row] = static_cast<uint32_t>(row);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return keys.fixed_at(a) < keys.fixed_at(b); });
    const RowGroups groups = group_rows(keys, order);
    ASSERT_EQ(groups.size(), model.size());
    ASSERT_EQ(groups.are_single(), model.size() == rows);
    for (uint8_t kind = 1; kind <= static_cast<uint8_t>(kLastAggregation); ++kind) {
      const ColumnSchema schema{.name = "v", .type = {TypeKind::kInt}, .aggregation = static_cast<Aggregation>(kind)};
      if (!can_aggregate(schema.aggregation, schema.type)) continue;
      Column out(schema.type);
      for (size_t first = 0; first < groups.size(); first += 7) {
        const size_t count = std::min<size_t>(7, groups.size() - first);
        ASSERT_TRUE(aggregate_groups(schema, values, groups, first, count, out).ok());
      }
      size_t group = 0;
      for (const auto& [key, parts] : model) {
        std::optional<int32_t> expected = parts[0];
        for (size_t i = 1; i < parts.size(); ++i) {
          const std::optional<int32_t>& part = parts[i];
          if (schema.aggregation == Aggregation::kReplace) {
            expected = part;
          } else if (part && !expected) {
            expected = part;
          } else if (part) {
            switch (schema.aggregation) {
              case Aggregation::kSum: *expected += *part; break;
              case Aggregation::kMin: expected = std::min(*expected, *part); break;
              case Aggregation::kMax: expected = std::max(*expected, *part); break;
              default: expected = part;
            }
          }
        }
        ASSERT_EQ(out.is_null(group), !expected) << aggregation_name(schema.aggregation);
        ASSERT_EQ(expected ? out.values<int32_t>()[group] : 0, expected.value_or(0)) << aggregation_name(schema.aggregation);
        ++group;
      }
    }
  }
}

}  // namespace
}  // namespace freshet
