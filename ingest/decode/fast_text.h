#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "storage/types/text_number.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {

// The plain forms of numbers and dates, which nearly all rows have, parsed inline. Each function answers false for every
// other form; the caller then asks the full parser of storage/types, whose result for a plain form is the same (tested).

/// "-123": an optional minus and 1 to 18 digits that fit into T.
template <typename T>
inline bool parse_plain_integer(std::string_view text, T& value) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const size_t digits = text.size() - at;
  if (digits == 0 || digits > 18) return false;
  const bool is_negative = at == 1;
  int64_t number = 0;
  for (; at < text.size(); ++at) {
    const auto digit = static_cast<uint8_t>(text[at] - '0');
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  if (is_negative) number = -number;
  if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) return false;
  value = static_cast<T>(number);
  return true;
}

/// "123.45" with at most 18 digits, at most `scale` of them behind the point, and not too many for `precision`.
/// REQUIRES: precision <= 18.
inline bool parse_plain_decimal(std::string_view text, unsigned precision, unsigned scale, int64_t& unscaled) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() - at == 0 || text.size() - at > 18) return false;
  const bool is_negative = at == 1;
  int64_t number = 0;
  size_t point = text.size();
  for (; at < text.size(); ++at) {
    const auto digit = static_cast<uint8_t>(text[at] - '0');
    if (digit <= 9) {
      number = number * 10 + digit;
    } else if (text[at] == '.' && point == text.size() && at + 1 < text.size() && at > (is_negative ? 1u : 0u)) {
      point = at;
    } else {
      return false;
    }
  }
  const size_t fraction = point == text.size() ? 0 : text.size() - point - 1;
  if (fraction > scale) return false;
  static constexpr int64_t kPowers[] = {1,
                                        10,
                                        100,
                                        1000,
                                        10000,
                                        100000,
                                        1000000,
                                        10000000,
                                        100000000,
                                        1000000000,
                                        10000000000,
                                        100000000000,
                                        1000000000000,
                                        10000000000000,
                                        100000000000000,
                                        1000000000000000,
                                        10000000000000000,
                                        100000000000000000,
                                        1000000000000000000};
  if (__builtin_mul_overflow(number, kPowers[scale - fraction], &number) || number >= kPowers[precision]) return false;
  unscaled = is_negative ? -number : number;
  return true;
}

/// The number in `count` digits at `digits`; `is_bad` collects whether one was no digit.
inline unsigned plain_digits(const char* digits, int count, unsigned& is_bad) {
  unsigned number = 0;
  for (int i = 0; i < count; ++i) {
    const auto digit = static_cast<uint8_t>(digits[i] - '0');
    is_bad |= digit > 9;
    number = number * 10 + digit;
  }
  return number;
}

/// "2026-01-02" at `text`, 10 bytes.
inline bool parse_plain_date(const char* text, int32_t& days) {
  unsigned is_bad = (text[4] != '-') | (text[7] != '-');
  const unsigned year = plain_digits(text, 4, is_bad);
  const unsigned month = plain_digits(text + 5, 2, is_bad);
  const unsigned day = plain_digits(text + 8, 2, is_bad);
  // Days that only some months have go to the full parser.
  if (is_bad || month - 1 > 11 || day - 1 > 27) return false;
  days = days_from_civil(static_cast<int>(year), month, day);
  return true;
}

/// "2026-01-02 03:04:05", 19 bytes.
inline bool parse_plain_datetime(const char* text, int64_t& micros) {
  int32_t days;
  if (!parse_plain_date(text, days)) return false;
  unsigned is_bad = ((text[10] != ' ') & (text[10] != 'T')) | (text[13] != ':') | (text[16] != ':');
  const unsigned hour = plain_digits(text + 11, 2, is_bad);
  const unsigned minute = plain_digits(text + 14, 2, is_bad);
  const unsigned second = plain_digits(text + 17, 2, is_bad);
  if (is_bad || hour > 23 || minute > 59 || second > 59) return false;
  micros = ((int64_t{days} * 24 + hour) * 60 + minute) * 60 + second;
  micros *= 1'000'000;
  return true;
}

}  // namespace freshet::ingest
