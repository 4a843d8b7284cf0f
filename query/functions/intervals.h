#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/functions/times.h"

/// INTERVAL n unit, and what is counted in its units.
namespace freshet::query {

enum class IntervalUnit : uint8_t {
  kMicrosecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kSecondMicrosecond,
  kMinuteMicrosecond,
  kMinuteSecond,
  kHourMicrosecond,
  kHourSecond,
  kHourMinute,
  kDayMicrosecond,
  kDaySecond,
  kDayMinute,
  kDayHour,
  kYearMonth,
};

/// DAY_SECOND, also SQL_TSI_DAY; in any case of letters.
std::optional<IntervalUnit> interval_unit(std::string_view name);
/// True for days and what is made of them: then a date stays one.
bool is_of_days(IntervalUnit unit);

struct Interval {
  int64_t months = 0;
  int64_t micros = 0;
};

/// '1:30' MINUTE_SECOND: the numbers between other characters, the last of them in the smallest unit. Nothing when it
/// overflows.
std::optional<Interval> parse_interval(std::string_view amount, IntervalUnit unit);
/// A whole number of a simple unit, and microseconds beside seconds.
std::optional<Interval> interval_of(int64_t amount, int64_t micros, IntervalUnit unit);
/// Months first: the day becomes the month's last where it has fewer. Nothing outside the years 0 to 9999.
std::optional<int64_t> added(int64_t moment, const Interval& interval);

/// TIMESTAMPDIFF: whole units from `from` to `to`. REQUIRES: a simple unit.
int64_t units_between(IntervalUnit unit, int64_t from, int64_t to);
/// EXTRACT(unit FROM moment): 2024-01-05 10:20:30 in DAY_MINUTE is 51020.
int64_t extracted(IntervalUnit unit, int64_t moment);
/// The same of a time, whose hours may be above 23.
int64_t extracted_of_time(IntervalUnit unit, int64_t time);
/// True for units that a time has.
bool is_of_time(IntervalUnit unit);
/// DATE_TRUNC: the moment at which its unit began; weeks begin on Monday. REQUIRES: a simple unit.
int64_t begin_of(IntervalUnit unit, int64_t moment);

}  // namespace freshet::query
