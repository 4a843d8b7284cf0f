#include "connectors/mysql/result_set.h"

#include <gtest/gtest.h>

#include <limits>

#include "connectors/mysql/column_definition.h"
#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {
namespace {

using namespace std::string_literals;

query::ResultColumn column(const std::string& name, TypeKind kind, uint8_t precision = 0, uint8_t scale = 0) {
  query::ResultColumn result;
  result.name = name;
  result.type.kind = kind;
  result.type.precision = precision;
  result.type.scale = scale;
  return result;
}

/// A result set over a string, whose packets can be looked at one by one without their headers.
class ResultSetTest : public testing::Test {
 protected:
  std::vector<std::string> packets() {
    EXPECT_TRUE(writer_.flush().ok());
    std::vector<std::string> all;
    for (size_t at = 0; at < stream_.size();) {
      const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(stream_[at + i])); };
      const size_t length = byte(0) | byte(1) << 8 | byte(2) << 16;
      EXPECT_EQ(byte(3), all.size() & 0xFF);
      all.push_back(stream_.substr(at + kPacketHeaderBytes, length));
      at += kPacketHeaderBytes + length;
    }
    return all;
  }

  std::string stream_;
  int sends_ = 0;
  PacketWriter writer_{[this](std::string_view bytes) {
    stream_.append(bytes);
    ++sends_;
    return Status::OK();
  }};
  ResultSet result_{writer_, 1 << 20};
};

TEST_F(ResultSetTest, TextRowsByteForByte) {
  const std::vector columns{column("id", TypeKind::kInt), column("name", TypeKind::kVarchar),
                            column("at", TypeKind::kDateTime, 0, 3)};
  result_.start(RowFormat::kText, 0, false);
  ASSERT_TRUE(result_.columns(columns).ok());
  result_.begin_row();
  result_.cell_int64(-7);
  result_.cell_text("blue");
  result_.cell_datetime(1'500'000);
  ASSERT_TRUE(result_.end_row().ok());
  result_.begin_row();
  result_.cell_null();
  result_.cell_text("");
  result_.cell_null();
  ASSERT_TRUE(result_.end_row().ok());
  EXPECT_FALSE(result_.is_complete());
  ASSERT_TRUE(result_.rows_end(2).ok());
  EXPECT_TRUE(result_.is_complete());
  EXPECT_EQ(sends_, 0);

  const auto sent = packets();
  EXPECT_EQ(sends_, 1);
  ASSERT_EQ(sent.size(), 8u);
  EXPECT_EQ(sent[0], "\x03");
  EXPECT_EQ(sent[1],
            "\x03"
            "def\0\0\0\x02id\0\x0c\x3f\0\x0b\0\0\0\x03\x80\0\0\0\0"s);
  EXPECT_EQ(sent[4], "\xfe\0\0\x02\0"s);
  EXPECT_EQ(sent[5],
            "\x02-7\x04"
            "blue\x17"
            "1970-01-01 00:00:01.500");
  EXPECT_EQ(sent[6], "\xfb\0\xfb"s);
  EXPECT_EQ(sent[7], "\xfe\x02\0\x02\0"s);
}

TEST_F(ResultSetTest, BinaryRowsByteForByte) {
  const std::vector columns{
      column("b", TypeKind::kBoolean),         column("s", TypeKind::kSmallInt), column("i", TypeKind::kInt),
      column("l", TypeKind::kBigInt),          column("d", TypeKind::kDouble),   column("day", TypeKind::kDate),
      column("at", TypeKind::kDateTime, 0, 6), column("text", TypeKind::kString)};
  result_.start(RowFormat::kBinary, kClientDeprecateEof, false);
  ASSERT_TRUE(result_.columns(columns).ok());
  result_.begin_row();
  result_.cell_int64(1);
  result_.cell_int64(-2);
  result_.cell_int64(3);
  result_.cell_int64(-4);
  result_.cell_double(0.5);
  result_.cell_date(1);
  result_.cell_datetime(-1);
  result_.cell_text("x");
  ASSERT_TRUE(result_.end_row().ok());
  result_.begin_row();
  for (size_t i = 0; i < columns.size(); ++i) result_.cell_null();
  ASSERT_TRUE(result_.end_row().ok());
  ASSERT_TRUE(result_.rows_end(0).ok());

  const auto sent = packets();
  ASSERT_EQ(sent.size(), 12u);
  EXPECT_EQ(sent[9],
            "\0\0\0"
            "\x01"
            "\xfe\xff"
            "\x03\0\0\0"
            "\xfc\xff\xff\xff\xff\xff\xff\xff"
            "\0\0\0\0\0\0\xe0\x3f"
            "\x04\xb2\x07\x01\x02"
            "\x0b\xb1\x07\x0c\x1f\x17\x3b\x3b\x3f\x42\x0f\0"
            "\x01x"s);
  EXPECT_EQ(sent[10], "\0\xfc\x03"s);
  EXPECT_EQ(sent[11], "\xfe\0\0\x02\0\0\0"s) << "OK with the header of EOF";
}

