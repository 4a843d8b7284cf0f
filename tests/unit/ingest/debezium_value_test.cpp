#include "ingest/decode/debezium_value.h"

#include <gtest/gtest.h>

#include "storage/base/base64.h"

namespace freshet::ingest {
namespace {

using Kind = DebeziumType::Kind;

constexpr DataType kText{.kind = TypeKind::kString};

std::string time_text(Kind kind, int64_t value, const DataType& type = kText) {
  const Result<std::string> text = debezium_time_text(kind, value, type);
  return text.ok() ? text.value() : "refused: " + text.status().message();
}

std::string decimal(const std::string& base64, int32_t scale) {
  const Result<std::string> text = debezium_decimal_text(decode_base64(base64).value(), scale);
  return text.ok() ? text.value() : "refused: " + text.status().message();
}

TEST(DebeziumValue, TimesAreDatesAndClocks) {
  EXPECT_EQ(time_text(Kind::kDays, 19279), "2022-10-14");
  EXPECT_EQ(time_text(Kind::kDays, -1), "1969-12-31");
  EXPECT_EQ(time_text(Kind::kTimestampMillis, 1665791731989), "2022-10-14 23:55:31.989");
  EXPECT_EQ(time_text(Kind::kTimestampMicros, 1665791731989360), "2022-10-14 23:55:31.989360");
  EXPECT_EQ(time_text(Kind::kTimestampNanos, 1665791731989360999), "2022-10-14 23:55:31.989360");
  EXPECT_EQ(time_text(Kind::kTimestampNanos, -1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(time_text(Kind::kTimestampMicros, 0), "1970-01-01 00:00:00");
  EXPECT_EQ(time_text(Kind::kTimeMillis, 86131989), "23:55:31.989000");
  EXPECT_EQ(time_text(Kind::kTimeMicros, 86131000000), "23:55:31");
  EXPECT_EQ(time_text(Kind::kTimeMicros, -3020399000000), "-838:59:59");
  EXPECT_EQ(time_text(Kind::kTimestampMicros, 1665791731989360, {.kind = TypeKind::kBigInt}), "1665791731989360");
}

TEST(DebeziumValue, TimesOutsideTheCalendarAreRefused) {
  for (const Kind kind : {Kind::kTimestampMillis, Kind::kTimestampMicros, Kind::kDays}) {
    for (const int64_t value : {INT64_MAX, INT64_MIN, INT64_MAX / 2}) {
      EXPECT_EQ(time_text(kind, value), "refused: the time " + std::to_string(value) + " is out of range");
    }
  }
  EXPECT_EQ(time_text(Kind::kTimestampMicros, 253402300799999999), "9999-12-31 23:59:59.999999");
  EXPECT_EQ(time_text(Kind::kTimestampMicros, 253402300800000000), "refused: the time 253402300800000000 is out of range");
}

TEST(DebeziumValue, WithoutASchemaTheColumnTellsTheUnit) {
  const auto kind = [](int64_t value, unsigned scale) {
    const auto result =
        debezium_kind_without_schema(value, {.kind = TypeKind::kDateTime, .scale = static_cast<uint8_t>(scale)});
    return result.ok() ? result.value() : Kind::kUnknown;
  };
  EXPECT_EQ(kind(1665791731989, 0), Kind::kTimestampMillis);
  EXPECT_EQ(kind(1665791731989, 3), Kind::kTimestampMillis);
  EXPECT_EQ(kind(1, 0), Kind::kTimestampMillis);
  EXPECT_EQ(kind(1665791731989360, 0), Kind::kTimestampMicros);
  EXPECT_EQ(kind(1665791731989360, 6), Kind::kTimestampMicros);
  EXPECT_EQ(kind(0, 6), Kind::kTimestampMicros);
  EXPECT_EQ(kind(1665791731989, 6), Kind::kUnknown);
  EXPECT_EQ(kind(-1665791731989, 4), Kind::kUnknown);
  EXPECT_EQ(debezium_kind_without_schema(19279, {.kind = TypeKind::kDate}).value(), Kind::kDays);
}

TEST(DebeziumValue, DecimalsKeepEveryDigit) {
  EXPECT_EQ(decimal("AfQ=", 2), "5.00");
  EXPECT_EQ(decimal("AdTA", 2), "1200.00");
  EXPECT_EQ(decimal("AA==", 2), "0.00");
  EXPECT_EQ(decimal("/w==", 2), "-0.01");
  EXPECT_EQ(decimal("gA==", 0), "-128");
  EXPECT_EQ(decimal("AQ==", 5), "0.00001");
  EXPECT_EQ(decimal("ew==", -3), "123000");
  EXPECT_EQ(decimal("f////////////w==", 0), "604462909807314587353087");
  EXPECT_EQ(decimal("gAAAAAAAAAAAAAAAAAAAAAAA", 10), "-1115037259926531157076785913632418.0752990208");
  EXPECT_EQ(decimal("", 2), "refused: a decimal of 0 bytes");
  EXPECT_EQ(decimal("AQ==", kMaxDebeziumScale + 1), "refused: a decimal with scale 1001");
  EXPECT_FALSE(debezium_decimal_text(std::string(kMaxDebeziumDecimalBytes + 1, '\x7f'), 0).ok());
}

TEST(DebeziumValue, BitsAreLittleEndian) {
  EXPECT_EQ(debezium_bits(std::string("\x01\x02", 2)), 0x0201u);
  EXPECT_EQ(debezium_bits(""), 0u);
  EXPECT_EQ(debezium_bits(std::string(8, '\xff')), UINT64_MAX);
  EXPECT_EQ(debezium_bits(std::string(8, '\xff') + '\0'), UINT64_MAX);
  EXPECT_EQ(debezium_bits(std::string(9, '\x01')), std::nullopt);
}

}  // namespace
}  // namespace freshet::ingest
