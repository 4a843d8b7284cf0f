#include "query/functions/intervals.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

struct NamedUnit {
  std::string_view name;
  IntervalUnit unit;
};

constexpr NamedUnit kUnits[] = {
    {"MICROSECOND", IntervalUnit::kMicrosecond},
    {"SECOND", IntervalUnit::kSecond},
    {"MINUTE", IntervalUnit::kMinute},
    {"HOUR", IntervalUnit::kHour},
    {"DAY", IntervalUnit::kDay},
    {"WEEK", IntervalUnit::kWeek},
    {"MONTH", IntervalUnit::kMonth},
    {"QUARTER", IntervalUnit::kQuarter},
    {"YEAR", IntervalUnit::kYear},
    {"SECOND_MICROSECOND", IntervalUnit::kSecondMicrosecond},
    {"MINUTE_MICROSECOND", IntervalUnit::kMinuteMicrosecond},
    {"MINUTE_SECOND", IntervalUnit::kMinuteSecond},
    {"HOUR_MICROSECOND", IntervalUnit::kHourMicrosecond},
    {"HOUR_SECOND", IntervalUnit::kHourSecond},
    {"HOUR_MINUTE", IntervalUnit::kHourMinute},
    {"DAY_MICROSECOND", IntervalUnit::kDayMicrosecond},
    {"DAY_SECOND", IntervalUnit::kDaySecond},
    {"DAY_MINUTE", IntervalUnit::kDayMinute},
    {"DAY_HOUR", IntervalUnit::kDayHour},
    {"YEAR_MONTH", IntervalUnit::kYearMonth},
};

/// The parts of a composite unit, largest first, in microseconds; 1 is the fraction.
std::span<const int64_t> parts_of(IntervalUnit unit) {
  static constexpr std::array<int64_t, 5> kParts = {kMicrosPerDay, kMicrosPerHour, kMicrosPerMinute, kMicrosPerSecond, 1};
  const std::span<const int64_t> all(kParts);
  switch (unit) {
    case IntervalUnit::kSecondMicrosecond: return all.subspan(3, 2);
    case IntervalUnit::kMinuteMicrosecond: return all.subspan(2, 3);
    case IntervalUnit::kMinuteSecond: return all.subspan(2, 2);
    case IntervalUnit::kHourMicrosecond: return all.subspan(1, 4);
    case IntervalUnit::kHourSecond: return all.subspan(1, 3);
    case IntervalUnit::kHourMinute: return all.subspan(1, 2);
    case IntervalUnit::kDayMicrosecond: return all.subspan(0, 5);
    case IntervalUnit::kDaySecond: return all.subspan(0, 4);
    case IntervalUnit::kDayMinute: return all.subspan(0, 3);
    case IntervalUnit::kDayHour: return all.subspan(0, 2);
    default: return {};
  }
}

int64_t months_of(IntervalUnit unit) {
  switch (unit) {
    case IntervalUnit::kMonth: return 1;
    case IntervalUnit::kQuarter: return 3;
    case IntervalUnit::kYear: return 12;
    default: return 0;
  }
}

int64_t micros_of_unit(IntervalUnit unit) {
  switch (unit) {
    case IntervalUnit::kMicrosecond: return 1;
    case IntervalUnit::kSecond: return kMicrosPerSecond;
    case IntervalUnit::kMinute: return kMicrosPerMinute;
    case IntervalUnit::kHour: return kMicrosPerHour;
    case IntervalUnit::kDay: return kMicrosPerDay;
    case IntervalUnit::kWeek: return 7 * kMicrosPerDay;
    default: return 0;
  }
}

constexpr size_t kMostFields = 5;

/// The numbers of a text and how many digits the last has; false when one is too large.
bool read_fields(std::string_view text, std::array<int64_t, kMostFields>& fields, size_t& count, size_t& last_digits) {
  count = 0;
  for (size_t i = 0; i < text.size() && count < kMostFields;) {
    if (text[i] < '0' || text[i] > '9') {
      ++i;
      continue;
    }
    int64_t value = 0;
    last_digits = 0;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, ++last_digits) {
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{text[i] - '0'}, &value))
        return false;
    }
    fields[count++] = value;
  }
  return true;
}