TEST_F(ResultSetTest, UnsignedIntegersAndBytesHaveTypesOfTheirOwn) {
  std::vector columns{column("n", TypeKind::kDecimal, 20), column("bytes", TypeKind::kString)};
  columns[0].is_unsigned = true;
  columns[1].is_binary = true;
  for (const RowFormat format : {RowFormat::kText, RowFormat::kBinary}) {
    result_.start(format, 0, false);
    ASSERT_TRUE(result_.columns(columns).ok());
    result_.begin_row();
    result_.cell_text("18446744073709551614");
    result_.cell_text("\xff");
    ASSERT_TRUE(result_.end_row().ok());
    ASSERT_TRUE(result_.rows_end(0).ok());
  }
  const auto sent = packets();
  ASSERT_EQ(sent.size(), 12u);
  // Character set, length, type, flags, decimals, filler.
  EXPECT_EQ(sent[1].substr(sent[1].size() - 12), "\x3f\0\x14\0\0\0\x08\xa0\0\0\0\0"s);
  EXPECT_EQ(sent[2].substr(sent[2].size() - 12, 2), "\x3f\0"s);
  EXPECT_EQ(sent[2].substr(sent[2].size() - 6, 3), "\xfd\x80\0"s);
  EXPECT_EQ(sent[4],
            "\x14"
            "18446744073709551614"
            "\x01\xff"s);
  EXPECT_EQ(sent[10], "\0\0\xfe\xff\xff\xff\xff\xff\xff\xff\x01\xff"s);
}

TEST_F(ResultSetTest, BinaryDateTimeLeavesZeroPartsOut) {
  const std::vector columns{column("at", TypeKind::kDateTime), column("at", TypeKind::kDateTime)};
  result_.start(RowFormat::kBinary, kClientDeprecateEof, false);
  ASSERT_TRUE(result_.columns(columns).ok());
  result_.begin_row();
  result_.cell_datetime(86400LL * 1'000'000);
  result_.cell_datetime(3'661'000'000);
  ASSERT_TRUE(result_.end_row().ok());
  EXPECT_EQ(packets().back(), "\0\0\x04\xb2\x07\x01\x02\x07\xb2\x07\x01\x01\x01\x01\x01"s);
}

TEST_F(ResultSetTest, ExtremeNumbersInText) {
  const std::vector columns{column("l", TypeKind::kBigInt), column("l", TypeKind::kBigInt), column("d", TypeKind::kDouble)};
  result_.start(RowFormat::kText, kClientDeprecateEof, false);
  ASSERT_TRUE(result_.columns(columns).ok());
  result_.begin_row();
  result_.cell_int64(std::numeric_limits<int64_t>::min());
  result_.cell_int64(std::numeric_limits<int64_t>::max());
  result_.cell_double(-1.5);
  ASSERT_TRUE(result_.end_row().ok());
  EXPECT_EQ(packets().back(),
            "\x14-9223372036854775808\x13"
            "9223372036854775807\x04-1.5");
}

TEST_F(ResultSetTest, OkCarriesCountsAndInfo) {
  result_.start(RowFormat::kText, 0, true);
  query::OkResult ok;
  ok.affected_rows = 300;
  ok.info = "{'label':'a'}";
  ASSERT_TRUE(result_.ok(ok).ok());
  EXPECT_EQ(packets()[0], "\0\xfc\x2c\x01\0\x0a\0\0\0\x0d{'label':'a'}"s) << "with MORE_RESULTS";
}

TEST_F(ResultSetTest, LargeResultsAreSentWhileTheyGrow) {
  result_.start(RowFormat::kText, kClientDeprecateEof, false);
  ASSERT_TRUE(result_.columns(std::vector{column("s", TypeKind::kString)}).ok());
  for (int i = 0; i < 1000; ++i) {
    result_.begin_row();
    result_.cell_text(std::string(1000, 'x'));
    ASSERT_TRUE(result_.end_row().ok());
    ASSERT_LT(writer_.buffer().size(), 70'000u);
  }
  EXPECT_GT(sends_, 10);
  EXPECT_EQ(packets().size(), 1002u);
}

TEST_F(ResultSetTest, TooLargeARowIsAnErrorNotAPacket) {
  result_.start(RowFormat::kText, kClientDeprecateEof, false);
  ASSERT_TRUE(result_.columns(std::vector{column("s", TypeKind::kString)}).ok());
  result_.begin_row();
  result_.cell_text(std::string(2 << 20, 'x'));
  EXPECT_EQ(result_.end_row().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(packets().size(), 2u);
}

TEST(WireType, TellsDriversWhatTheyPrint) {
  EXPECT_EQ(wire_type({TypeKind::kBoolean}).length, 1u);
  EXPECT_EQ(wire_type({TypeKind::kTinyInt}).length, 4u);
  EXPECT_EQ(wire_type({TypeKind::kTinyInt}).type, ColumnType::kTiny);
  const WireType decimal = wire_type({TypeKind::kDecimal, 10, 2});
  EXPECT_EQ(decimal.type, ColumnType::kNewDecimal);
  EXPECT_EQ(decimal.length, 12u);
  EXPECT_EQ(decimal.decimals, 2);
  EXPECT_EQ(wire_type({TypeKind::kDateTime, 0, 3}).length, 23u);
  EXPECT_EQ(wire_type({TypeKind::kDateTime, 0, 3}).decimals, 3);
  EXPECT_EQ(wire_type({TypeKind::kLargeInt}).type, ColumnType::kVarString);
  EXPECT_EQ(wire_type({TypeKind::kVarchar, 0, 0, 20}).length, 80u);
  EXPECT_EQ(wire_type({TypeKind::kVarchar, 0, 0, 20}).charset, kCharsetUtf8mb4);
}

}  // namespace
}  // namespace freshet::connectors::mysql
