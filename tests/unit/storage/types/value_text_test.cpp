#include "storage/types/value_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "storage/base/coding.h"
#include "support/seed.h"

namespace freshet {
namespace {

constexpr DataType kTinyInt{TypeKind::kTinyInt}, kInt{TypeKind::kInt}, kBigInt{TypeKind::kBigInt},
    kLargeInt{TypeKind::kLargeInt}, kBoolean{TypeKind::kBoolean}, kFloat{TypeKind::kFloat}, kDouble{TypeKind::kDouble},
    kDate{TypeKind::kDate}, kDateTime{TypeKind::kDateTime}, kMillis{TypeKind::kDateTime, 0, 3},
    kMicros{TypeKind::kDateTime, 0, 6}, kString{TypeKind::kString}, kVarchar3{TypeKind::kVarchar, 0, 0, 3},
    kJson{TypeKind::kJson};

DataType decimal(uint8_t precision, uint8_t scale) { return {TypeKind::kDecimal, precision, scale}; }

/// What `text` becomes when it is loaded and shown again, or the name of the error.
std::string load(const DataType& type, std::string_view text) {
  Column column(type);
  const TextError error = append_text(column, text);
  EXPECT_EQ(column.size(), error == TextError::kNone ? 1u : 0u);
  switch (error) {
    case TextError::kNone: break;
    case TextError::kNotANumber: return "NotANumber";
    case TextError::kOutOfRange: return "OutOfRange";
    case TextError::kBadDate: return "BadDate";
    case TextError::kTooLong: return "TooLong";
    case TextError::kBadUtf8: return "BadUtf8";
    case TextError::kBadBoolean: return "BadBoolean";
    case TextError::kBadJson: return "BadJson";
    case TextError::kBadBitmap: return "BadBitmap";
  }
  std::string out;
  format_value(column, 0, out);
  return out;
}

struct Case {
  DataType type;
  std::string_view text;
  std::string_view expected;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(load(c.type, c.text), c.expected) << c.type.to_string() << " '" << c.text << "'";
}

TEST(ValueText, IntegersTakeSignsBlanksAndFractionsAndKnowTheirRange) {
  expect_all({
      {kInt, "0", "0"},
      {kInt, " \t42\r\n", "42"},
      {kInt, "+7", "7"},
      {kInt, "-0007", "-7"},
      {kInt, "3.99", "3"},
      {kInt, "-3.", "-3"},
      {kInt, "2147483647", "2147483647"},
      {kInt, "2147483648", "OutOfRange"},
      {kInt, "-2147483648", "-2147483648"},
      {kInt, "-2147483649", "OutOfRange"},
      {kInt, "00000000000000000000000000000000000000000000042", "42"},
      {kInt, "99999999999999999999999999999999999999999999999999", "OutOfRange"},
      {kInt, "", "NotANumber"},
      {kInt, " ", "NotANumber"},
      {kInt, "-", "NotANumber"},
      {kInt, "+-1", "NotANumber"},
      {kInt, ".5", "NotANumber"},
      {kInt, "1 2", "NotANumber"},
      {kInt, "1x", "NotANumber"},
      {kInt, "1e3", "1000"},
      {kInt, "-1.2345678E7", "-12345678"},
      {kInt, "1.2345678E6", "1234567"},
      {kInt, "9e-1", "0"},
      {kInt, "0e99999999999999999999", "0"},
      {kInt, "1e99999999999999999999", "OutOfRange"},
      {kInt, "1e-99999999999999999999", "0"},
      {kInt, "12345678901234567890123e-20", "123"},
      {kInt, "-2147483648e0", "-2147483648"},
      {kInt, "-21474836.49e2", "OutOfRange"},
      {kInt, "1e", "NotANumber"},
      {kInt, "1e3x", "NotANumber"},
      {kInt, "1e3.5", "NotANumber"},
      {kBigInt, "1e+16", "10000000000000000"},
      {kBigInt, "18446744073709551617e0", "OutOfRange"},
      {kLargeInt, "1.7e38", "170000000000000000000000000000000000000"},
      {kLargeInt, "1.8e38", "OutOfRange"},
      {kLargeInt, "9e38", "OutOfRange"},
      {kInt, "99999999999999999999x", "NotANumber"},
      {kTinyInt, "127", "127"},
      {kTinyInt, "128", "OutOfRange"},
      {kTinyInt, "-128", "-128"},
      {kBigInt, "9223372036854775807", "9223372036854775807"},
      {kBigInt, "9223372036854775808", "OutOfRange"},
      {kBigInt, "-9223372036854775808", "-9223372036854775808"},
      {kBigInt, "18446744073709551616", "OutOfRange"},
      {kLargeInt, "170141183460469231731687303715884105727", "170141183460469231731687303715884105727"},
      {kLargeInt, "170141183460469231731687303715884105728", "OutOfRange"},
      {kLargeInt, "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"},
      {kLargeInt, "999999999999999999999999999999999999999", "OutOfRange"},
      {kLargeInt, "340282366920938463463374607431768211457", "OutOfRange"},
      {kLargeInt, "1000000000000000000000000000000000000", "1000000000000000000000000000000000000"},
  });
}

TEST(ValueText, BooleansAreWordsOrDigits) {
  expect_all({{kBoolean, "true", "1"},
              {kBoolean, "FALSE", "0"},
              {kBoolean, " 1 ", "1"},
              {kBoolean, "0", "0"},
              {kBoolean, "t", "1"},
              {kBoolean, "no", "0"},
              {kBoolean, "2", "BadBoolean"},
              {kBoolean, "", "BadBoolean"}});
}

TEST(ValueText, DecimalsAreExactAndRoundHalfUp) {
  expect_all({
      {decimal(10, 2), "1.5", "1.50"},
      {decimal(10, 2), "+1.005", "1.01"},
      {decimal(10, 2), "1.00499999999999999999", "1.00"},
      {decimal(10, 2), "-1.005", "-1.01"},
      {decimal(10, 2), "-0.005", "-0.01"},
      {decimal(10, 2), "-0.004", "0.00"},
      {decimal(10, 2), ".5", "0.50"},
      {decimal(10, 2), "5.", "5.00"},
      {decimal(10, 2), "1.5e3", "1500.00"},
      {decimal(10, 2), "15E-1", "1.50"},
      {decimal(10, 2), "5e-3", "0.01"},
      {decimal(10, 2), "4e-3", "0.00"},
      {decimal(10, 2), "5e-4", "0.00"},
      {decimal(10, 2), "0e999999999999999999999", "0.00"},
      {decimal(10, 2), "1e999999999999999999999", "OutOfRange"},
      {decimal(10, 2), "1e-999999999999999999999", "0.00"},
      {decimal(10, 2), "99999999.99", "99999999.99"},
      {decimal(10, 2), "99999999.995", "OutOfRange"},
      {decimal(10, 2), "100000000", "OutOfRange"},
      {decimal(10, 2), "000000000000000000000000000000000000000000001.25", "1.25"},
      {decimal(4, 4), "0.9999", "0.9999"},
      {decimal(4, 4), "0.99995", "OutOfRange"},
      {decimal(5, 0), "99.5", "100"},
      {decimal(9, 3), "-123456.789", "-123456.789"},
      {decimal(38, 0), "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
      {decimal(38, 0), "99999999999999999999999999999999999999.5", "OutOfRange"},
      {decimal(38, 38), "-0.00000000000000000000000000000000000001", "-0.00000000000000000000000000000000000001"},
      {decimal(10, 2), "", "NotANumber"},
      {decimal(10, 2), ".", "NotANumber"},
      {decimal(10, 2), "1e", "NotANumber"},
      {decimal(10, 2), "1.2.3", "NotANumber"},
      {decimal(10, 2), "abc", "NotANumber"},
      {decimal(10, 2), "nan", "NotANumber"},
  });
}

TEST(ValueText, RealNumbersReadBackTheSame) {
  expect_all({{kDouble, "1.5", "1.5"},
              {kDouble, "+2", "2"},
              {kDouble, " -0.1 ", "-0.1"},
              {kDouble, "1e300", "1e+300"},
              {kDouble, "100000", "100000"},
              {kDouble, "1e999", "OutOfRange"},
              {kDouble, "-1e999", "OutOfRange"},
              {kDouble, "1e-999", "0"},
              {kDouble, "inf", "inf"},
              {kDouble, "-inf", "-inf"},
              {kDouble, "nan", "nan"},
              {kDouble, "", "NotANumber"},
              {kDouble, "+-1", "NotANumber"},
              {kDouble, "1,5", "NotANumber"},
              {kFloat, "0.1", "0.1"},
              {kFloat, "16777217", "16777216"},
              {kFloat, "1e39", "OutOfRange"}});
  std::mt19937_64 random(test::test_seed());
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    std::string text;
    format_double(value, text);
    Column column(kDouble);
    ASSERT_EQ(append_text(column, text), TextError::kNone) << text;
    ASSERT_EQ(load_fixed<uint64_t>(column.raw_at(0)), bits) << text;
  }
}

TEST(ValueText, DatesTakeTheFormsOfDoris) {
  expect_all({
      {kDate, "2026-01-02", "2026-01-02"},
      {kDate, " 2026/1/2 ", "2026-01-02"},
      {kDate, "20260102", "2026-01-02"},
      {kDate, "2026-01-02 23:59:59.9999999", "2026-01-02"},
      {kDate, "2026-01-02T03:04:05Z", "2026-01-02"},
      {kDate, "2024-02-29", "2024-02-29"},
      {kDate, "2000-02-29", "2000-02-29"},
      {kDate, "1900-02-29", "BadDate"},
      {kDate, "0000-01-01", "0000-01-01"},
      {kDate, "9999-12-31", "9999-12-31"},
      {kDate, "0000-00-00", "BadDate"},
      {kDate, "2026-13-01", "BadDate"},
      {kDate, "2026-04-31", "BadDate"},
      {kDate, "2026-01/02", "BadDate"},
      {kDate, "26-01-02", "BadDate"},
      {kDate, "2026-01-02x", "BadDate"},
      {kDate, "2026-01-", "BadDate"},
      {kDate, "2026", "BadDate"},
      {kDate, "202601023", "BadDate"},
      {kDate, "", "BadDate"},
  });
}

TEST(ValueText, TimesTakeTheFormsOfDorisAndRoundToTheirScale) {
  expect_all({
      {kDateTime, "2026-01-02 03:04:05", "2026-01-02 03:04:05"},
      {kDateTime, "2026-01-02", "2026-01-02 00:00:00"},
      {kDateTime, "20260102030405", "2026-01-02 03:04:05"},
      {kDateTime, "20260102T030405", "2026-01-02 03:04:05"},
      {kDateTime, "2026-01-02 3:4", "2026-01-02 03:04:00"},
      {kDateTime, "2026-01-02T03:04:05.499", "2026-01-02 03:04:05"},
      {kDateTime, "2026-12-31 23:59:59.5", "2027-01-01 00:00:00"},
      {kMillis, "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678"},
      {kMillis, "2026-01-02 03:04:05.6", "2026-01-02 03:04:05.600"},
      {kMillis, "2026-01-02 03:04:05.6785", "2026-01-02 03:04:05.679"},
      {kMicros, "2026-01-02 03:04:05.0000014", "2026-01-02 03:04:05.000001"},
      {kMicros, "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"},
      {kMicros, "0000-01-01", "0000-01-01 00:00:00.000000"},
      {kDateTime, "2026-01-02T03:04:05Z", "2026-01-02 03:04:05"},
      {kDateTime, "2026-01-02T03:04:05+08:00", "2026-01-01 19:04:05"},
      {kDateTime, "2026-01-02 03:04:05 -0330", "2026-01-02 06:34:05"},
      {kDateTime, "2026-01-02 03:04:05+08", "2026-01-01 19:04:05"},
      {kDateTime, "9999-12-31 23:59:59.5", "OutOfRange"},
      {kDateTime, "0000-01-01 00:00:00+01:00", "OutOfRange"},
      {kDateTime, "2026-01-02 24:00:00", "BadDate"},
      {kDateTime, "2026-01-02 03:60:00", "BadDate"},
      {kDateTime, "2026-01-02 03:04:60", "BadDate"},
      {kDateTime, "2026-01-02 03:04:05.", "BadDate"},
      {kDateTime, "2026-01-02 03:04:05+15:00", "BadDate"},
      {kDateTime, "2026-01-02 03:04:05+8:", "BadDate"},
      {kDateTime, "2026-01-02_03:04:05", "BadDate"},
      {kDateTime, "2026-01-02 ab", "BadDate"},
      {kDateTime, "2026-01-02T", "BadDate"},
      {kDateTime, "2026010203", "BadDate"},
      {kDateTime, "202601020304", "BadDate"},
  });
}

TEST(ValueText, EveryDayOfTheCalendarReadsBack) {
  for (int32_t days = -719528; days <= 2932896; ++days) {
    int year;
    unsigned month, day;
    civil_from_days(days, year, month, day);
    ASSERT_EQ(days_from_civil(year, month, day), days);
    ASSERT_TRUE(month >= 1 && month <= 12 && day >= 1 && day <= 31 && year >= 0 && year <= 9999) << days;
  }
  EXPECT_EQ(days_from_civil(1970, 1, 1), 0);
  EXPECT_EQ(days_from_civil(2000, 3, 1), 11017);
}

TEST(ValueText, StringsCountBytesAndMustBeUtf8) {
  expect_all({{kVarchar3, "abc", "abc"},
              {kVarchar3, "abcd", "TooLong"},
              {kVarchar3, "\xe2\x82\xac", "\xe2\x82\xac"},
              {kVarchar3, "\xe2\x82\xac.", "TooLong"},
              {kString, "", ""},
              {kString, " kept ", " kept "},
              {kString, "\xff", "BadUtf8"},
              {kString, "a very long text with \xc3\xa9 in it and \xf0\x9f\x98\x80 too",
               "a very long text with \xc3\xa9 in it and \xf0\x9f\x98\x80 too"},
              {kString, "a very long text with \xc3", "BadUtf8"}});
}

TEST(ValueText, Utf8IsCheckedByTheStandard) {
  for (const std::string_view good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                      "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const std::string_view bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2",
                                     "\xc2"
                                     "a",
                                     "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                                     "\xf5\x80\x80\x80", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(ValueText, JsonIsCheckedAndKeptAsItIs) {
  for (const std::string_view good :
       {"null", " true ", "-0.5e+10", "0", "\"\\u00e9\\n\"", "[]", "[1, [2], {}]", "{\"a\" : [1,2,{\"b\":null}] }"}) {
    EXPECT_EQ(load(kJson, good), good);
  }
  for (const std::string_view bad : {"", "nul", "01", "1.", ".5", "+1", "1e", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\n\"",
                                     "[1,]", "[1", "{\"a\"}", "{a:1}", "{\"a\":1,}", "1 2", "'a'"}) {
    EXPECT_EQ(load(kJson, bad), "BadJson") << bad;
  }
  EXPECT_EQ(load(kJson, std::string(128, '[') + std::string(128, ']')), std::string(128, '[') + std::string(128, ']'));
  EXPECT_EQ(load(kJson, std::string(1'000'000, '[')), "BadJson");
  EXPECT_EQ(load(kJson, "\"\xff\""), "BadUtf8");
}

TEST(ValueText, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(describe(TextError::kNotANumber, kInt, "abc"), "'abc' is not a valid int");
  EXPECT_EQ(describe(TextError::kOutOfRange, kTinyInt, "300"), "'300' is out of range for tinyint");
  EXPECT_EQ(describe(TextError::kTooLong, kVarchar3, "abcd"), "'abcd' has 4 bytes, but varchar(3) takes at most 3");
  EXPECT_EQ(describe(TextError::kBadUtf8, kString, "a\xff\n"), "'a\\xff\\x0a' is not valid UTF-8");
  const std::string long_text =
      describe(TextError::kBadDate, kDate, std::string(63, 'x') + "\xe2\x82\xac" + std::string(1000, 'y'));
  EXPECT_EQ(long_text, "'" + std::string(63, 'x') + "...' is not a valid date");
}

TEST(ValueText, DefaultsBecomeValues) {
  ColumnSchema schema{.id = ColumnId(1), .name = "c", .type = kInt, .default_value = "7"};
  Column numbers(kInt);
  ASSERT_TRUE(append_default(schema, 0, numbers).ok());
  EXPECT_EQ(numbers.values<int32_t>()[0], 7);
  schema.default_value = "seven";
  EXPECT_EQ(append_default(schema, 0, numbers).message(), "DEFAULT of column 'c': 'seven' is not a valid int");
  schema.default_value.reset();
  ASSERT_TRUE(append_default(schema, 0, numbers).ok());
  EXPECT_TRUE(numbers.is_null(1));
  schema.nullable = false;
  EXPECT_EQ(append_default(schema, 0, numbers).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(numbers.size(), 2u);
}

TEST(ValueText, CurrentTimestampIsCutToTheScale) {
  ColumnSchema schema{.id = ColumnId(1), .name = "c", .type = kMillis, .default_current_timestamp = true};
  Column times(kMillis), dates(kDate);
  ASSERT_TRUE(append_default(schema, 1'500'000'999, times).ok());
  ASSERT_TRUE(append_default(schema, -1, times).ok());
  EXPECT_EQ(times.values<int64_t>()[0], 1'500'000'000);
  EXPECT_EQ(times.values<int64_t>()[1], -1'000);
  schema.type = kDate;
  ASSERT_TRUE(append_default(schema, -1, dates).ok());
  EXPECT_EQ(dates.values<int32_t>()[0], -1);
}

}  // namespace
}  // namespace freshet
