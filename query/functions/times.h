#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Dates and times as MySQL reads and writes them. A moment is microseconds since 1970-01-01 00:00:00, a day days since
/// then, a time of TIME's kind microseconds with a sign, up to 838:59:59.
namespace freshet::query {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;
inline constexpr int64_t kLargestTimeMicros = 839 * kMicrosPerHour - kMicrosPerSecond;
/// 0000-01-01 00:00:00.
inline constexpr int64_t kFirstMicros = -719528 * kMicrosPerDay;
/// TO_DAYS('1970-01-01').
inline constexpr int64_t kDaysBefore1970 = 719528;

struct Moment {
  int64_t micros = 0;
  bool has_time = false;  ///< written with hours

  bool operator==(const Moment&) const = default;
};

/// A moment in parts.
struct Civil {
  int year = 0;
  unsigned month = 1;
  unsigned day = 1;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  unsigned micros = 0;
};

Civil civil_of(int64_t micros);
/// Nothing when there is no such moment between the years 0 and 9999.
std::optional<int64_t> micros_of(const Civil& civil);
/// Nothing when the moment is not between the years 0 and 9999.
std::optional<int64_t> in_range(int64_t micros);
int64_t day_of(int64_t micros);
unsigned days_in_month(int year, unsigned month);

/// '2024-1-5', '24/01/05 6:7', '20240105060708.5', '2024-01-05T06:07:08'; what follows is passed over. Nothing when it
/// names no day.
std::optional<Moment> parse_moment(std::string_view text);
/// 20240105 and 20240105060708, also with two digits of the year.
std::optional<Moment> moment_of_number(int64_t number, int64_t micros);
/// '10:20:30.5', '-10:20', '1 10:20:30' (a day more), '102030', or the time of a moment's text; limited to TIME's range.
std::optional<int64_t> parse_time(std::string_view text);
/// 102030; nothing when minutes or seconds are above 59.
std::optional<int64_t> time_of_number(int64_t number, int64_t micros);

/// 20240105, 20240105060708, 102030.
int64_t number_of_day(int64_t day);
int64_t number_of_moment(int64_t micros);
int64_t number_of_time(int64_t micros);

/// Fractions are written in three digits when that is all there is, else in six, and not when there is none; or in as many
/// as told.
inline constexpr int kAsManyDigitsAsNeeded = -1;
std::string date_text(int64_t day);
std::string moment_text(int64_t micros, int digits = kAsManyDigitsAsNeeded);
std::string time_text(int64_t micros, int digits = kAsManyDigitsAsNeeded);

/// WEEK(day, mode); `week_year` gets the year that the week belongs to, which is another one only for modes 2, 3, 6, 7.
unsigned week_of(int64_t day, unsigned mode, int& week_year);
/// YEARWEEK(day, mode).
int64_t year_and_week(int64_t day, unsigned mode);
/// 0 is Monday.
unsigned weekday_of(int64_t day);
unsigned day_of_year(int64_t day);

/// '+05:30' in microseconds; nothing for names.
std::optional<int64_t> parse_zone_offset(std::string_view text);

}  // namespace freshet::query
