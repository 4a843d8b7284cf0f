#include "storage/types/text_time.h"

#include "storage/types/text_number.h"

namespace freshet {
namespace {

constexpr unsigned kMicroDigits = 6;
constexpr unsigned kMostOffsetHours = 14;

struct TimeText {
  int32_t days = 0;
  int64_t micros = 0;          ///< since midnight, rounded to the scale
  int64_t offset_minutes = 0;  ///< east of UTC
};

/// Takes digits off the front of `text`: at least `least`, at most `most`.
bool take_number(std::string_view& text, size_t least, size_t most, unsigned& value) {
  size_t count = 0;
  value = 0;
  while (count < most && count < text.size() && is_digit(text[count])) value = value * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count >= least;
}

bool take_letter(std::string_view& text, char letter) {
  if (text.empty() || text.front() != letter) return false;
  text.remove_prefix(1);
  return true;
}

unsigned days_in_month(unsigned year, unsigned month) {
  constexpr uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/// `is_compact` tells that the date had no separators.
bool take_date(std::string_view& text, int32_t& days, bool& is_compact) {
  unsigned year, month, day;
  if (!take_number(text, 4, 4, year) || text.empty()) return false;
  const char separator = text.front();
  is_compact = is_digit(separator);
  if (is_compact) {
    if (!take_number(text, 2, 2, month) || !take_number(text, 2, 2, day)) return false;
  } else {
    if (separator != '-' && separator != '/') return false;
    text.remove_prefix(1);
    if (!take_number(text, 1, 2, month) || !take_letter(text, separator) || !take_number(text, 1, 2, day)) return false;
  }
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
  days = days_from_civil(static_cast<int>(year), month, day);
  return true;
}

bool take_fraction(std::string_view& text, unsigned scale, int64_t& micros) {
  if (!take_letter(text, '.')) return true;
  int64_t unit = kMicrosPerSecond;
  bool any = false;
  for (unsigned i = 0; !text.empty() && is_digit(text.front()); ++i, any = true) {
    const int64_t digit = text.front() - '0';
    if (i < scale) {
      unit /= 10;
      micros += digit * unit;
    } else if (i == scale && digit >= 5) {
      micros += unit;
    }
    text.remove_prefix(1);
  }
  return any;
}

/// 03:04:05, 03:04, 03 or 030405, with a fraction after seconds; `only_digits` allows the last alone.
bool take_time(std::string_view& text, unsigned scale, bool only_digits, int64_t& micros) {
  unsigned hour, minute = 0, second = 0;
  if (!take_number(text, 1, 2, hour)) return false;
  bool has_seconds = false;
  if (!only_digits && take_letter(text, ':')) {
    if (!take_number(text, 1, 2, minute)) return false;
    has_seconds = take_letter(text, ':');
    if (has_seconds && !take_number(text, 1, 2, second)) return false;
  } else if (!text.empty() && is_digit(text.front())) {
    has_seconds = true;
    if (!take_number(text, 2, 2, minute) || !take_number(text, 2, 2, second)) return false;
  } else if (only_digits) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  micros = (int64_t{hour} * 3600 + minute * 60 + second) * kMicrosPerSecond;
  return !has_seconds || take_fraction(text, scale, micros);
}

bool take_offset(std::string_view& text, int64_t& minutes) {
  while (take_letter(text, ' ')) continue;
  if (text.empty() || take_letter(text, 'Z') || take_letter(text, 'z')) return true;
  if (text.front() != '+' && text.front() != '-') return false;
  const bool is_west = take_sign(text);
  unsigned hours, rest = 0;
  if (!take_number(text, 1, 2, hours)) return false;
  const bool has_colon = take_letter(text, ':');
  if ((has_colon || !text.empty()) && !take_number(text, 2, 2, rest)) return false;
  if (hours > kMostOffsetHours || rest > 59) return false;
  minutes = int64_t{hours} * 60 + rest;
  if (is_west) minutes = -minutes;
  return true;
}

bool parse_time_text(std::string_view text, unsigned scale, TimeText& out) {
  text = trim_blanks(text);
  bool is_compact = false;
  if (!take_date(text, out.days, is_compact)) return false;
  if (text.empty()) return true;
  const bool is_separated = text.front() == ' ' || take_letter(text, 'T') || take_letter(text, 't');
  while (take_letter(text, ' ')) continue;
  if (!is_separated && !is_compact) return false;
  return take_time(text, scale, !is_separated, out.micros) && take_offset(text, out.offset_minutes) && text.empty();
}

}  // namespace

int32_t days_from_civil(int year, unsigned month, unsigned day) {
  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, eras have 400 years.
  year -= month <= 2;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<int>(day_of_era) - 719468;
}

void civil_from_days(int32_t days, int& year, unsigned& month, unsigned& day) {
  const int64_t shifted = int64_t{days} + 719468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(shifted - era * 146097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * day_of_year + 2) / 153;
  day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  year = static_cast<int>(era * 400) + static_cast<int>(year_of_era) + (month <= 2 ? 1 : 0);
}

TextError parse_date(std::string_view text, int32_t& days) {
  TimeText parsed;
  if (!parse_time_text(text, kMicroDigits, parsed)) return TextError::kBadDate;
  days = parsed.days;
  return TextError::kNone;
}

TextError parse_datetime(std::string_view text, unsigned scale, int64_t& micros) {
  TimeText parsed;
  if (!parse_time_text(text, scale, parsed)) return TextError::kBadDate;
  const int64_t value = parsed.days * kMicrosPerDay + parsed.micros - parsed.offset_minutes * 60 * kMicrosPerSecond;
  if (value < kMinDate * kMicrosPerDay || value >= (int64_t{kMaxDate} + 1) * kMicrosPerDay) return TextError::kOutOfRange;
  micros = value;
  return TextError::kNone;
}

}  // namespace freshet
