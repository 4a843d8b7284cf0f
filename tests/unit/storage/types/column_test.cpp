#include "storage/types/column.h"

#include <gtest/gtest.h>

#include <random>

#include "support/seed.h"

namespace freshet {
namespace {

TEST(Column, GatherAfterTheOnlyNullWasTruncatedKeepsNullsInStep) {
  const DataType type{.kind = TypeKind::kBigInt};
  Column source(type), column(type);
  for (int64_t value : {1, 2, 3}) source.append<int64_t>(value);
  column.append<int64_t>(7);
  column.append_null();
  column.truncate(1);
  column.append_gather(source, std::vector<uint32_t>{2, 0});
  column.append_null();
  ASSERT_EQ(column.size(), 4u);
  EXPECT_EQ(column.nulls().size(), 4u);
  EXPECT_FALSE(column.is_null(1));
  EXPECT_TRUE(column.is_null(3));
}

void expect_same(const Column& got, const Column& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  EXPECT_EQ(got.null_count(), wanted.null_count());
  EXPECT_EQ(got.nulls().size(), wanted.nulls().size());
  for (size_t row = 0; row < got.size(); ++row) EXPECT_TRUE(got.has_same_value(row, wanted, row)) << row;
}

TEST(Column, RunsAndPickedRowsAreTheSameAsRowAfterRow) {
  std::mt19937_64 random(test::test_seed());
  for (const TypeKind kind : {TypeKind::kTinyInt, TypeKind::kInt, TypeKind::kBigInt, TypeKind::kVarchar}) {
    const DataType type{.kind = kind};
    for (const unsigned percent_null : {0u, 30u}) {
      Column source(type);
      for (int row = 0; row < 200; ++row) {
        if (random() % 100 < percent_null) {
          source.append_null();
        } else if (source.is_bytes()) {
          source.append_bytes(std::string(random() % 40, static_cast<char>('a' + random() % 26)));
        } else {
          const uint64_t value = random();
          source.append_fixed_run(&value, nullptr, 1);
        }
      }
      Column got(type), wanted(type);
      for (int step = 0; step < 20; ++step) {
        const size_t first = random() % source.size(), count = random() % (source.size() - first);
        std::vector<uint32_t> rows;
        for (size_t i = 0; i < count; ++i) rows.push_back(static_cast<uint32_t>(random() % source.size()));
        got.append_range(source, first, count);
        got.append_gather(source, rows);
        for (size_t row = first; row < first + count; ++row) wanted.append_from(source, row);
        for (const uint32_t row : rows) wanted.append_from(source, row);
      }
      expect_same(got, wanted);
    }
  }
}

}  // namespace
}  // namespace freshet
