#include "query/dialect/time_zone_functions.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

std::string found_in(std::string_view expression) {
  return function_of_time_zone(expression, [](const std::string& word) { return word == "localtime"; }).value_or("");
}

TEST(TimeZoneFunctions, CallsAndBareWordsAreFoundAndNothingElse) {
  EXPECT_EQ(found_in("a + 1 > NOW ()"), "now");
  EXPECT_EQ(found_in("`from_unixtime`(a)"), "from_unixtime");
  EXPECT_EQ(found_in("t < CURRENT_TIMESTAMP"), "current_timestamp");
  EXPECT_EQ(found_in("if(localtime = 1, curdate(), 2)"), "curdate") << "localtime is a column here";
  EXPECT_EQ(found_in("localtime() > 1"), "localtime");
  for (const char* without : {"`now` <> 'it\\'s now()' AND nowhere = 1", "now", "\"curdate()\" = a", "a /* now() */ = 1",
                              "utc_timestamp() > a", "`current_date` = 1", "'not closed", ""}) {
    EXPECT_EQ(found_in(without), "") << without;
  }
}

}  // namespace
}  // namespace freshet::query
