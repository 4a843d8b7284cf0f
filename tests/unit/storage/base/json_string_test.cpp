#include "storage/base/json_string.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(JsonString, EscapesWhatJsonForbids) {
  EXPECT_EQ(json_string("a\"b\\c\n\r\t\x01\x7F/"), R"("a\"b\\c\n\r\t\u0001\u007F/")");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json_string("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"), "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST(JsonString, ReplacesBytesThatAreNoUtf8) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(json_string("a\xFFz"), "\"a" + mark + "z\"");
  EXPECT_EQ(json_string("\xC3"), "\"" + mark + "\"");
  EXPECT_EQ(json_string("\xC0\x80"), "\"" + mark + mark + "\"");
  EXPECT_EQ(json_string("\xED\xA0\x80"), "\"" + mark + mark + mark + "\"");
  EXPECT_EQ(json_string("\xF4\x90\x80\x80"), "\"" + mark + mark + mark + mark + "\"");
}

}  // namespace
}  // namespace freshet
