#include "storage/types/column.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace freshet
