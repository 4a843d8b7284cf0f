#include "storage/base/status.h"

#include <gtest/gtest.h>

#include <memory>

#include "storage/base/result.h"

namespace freshet {
namespace {

TEST(Status, NamesCodeAndMessage) {
  const Status status = Status::NotFound("table {}.{} does not exist", "shop", "orders");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.to_string(), "NOT_FOUND: table shop.orders does not exist");
  EXPECT_EQ(Status::OK().to_string(), "OK");
}

TEST(Status, ContextGoesBeforeTheMessageAndKeepsTheCode) {
  const Status status = Status::Corruption("bad page").with_context("file 7.seg");
  EXPECT_EQ(status.to_string(), "CORRUPTION: file 7.seg: bad page");
  EXPECT_TRUE(Status::OK().with_context("file 7.seg").ok());
}

Result<std::unique_ptr<int>> halve(int number) {
  if (number % 2 != 0) return Status::InvalidArgument("{} is odd", number);
  return std::make_unique<int>(number / 2);
}

Result<int> quarter(int number) {
  FRESHET_ASSIGN_OR_RETURN(const std::unique_ptr<int> half, halve(number));
  FRESHET_ASSIGN_OR_RETURN(const std::unique_ptr<int> fourth, halve(*half));
  return *fourth;
}

TEST(Result, HoldsTheValueOrTheFirstError) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).status().message(), "3 is odd");
  EXPECT_EQ(quarter(5).status().message(), "5 is odd");
}

}  // namespace
}  // namespace freshet