int64_t pair(int64_t high, int64_t low) { return high * 100 + low; }

/// Hours, minutes, seconds and microseconds of a time that is not negative.
struct Clock {
  int64_t hour;
  int64_t minute;
  int64_t second;
  int64_t micros;
};

Clock clock_of(int64_t time) {
  return {time / kMicrosPerHour, time / kMicrosPerMinute % 60, time / kMicrosPerSecond % 60, time % kMicrosPerSecond};
}

int64_t extracted_clock(IntervalUnit unit, int64_t day, const Clock& clock) {
  const int64_t minutes = pair(clock.hour, clock.minute);
  const int64_t seconds = pair(minutes, clock.second);
  const int64_t of_day = day * 1'000'000;
  switch (unit) {
    case IntervalUnit::kMicrosecond: return clock.micros;
    case IntervalUnit::kSecond: return clock.second;
    case IntervalUnit::kMinute: return clock.minute;
    case IntervalUnit::kHour: return clock.hour;
    case IntervalUnit::kSecondMicrosecond: return clock.second * kMicrosPerSecond + clock.micros;
    case IntervalUnit::kMinuteMicrosecond: return pair(clock.minute, clock.second) * kMicrosPerSecond + clock.micros;
    case IntervalUnit::kMinuteSecond: return pair(clock.minute, clock.second);
    case IntervalUnit::kHourMicrosecond: return seconds * kMicrosPerSecond + clock.micros;
    case IntervalUnit::kHourSecond: return seconds;
    case IntervalUnit::kHourMinute: return minutes;
    case IntervalUnit::kDayMicrosecond: return (of_day + seconds) * kMicrosPerSecond + clock.micros;
    case IntervalUnit::kDaySecond: return of_day + seconds;
    case IntervalUnit::kDayMinute: return day * 10000 + minutes;
    case IntervalUnit::kDayHour: return pair(day, clock.hour);
    default: return 0;
  }
}

}  // namespace

std::optional<IntervalUnit> interval_unit(std::string_view name) {
  constexpr std::string_view kPrefix = "SQL_TSI_";
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::string_view wanted = upper;
  if (wanted.starts_with(kPrefix)) wanted.remove_prefix(kPrefix.size());
  const auto found =
      std::find_if(std::begin(kUnits), std::end(kUnits), [&](const NamedUnit& unit) { return unit.name == wanted; });
  return found == std::end(kUnits) ? std::nullopt : std::optional(found->unit);
}

bool is_of_days(IntervalUnit unit) {
  return months_of(unit) != 0 || unit == IntervalUnit::kDay || unit == IntervalUnit::kWeek ||
         unit == IntervalUnit::kYearMonth;
}

bool is_of_time(IntervalUnit unit) {
  return !is_of_days(unit) && (parts_of(unit).empty() || parts_of(unit).front() < kMicrosPerDay);
}

std::optional<Interval> interval_of(int64_t amount, int64_t micros, IntervalUnit unit) {
  Interval interval;
  const bool overflows =
      __builtin_mul_overflow(amount, months_of(unit), &interval.months) ||
      __builtin_mul_overflow(amount, micros_of_unit(unit), &interval.micros) ||
      (unit == IntervalUnit::kSecond && __builtin_add_overflow(interval.micros, micros, &interval.micros));
  return overflows ? std::nullopt : std::optional(interval);
}

