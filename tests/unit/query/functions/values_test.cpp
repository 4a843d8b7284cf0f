#include <gtest/gtest.h>

#include "query/functions/date_patterns.h"
#include "query/functions/intervals.h"
#include "query/functions/json_text.h"
#include "query/functions/numbers.h"
#include "query/functions/texts.h"
#include "query/functions/times.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

std::string moment(std::string_view text) {
  const auto parsed = parse_moment(text);
  return parsed ? moment_text(parsed->micros) : "none";
}

TEST(MysqlTimes, MomentsAreReadInManyForms) {
  EXPECT_EQ(moment("2024-01-05"), "2024-01-05 00:00:00");
  EXPECT_EQ(moment("24-1-5 6:7"), "2024-01-05 06:07:00");
  EXPECT_EQ(moment("20240105060708.5"), "2024-01-05 06:07:08.500");
  EXPECT_EQ(moment("2024-01-05T06:07:08"), "2024-01-05 06:07:08");
  EXPECT_EQ(moment("70.12.31"), "1970-12-31 00:00:00");
  for (std::string_view wrong : {"", "abc", "2024", "2024-02-30", "2024-01-05 24:00:00", "2024-13-01", "2024-01-05 10:60"}) {
    EXPECT_EQ(moment(wrong), "none") << wrong;
  }
}

TEST(MysqlTimes, TimesHaveASignAndMayBeLong) {
  EXPECT_EQ(time_text(*parse_time("-1 02:03:04.5")), "-26:03:04.500");
  EXPECT_EQ(time_text(*parse_time("900:00:00")), "838:59:59");
  EXPECT_EQ(time_text(*parse_time("2024-01-05 10:20:30")), "10:20:30");
  EXPECT_FALSE(parse_time("10:61:00"));
}

/// Every week of every mode lies within its year's bounds, and grows by one from week to week.
TEST(MysqlTimes, WeeksGoOnWithoutGaps) {
  for (unsigned mode = 0; mode < 8; ++mode) {
    const unsigned first_weekday = (mode & 1) != 0 ? 0 : 6;
    int64_t previous = -1;
    for (int64_t day = days_from_civil(1999, 1, 1); day < days_from_civil(2030, 1, 1); ++day) {
      const int64_t week = year_and_week(day, mode);
      EXPECT_GE(week % 100, 1);
      EXPECT_LE(week % 100, 53);
      if (previous >= 0) {
        EXPECT_EQ(week != previous, weekday_of(day) == first_weekday) << date_text(day) << " in mode " << mode;
      }
      previous = week;
    }
  }
}

/// The begin of a unit is the last moment not behind this one at which the unit's parts change.
TEST(MysqlTimes, UnitsBegin) {
  const auto begin = [](IntervalUnit unit, std::string_view text) {
    return moment_text(begin_of(unit, parse_moment(text)->micros));
  };
  constexpr std::string_view kMoment = "2024-05-16 17:18:19.123456";
  EXPECT_EQ(begin(IntervalUnit::kSecond, kMoment), "2024-05-16 17:18:19");
  EXPECT_EQ(begin(IntervalUnit::kMinute, kMoment), "2024-05-16 17:18:00");
  EXPECT_EQ(begin(IntervalUnit::kHour, kMoment), "2024-05-16 17:00:00");
  EXPECT_EQ(begin(IntervalUnit::kDay, kMoment), "2024-05-16 00:00:00");
  EXPECT_EQ(begin(IntervalUnit::kWeek, kMoment), "2024-05-13 00:00:00");
  EXPECT_EQ(begin(IntervalUnit::kMonth, kMoment), "2024-05-01 00:00:00");
  EXPECT_EQ(begin(IntervalUnit::kQuarter, kMoment), "2024-04-01 00:00:00");
  EXPECT_EQ(begin(IntervalUnit::kYear, kMoment), "2024-01-01 00:00:00");
  EXPECT_EQ(begin(IntervalUnit::kHour, "1969-12-31 23:59:59"), "1969-12-31 23:00:00");
  EXPECT_EQ(begin(IntervalUnit::kWeek, "1969-12-31 23:59:59"), "1969-12-29 00:00:00");
  for (IntervalUnit unit : {IntervalUnit::kMonth, IntervalUnit::kQuarter, IntervalUnit::kYear}) {
    const int64_t months = unit == IntervalUnit::kMonth ? 1 : unit == IntervalUnit::kQuarter ? 3 : 12;
    int64_t expected = 0;
    for (int64_t day = days_from_civil(0, 1, 1); day <= days_from_civil(9999, 12, 31); ++day) {
      const Civil civil = civil_of(day * kMicrosPerDay);
      if (civil.day == 1 && (civil.month - 1) % months == 0) expected = day * kMicrosPerDay;
      ASSERT_EQ(begin_of(unit, day * kMicrosPerDay + kMicrosPerDay - 1), expected) << date_text(day);
    }
  }
}

