#include "storage/meta/meta_store.h"

#include <gtest/gtest.h>

namespace freshet::storage {
namespace {

TEST(MetaBatch, AppendKeepsTheOrderOfOperations) {
  MetaBatch first, second;
  first.put("a", "1");
  second.erase("a");
  second.require("b", std::nullopt);
  first.append(std::move(second));
  ASSERT_EQ(first.operations().size(), 2u);
  EXPECT_EQ(first.operations()[1].kind, MetaBatch::Operation::Kind::kErase);
  EXPECT_EQ(first.preconditions().size(), 1u);
  EXPECT_EQ(first.byte_size(), 3u);
}

TEST(PrefixEnd, IsTheFirstKeyBehindThePrefix) {
  EXPECT_EQ(prefix_end("ab"), "ac");
  EXPECT_EQ(prefix_end("a\x7f"), "a\x80");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end("\xff"), "");
}

}  // namespace
}  // namespace freshet::storage
