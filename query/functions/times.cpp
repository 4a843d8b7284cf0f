#include "query/functions/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

constexpr int kLastYear = 9999;
constexpr unsigned kMonths = 12;
constexpr unsigned kDaysInWeek = 7;
constexpr int kMostFractionDigits = 6;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_mark(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

int full_year(int year) { return year < 70 ? year + 2000 : year + 1900; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Reads fields of digits one after another.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void skip() { ++at_; }
  size_t digits_ahead() const {
    size_t count = 0;
    while (at_ + count < text_.size() && is_digit(text_[at_ + count])) ++count;
    return count;
  }
  /// At most `most` digits; nothing when there is none.
  std::optional<unsigned> take(size_t most) {
    unsigned value = 0;
    size_t count = 0;
    for (; count < most && !at_end() && is_digit(text_[at_]); ++count)
      value = value * 10 + static_cast<unsigned>(text_[at_++] - '0');
    return count == 0 ? std::nullopt : std::optional(value);
  }
  /// Digits behind a point, as microseconds: rounded off, not up.
  unsigned take_fraction() {
    unsigned value = 0;
    for (int i = 0; i < kMostFractionDigits; ++i) {
      value *= 10;
      if (!at_end() && is_digit(text_[at_])) value += static_cast<unsigned>(text_[at_++] - '0');
    }
    while (!at_end() && is_digit(text_[at_])) ++at_;
    return value;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

/// Hours and what follows them, of a moment; false when they are none.
bool read_clock(FieldReader& fields, bool is_packed, Civil& civil) {
  unsigned* const parts[] = {&civil.hour, &civil.minute, &civil.second};
  for (unsigned* part : parts) {
    const auto value = fields.take(2);
    if (!value) break;
    *part = *value;
    if (part == &civil.second) break;
    if (!is_packed) {
      if (!is_mark(fields.peek()) || fields.peek() == '.') break;
      fields.skip();
    }
  }
  if (fields.peek() == '.') {
    fields.skip();
    civil.micros = fields.take_fraction();
  }
  return civil.hour < 24 && civil.minute < 60 && civil.second < 60;
}

std::string fraction_text(int64_t micros, int digits) {
  if (digits == kAsManyDigitsAsNeeded) digits = micros == 0 ? 0 : micros % 1000 == 0 ? 3 : kMostFractionDigits;
  if (digits == 0) return {};
  return fmt::format(".{:06}", micros).substr(0, static_cast<size_t>(digits) + 1);
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

}  // namespace

unsigned days_in_month(int year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

int64_t day_of(int64_t micros) {
  const int64_t day = micros / kMicrosPerDay;
  return micros % kMicrosPerDay < 0 ? day - 1 : day;
}

Civil civil_of(int64_t micros) {
  const int64_t day = day_of(micros);
  const int64_t clock = micros - day * kMicrosPerDay;
  Civil civil;
  civil_from_days(static_cast<int32_t>(day), civil.year, civil.month, civil.day);
  civil.hour = static_cast<unsigned>(clock / kMicrosPerHour);
  civil.minute = static_cast<unsigned>(clock / kMicrosPerMinute % 60);
  civil.second = static_cast<unsigned>(clock / kMicrosPerSecond % 60);
  civil.micros = static_cast<unsigned>(clock % kMicrosPerSecond);
  return civil;
}

std::optional<int64_t> micros_of(const Civil& civil) {
  if (civil.year < 0 || civil.year > kLastYear || civil.month < 1 || civil.month > kMonths || civil.day < 1 ||
      civil.day > days_in_month(civil.year, civil.month)) {
    return std::nullopt;
  }
  return days_from_civil(civil.year, civil.month, civil.day) * kMicrosPerDay + civil.hour * kMicrosPerHour +
         civil.minute * kMicrosPerMinute + civil.second * kMicrosPerSecond + civil.micros;
}

std::optional<int64_t> in_range(int64_t micros) {
  static const int64_t kFirst = days_from_civil(0, 1, 1) * kMicrosPerDay;
  static const int64_t kEnd = days_from_civil(kLastYear + 1, 1, 1) * kMicrosPerDay;
  return micros >= kFirst && micros < kEnd ? std::optional(micros) : std::nullopt;
}

std::optional<Moment> parse_moment(std::string_view text) {
  FieldReader fields(trimmed(text));
  const size_t digits = fields.digits_ahead();
  constexpr size_t kLongYear = 4;
  constexpr size_t kPackedDay = 8;
  constexpr size_t kPackedMoment = 14;
  const bool has_long_year = digits == kLongYear || digits == kPackedDay || digits >= kPackedMoment;
  const bool is_packed = digits > kLongYear;
  Civil civil;
  const auto year = fields.take(has_long_year ? kLongYear : 2);
  if (!year) return std::nullopt;
  civil.year = has_long_year ? static_cast<int>(*year) : full_year(static_cast<int>(*year));
  for (unsigned* part : {&civil.month, &civil.day}) {
    if (!is_packed) {
      if (!is_mark(fields.peek())) return std::nullopt;
      fields.skip();
    }
    const auto value = fields.take(2);
    if (!value) return std::nullopt;
    *part = *value;
  }
  Moment moment;
  if (is_packed) {
    moment.has_time = digits > kPackedDay || (!has_long_year && digits > 6);
  } else if (!fields.at_end()) {
    const bool is_separated = fields.peek() == 'T' || is_blank(fields.peek()) || is_mark(fields.peek());
    while (is_blank(fields.peek())) fields.skip();
    if (is_separated && (fields.peek() == 'T' || is_mark(fields.peek()))) fields.skip();
    moment.has_time = is_separated && fields.digits_ahead() > 0;
  }
  if (is_packed && (fields.peek() == 'T' || is_blank(fields.peek()))) {
    fields.skip();
    moment.has_time = fields.digits_ahead() > 0;
    if (moment.has_time && !read_clock(fields, fields.digits_ahead() > 2, civil)) return std::nullopt;
  } else if (moment.has_time && !read_clock(fields, is_packed, civil)) {
    return std::nullopt;
  }
  const auto micros = micros_of(civil);
  if (!micros) return std::nullopt;
  moment.micros = *micros;
  return moment;
}

std::optional<Moment> moment_of_number(int64_t number, int64_t micros) {
  constexpr int64_t kDay = 100'000'000;
  constexpr int64_t kClock = 1'000'000;
  if (number < 101) return std::nullopt;
  Moment moment;
  int64_t day = number;
  int64_t clock = 0;
  if (number >= kDay) {
    day = number / kClock;
    clock = number % kClock;
    moment.has_time = true;
  }
  Civil civil;
  const int64_t year = day / 10000;
  civil.year = static_cast<int>(day < kClock ? full_year(static_cast<int>(year)) : year);
  civil.month = static_cast<unsigned>(day / 100 % 100);
  civil.day = static_cast<unsigned>(day % 100);
  civil.hour = static_cast<unsigned>(clock / 10000);
  civil.minute = static_cast<unsigned>(clock / 100 % 100);
  civil.second = static_cast<unsigned>(clock % 100);
  civil.micros = static_cast<unsigned>(micros);
  if (year > kLastYear || civil.hour > 23 || civil.minute > 59 || civil.second > 59) return std::nullopt;
  const auto found = micros_of(civil);
  if (!found) return std::nullopt;
  moment.micros = *found;
  return moment;
}

std::optional<int64_t> time_of_number(int64_t number, int64_t micros) {
  const bool negative = number < 0;
  const int64_t magnitude = std::abs(number);
  if (magnitude / 100 % 100 > 59 || magnitude % 100 > 59) return std::nullopt;
  const int64_t hours = std::min<int64_t>(magnitude / 10000, 839);
  const int64_t time = std::min(
      hours * kMicrosPerHour + magnitude / 100 % 100 * kMicrosPerMinute + magnitude % 100 * kMicrosPerSecond + micros,
      kLargestTimeMicros);
  return negative ? -time : time;
}

std::optional<int64_t> parse_time(std::string_view text) {
  text = trimmed(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  FieldReader fields(text);
  const size_t digits = fields.digits_ahead();
  constexpr size_t kMostDigits = 9;
  if (digits == 0 && fields.peek() != '.') return std::nullopt;
  // A moment's text has a mark that is no colon behind the year, or all its digits together.
  const char behind = digits < text.size() ? text[digits] : '\0';
  if (digits >= 12 || (digits == 4 && is_mark(behind) && behind != ':' && behind != '.') || (digits == 8 && behind == 'T')) {
    const auto moment = parse_moment(text);
    if (!moment) return std::nullopt;
    return moment->micros - day_of(moment->micros) * kMicrosPerDay;
  }
  if (digits > kMostDigits) return std::nullopt;
  int64_t hours = 0;
  unsigned minutes = 0;
  unsigned seconds = 0;
  if (digits < text.size() && is_blank(behind)) {
    hours = *fields.take(kMostDigits) * int64_t{24};
    while (is_blank(fields.peek())) fields.skip();
    hours += fields.take(2).value_or(0);
  } else if (behind == ':') {
    hours = *fields.take(kMostDigits);
  } else {
    const int64_t number = fields.take(kMostDigits).value_or(0);
    if (fields.peek() == '.') fields.skip();
    const auto time = time_of_number(number, fields.take_fraction());
    return time && negative ? std::optional(-*time) : time;
  }
  for (unsigned* part : {&minutes, &seconds}) {
    if (fields.peek() != ':') break;
    fields.skip();
    const auto value = fields.take(2);
    if (!value || *value > 59) return std::nullopt;
    *part = *value;
  }
  unsigned micros = 0;
  if (fields.peek() == '.') {
    fields.skip();
    micros = fields.take_fraction();
  }
  const int64_t time = std::min(
      std::min<int64_t>(hours, 839) * kMicrosPerHour + minutes * kMicrosPerMinute + seconds * kMicrosPerSecond + micros,
      kLargestTimeMicros);
  return negative ? -time : time;
}

int64_t number_of_day(int64_t day) {
  const Civil civil = civil_of(day * kMicrosPerDay);
  return civil.year * int64_t{10000} + civil.month * 100 + civil.day;
}

int64_t number_of_moment(int64_t micros) {
  const Civil civil = civil_of(micros);
  return number_of_day(day_of(micros)) * 1'000'000 + civil.hour * 10000 + civil.minute * 100 + civil.second;
}

int64_t number_of_time(int64_t micros) {
  const int64_t seconds = std::abs(micros) / kMicrosPerSecond;
  const int64_t number = seconds / 3600 * 10000 + seconds / 60 % 60 * 100 + seconds % 60;
  return micros < 0 ? -number : number;
}

std::string date_text(int64_t day) {
  std::string text;
  format_date(static_cast<int32_t>(day), text);
  return text;
}

std::string moment_text(int64_t micros, int digits) {
  std::string text;
  format_datetime(micros, 0, text);
  const int64_t fraction = micros % kMicrosPerSecond;
  return text + fraction_text(fraction < 0 ? fraction + kMicrosPerSecond : fraction, digits);
}

std::string time_text(int64_t micros, int digits) {
  const int64_t magnitude = std::abs(micros);
  return fmt::format("{}{:02}:{:02}:{:02}", micros < 0 ? "-" : "", magnitude / kMicrosPerHour,
                     magnitude / kMicrosPerMinute % 60, magnitude / kMicrosPerSecond % 60) +
         fraction_text(magnitude % kMicrosPerSecond, digits);
}

unsigned weekday_of(int64_t day) {
  // 1970-01-01 was a Thursday.
  const int64_t weekday = (day + 3) % kDaysInWeek;
  return static_cast<unsigned>(weekday < 0 ? weekday + kDaysInWeek : weekday);
}

unsigned day_of_year(int64_t day) {
  const Civil civil = civil_of(day * kMicrosPerDay);
  return static_cast<unsigned>(day - days_from_civil(civil.year, 1, 1) + 1);
}

unsigned week_of(int64_t day, unsigned mode, int& week_year) {
  // MySQL's rules: a week begins on Sunday or Monday, and the first is the one with the first such day, or with four days.
  const bool starts_on_monday = (mode & 1) != 0;
  bool counts_across_years = (mode & 2) != 0;
  const bool first_has_weekday = ((mode & 4) != 0) == starts_on_monday;
  const Civil civil = civil_of(day * kMicrosPerDay);
  week_year = civil.year;
  int64_t first_day = days_from_civil(civil.year, 1, 1);
  const auto days_in_year = [](int year) { return is_leap(year) ? 366U : 365U; };
  unsigned weekday = (weekday_of(first_day) + (starts_on_monday ? 0 : 1)) % kDaysInWeek;
  const auto begins_later = [&] { return first_has_weekday ? weekday != 0 : weekday >= 4; };
  if (civil.month == 1 && civil.day <= kDaysInWeek - weekday) {
    if (!counts_across_years && begins_later()) return 0;
    if (begins_later()) {
      counts_across_years = true;
      --week_year;
      const unsigned days = days_in_year(week_year);
      first_day -= days;
      weekday = (weekday + 53 * kDaysInWeek - days) % kDaysInWeek;
    }
  }
  const int64_t first_week = begins_later() ? first_day + (kDaysInWeek - weekday) : first_day - weekday;
  const int64_t days = day - first_week;
  if (counts_across_years && days >= 52 * int64_t{kDaysInWeek}) {
    weekday = (weekday + days_in_year(week_year)) % kDaysInWeek;
    if (!begins_later()) {
      ++week_year;
      return 1;
    }
  }
  return static_cast<unsigned>(days / kDaysInWeek + 1);
}

int64_t year_and_week(int64_t day, unsigned mode) {
  int year = 0;
  const unsigned week = week_of(day, mode | 2, year);
  return year * int64_t{100} + week;
}

std::optional<int64_t> parse_zone_offset(std::string_view text) {
  if (text == "UTC" || text == "GMT" || text == "Z" || text == "SYSTEM") return 0;
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  FieldReader fields(text.substr(1));
  const auto hours = fields.take(2);
  if (!hours || fields.peek() != ':') return std::nullopt;
  fields.skip();
  const auto minutes = fields.take(2);
  constexpr unsigned kMostHours = 14;
  if (!minutes || !fields.at_end() || *minutes > 59 || *hours > kMostHours) return std::nullopt;
  const int64_t offset = *hours * kMicrosPerHour + *minutes * kMicrosPerMinute;
  return text[0] == '-' ? -offset : offset;
}

}  // namespace freshet::query
