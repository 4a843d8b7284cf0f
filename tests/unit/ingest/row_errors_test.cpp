#include "ingest/row_errors.h"

#include <gtest/gtest.h>

namespace freshet::ingest {
namespace {

TEST(RowErrors, AppendedErrorsAreCountedAndKeptUpToTheBound) {
  RowErrors sum(3);
  for (const int batch : {1, 2, 3}) {
    RowErrors errors(3);
    errors.add("why " + std::to_string(batch), "a\nb");
    errors.add("why else", "second");
    sum.append(errors);
  }
  EXPECT_EQ(sum.count(), 6u);
  EXPECT_EQ(sum.first(), "why 1");
  EXPECT_EQ(sum.text(),
            "Reason: why 1. src line [a\nb];\nReason: why else. src line [second];\nReason: why 2. src line [a\nb];\n");
  sum.clear();
  sum.append(RowErrors(3));
  EXPECT_EQ(sum.count(), 0u);
  EXPECT_EQ(sum.text(), "");
}

}  // namespace
}  // namespace freshet::ingest