std::optional<Interval> parse_interval(std::string_view amount, IntervalUnit unit) {
  while (!amount.empty() && amount.front() == ' ') amount.remove_prefix(1);
  const bool negative = !amount.empty() && amount.front() == '-';
  std::array<int64_t, kMostFields> fields{};
  size_t count = 0;
  size_t last_digits = 0;
  if (!read_fields(amount, fields, count, last_digits)) return std::nullopt;
  Interval interval;
  if (unit == IntervalUnit::kYearMonth) {
    interval.months = count >= 2 ? fields[0] * 12 + fields[1] : fields[0];
  } else {
    const std::span<const int64_t> parts = parts_of(unit);
    count = std::min(count, parts.size());
    for (size_t i = 0; i < count; ++i) {
      const size_t part = parts.size() - count + i;
      int64_t value = fields[i];
      // A fraction has its digits behind a point.
      if (parts[part] == 1) {
        for (size_t digits = last_digits; digits < 6; ++digits) value *= 10;
      }
      if (__builtin_mul_overflow(value, parts[part], &value) ||
          __builtin_add_overflow(interval.micros, value, &interval.micros))
        return std::nullopt;
    }
  }
  if (negative) interval = {-interval.months, -interval.micros};
  return interval;
}

std::optional<int64_t> added(int64_t moment, const Interval& interval) {
  if (interval.months != 0) {
    Civil civil = civil_of(moment);
    constexpr int64_t kMostMonths = 12 * 20000;
    if (std::abs(interval.months) > kMostMonths) return std::nullopt;
    const int64_t months = civil.year * int64_t{12} + civil.month - 1 + interval.months;
    if (months < 0) return std::nullopt;
    civil.year = static_cast<int>(months / 12);
    civil.month = static_cast<unsigned>(months % 12) + 1;
    civil.day = std::min(civil.day, days_in_month(civil.year, civil.month));
    const auto moved = micros_of(civil);
    if (!moved) return std::nullopt;
    moment = *moved;
  }
  if (__builtin_add_overflow(moment, interval.micros, &moment)) return std::nullopt;
  return in_range(moment);
}

int64_t units_between(IntervalUnit unit, int64_t from, int64_t to) {
  const int64_t months_in_unit = months_of(unit);
  if (months_in_unit == 0) return (to - from) / std::max<int64_t>(micros_of_unit(unit), 1);
  const bool negative = to < from;
  if (negative) std::swap(from, to);
  const Civil first = civil_of(from);
  const Civil last = civil_of(to);
  int64_t months = (last.year - first.year) * int64_t{12} + last.month - first.month;
  const int64_t first_clock = from - day_of(from) * kMicrosPerDay;
  const int64_t last_clock = to - day_of(to) * kMicrosPerDay;
  if (last.day < first.day || (last.day == first.day && last_clock < first_clock)) --months;
  return (negative ? -months : months) / months_in_unit;
}

int64_t extracted(IntervalUnit unit, int64_t moment) {
  const Civil civil = civil_of(moment);
  switch (unit) {
    case IntervalUnit::kYear: return civil.year;
    case IntervalUnit::kQuarter: return (civil.month + 2) / 3;
    case IntervalUnit::kMonth: return civil.month;
    case IntervalUnit::kYearMonth: return pair(civil.year, civil.month);
    case IntervalUnit::kDay: return civil.day;
    case IntervalUnit::kWeek: {
      int year = 0;
      return week_of(day_of(moment), 0, year);
    }
    default: return extracted_clock(unit, civil.day, {civil.hour, civil.minute, civil.second, civil.micros});
  }
}

int64_t extracted_of_time(IntervalUnit unit, int64_t time) {
  const int64_t value = extracted_clock(unit, 0, clock_of(std::abs(time)));
  return time < 0 ? -value : value;
}

int64_t begin_of(IntervalUnit unit, int64_t moment) {
  const int64_t months = months_of(unit);
  if (months != 0) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    const int64_t date = day_of(moment);
    civil_from_days(static_cast<int32_t>(date), year, month, day);
    if (months == 1) return (date - day + 1) * kMicrosPerDay;
    month = (month - 1) / static_cast<unsigned>(months) * static_cast<unsigned>(months) + 1;
    return days_from_civil(year, month, 1) * kMicrosPerDay;
  }
  if (unit == IntervalUnit::kWeek) {
    const int64_t day = day_of(moment);
    return (day - weekday_of(day)) * kMicrosPerDay;
  }
  const int64_t size = std::max<int64_t>(micros_of_unit(unit), 1);
  const int64_t rest = moment % size;
  return moment - (rest < 0 ? rest + size : rest);
}

}  // namespace freshet::query
