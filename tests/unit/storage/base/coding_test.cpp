#include "storage/base/coding.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(Coding, FixedNumbersAreLittleEndianAndReadBack) {
  std::string bytes;
  put_fixed<uint32_t>(bytes, 0x01020304);
  EXPECT_EQ(bytes, "\x04\x03\x02\x01");
  put_fixed<int64_t>(bytes, -2);
  put_length_prefixed(bytes, "abc");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.fixed<uint32_t>(), 0x01020304u);
  EXPECT_EQ(reader.fixed<int64_t>(), -2);
  EXPECT_EQ(reader.length_prefixed(), "abc");
  EXPECT_TRUE(reader.ok() && reader.at_end());
}

TEST(Coding, BigEndianNumbersCompareAsBytes) {
  std::string small, large;
  put_big_endian64(small, 255);
  put_big_endian64(large, 256);
  EXPECT_LT(small, large);
  EXPECT_EQ(load_big_endian64(large.data()), 256u);
}

TEST(Coding, AShortReadFailsForGood) {
  ByteReader reader(
      "\x05\x00\x00\x00"
      "ab");
  EXPECT_EQ(reader.length_prefixed(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.fixed<uint8_t>(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(Coding, AHugeLengthIsAShortRead) {
  const std::string bytes(4, '\xff');
  ByteReader reader(bytes);
  EXPECT_EQ(reader.length_prefixed(), "");
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace freshet