TEST(MysqlTimes, PatternsReadWhatTheyWrite) {
  const std::string pattern = "%W %e %M %Y %h:%i:%s.%f %p";
  for (int64_t micros : {0L, 1'234'567'890'123'456L, -1L, 951'782'400'000'000L}) {
    const std::string text = formatted_moment(micros, pattern);
    EXPECT_EQ(parse_by_pattern(text, pattern), micros) << text;
  }
}

TEST(MysqlTimes, IntervalsStayInTheCalendar) {
  const auto day = parse_moment("2024-01-31")->micros;
  EXPECT_EQ(date_text(day_of(*added(day, *parse_interval("0-1", IntervalUnit::kYearMonth)))), "2024-02-29");
  EXPECT_FALSE(added(day, Interval{12 * 9000, 0}));
  EXPECT_FALSE(parse_interval("99999999999999999999", IntervalUnit::kDayHour));
  EXPECT_EQ(units_between(IntervalUnit::kMonth, day, *added(day, Interval{1, 0})), 0);
}

TEST(MysqlNumbers, TextsGiveTheNumberAtTheirBeginning) {
  EXPECT_EQ(leading_double(" 12.5abc"), 12.5);
  EXPECT_EQ(leading_double("-1e2x"), -100);
  EXPECT_EQ(leading_double("inf"), 0);
  EXPECT_EQ(leading_integer("-99999999999999999999"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(leading_decimal("12.345", 10, 2), 1235);
  EXPECT_EQ(leading_decimal("1e9", 5, 2), 99999);
}

TEST(MysqlNumbers, QuotientsAreExact) {
  EXPECT_EQ(divided(2, 3, 4), Int128{6667});
  EXPECT_EQ(divided(-1, 8, 2), Int128{-13});
  EXPECT_EQ(divided(power_of_ten(37), 3, 1), (power_of_ten(38) - 1) / 3);
  EXPECT_FALSE(divided(power_of_ten(37), 1, 4));
  EXPECT_FALSE(divided(1, 0, 4));
}

TEST(MysqlNumbers, DoublesAreWrittenShort) {
  EXPECT_EQ(double_text(1), "1");
  EXPECT_EQ(double_text(-0.00001), "-0.00001");
  EXPECT_EQ(double_text(1e20), "1e20");
  EXPECT_EQ(double_text(1.5e-17), "1.5e-17");
  EXPECT_EQ(double_text(123456.75), "123456.75");
  EXPECT_EQ(float_text(0.1F), "0.1");
}

TEST(MysqlTexts, LikeGoesBackBehindPercentSigns) {
  EXPECT_TRUE(is_like("abcabd", "%ab_", '\\'));
  EXPECT_TRUE(is_like("a%b", "a\\%b", '\\'));
  EXPECT_FALSE(is_like("axb", "a\\%b", '\\'));
  EXPECT_TRUE(is_like("ab\\", "ab\\", '\\'));
  EXPECT_FALSE(is_like("abc", "ab", '\\'));
  EXPECT_TRUE(is_like("ä", "_", '\\'));
}

TEST(MysqlJson, DamagedDocumentsAreNone) {
  for (std::string_view text : {"", "{", "[1,]", "{\"a\"}", "01", "\"\\x\"", "nul", "[1] 2", "\"\\ud800\""}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_FALSE(is_json(std::string(kMostJsonDepth + 1, '[') + std::string(kMostJsonDepth + 1, ']')));
}

TEST(MysqlJson, PathsFindAndChange) {
  auto json = *parse_json(R"({"a": [1, {"b": 2}], "c d": "x"})");
  EXPECT_EQ(json_text(*json_at(json, *parse_json_path("$.a[last].b")).front()), "2");
  EXPECT_EQ(json_at(json, *parse_json_path("$**.b")).size(), 1U);
  EXPECT_EQ(json_text(*json_at(json, *parse_json_path("$.\"c d\"")).front()), "\"x\"");
  EXPECT_TRUE(change_json(json, *parse_json_path("$.a[1].b"), JsonChange::kSet, *parse_json("[]")));
  EXPECT_FALSE(change_json(json, *parse_json_path("$.*"), JsonChange::kSet, Json()));
  EXPECT_EQ(json_text(json), R"({"a": [1, {"b": []}], "c d": "x"})");
  for (std::string_view path : {"", "a", "$.", "$[", "$[x]", "$**"}) EXPECT_FALSE(parse_json_path(path)) << path;
}

}  // namespace
}  // namespace freshet::query
