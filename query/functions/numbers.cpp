#include "query/functions/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace freshet::query {
namespace {

constexpr unsigned kMaxDigits = 38;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

/// Takes a sign off; true for minus.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool negative = text.front() == '-';
  text.remove_prefix(1);
  return negative;
}

/// The digits at the beginning, saturated.
uint64_t leading_digits(std::string_view text) {
  uint64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) break;
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value)) {
      return std::numeric_limits<uint64_t>::max();
    }
  }
  return value;
}

/// The shortest digits, written as "1.5e-05", in MySQL's form: exponents only beyond 15 digits.
std::string number_text(std::string_view scientific) {
  const bool negative = scientific.front() == '-';
  if (negative) scientific.remove_prefix(1);
  const size_t e = scientific.find('e');
  std::string digits;
  for (char c : scientific.substr(0, e)) {
    if (is_digit(c)) digits += c;
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  constexpr int kMostPlaces = 15;
  std::string_view exponent = scientific.substr(e + 1);
  const bool is_small = take_sign(exponent);
  const auto magnitude = static_cast<int>(leading_digits(exponent));
  const int point = (is_small ? -magnitude : magnitude) + 1;
  const auto count = static_cast<int>(digits.size());
  std::string out = negative ? "-" : "";
  if (point <= -kMostPlaces || point > kMostPlaces) {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    return out + fmt::format("e{}", point - 1);
  }
  if (point <= 0) return digits == "0" ? out + "0" : out + "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  if (point >= count) return out + digits + std::string(static_cast<size_t>(point - count), '0');
  return out + digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
}

}  // namespace

double leading_double(std::string_view text) {
  text = without_blanks(text);
  const bool negative = take_sign(text);
  if (text.empty() || !(is_digit(text.front()) || text.front() == '.')) return 0;  // no "inf" and "nan"
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc::invalid_argument) return 0;
  if (problem == std::errc::result_out_of_range) {
    // Too small is 0; too large is the largest.
    const std::string_view read(text.data(), static_cast<size_t>(end - text.data()));
    const size_t exponent = read.find_first_of("eE");
    const bool is_small = exponent != std::string_view::npos && exponent + 1 < read.size() && read[exponent + 1] == '-';
    value = is_small ? 0 : std::numeric_limits<double>::max();
  }
  return negative ? -value : value;
}

int64_t leading_integer(std::string_view text) {
  text = without_blanks(text);
  const bool negative = take_sign(text);
  const uint64_t digits = leading_digits(text);
  constexpr uint64_t kLargest = std::numeric_limits<int64_t>::max();
  if (negative) return digits > kLargest ? std::numeric_limits<int64_t>::min() : -static_cast<int64_t>(digits);
  return static_cast<int64_t>(digits);
}

uint64_t leading_unsigned(std::string_view text) {
  text = without_blanks(text);
  if (!text.empty() && text.front() == '-') return static_cast<uint64_t>(leading_integer(text));
  take_sign(text);
  return leading_digits(text);
}

Int128 power_of_ten(unsigned exponent) {
  Int128 power = 1;
  for (unsigned i = 0; i < exponent; ++i) power *= 10;
  return power;
}

Int128 divided_by_ten(Int128 value, unsigned digits, bool rounds) {
  if (digits > kMaxDigits) return 0;
  const Int128 unit = power_of_ten(digits);
  const Int128 quotient = value / unit;
  const Int128 rest = value % unit;
  const Int128 magnitude = rest < 0 ? -rest : rest;
  if (!rounds || magnitude < unit - magnitude) return quotient;
  return value < 0 ? quotient - 1 : quotient + 1;
}

Int128 leading_decimal(std::string_view text, unsigned precision, unsigned scale) {
  text = without_blanks(text);
  const bool negative = take_sign(text);
  const Int128 largest = power_of_ten(precision) - 1;
  // The digits, with the point moved by the exponent and to the scale.
  std::string digits;
  int64_t point = -1;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (is_digit(text[at])) {
      digits += text[at];
    } else if (text[at] == '.' && point < 0) {
      point = static_cast<int64_t>(digits.size());
    } else {
      break;
    }
  }
  if (digits.empty()) return 0;
  if (point < 0) point = static_cast<int64_t>(digits.size());
  if (at + 1 < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    constexpr int64_t kLargestExponent = 1000;
    std::string_view exponent = text.substr(at + 1);
    const bool is_negative = take_sign(exponent);
    const auto magnitude = static_cast<int64_t>(std::min<uint64_t>(leading_digits(exponent), kLargestExponent));
    point += is_negative ? -magnitude : magnitude;
  }
  const int64_t kept = point + static_cast<int64_t>(scale);
  Int128 value = 0;
  for (int64_t i = 0; i < kept; ++i) {
    const int digit = i < static_cast<int64_t>(digits.size()) ? digits[static_cast<size_t>(i)] - '0' : 0;
    if (value > (largest - digit) / 10) return negative ? -largest : largest;
    value = value * 10 + digit;
  }
  const bool rounds_up = kept >= 0 && kept < static_cast<int64_t>(digits.size()) && digits[static_cast<size_t>(kept)] >= '5';
  if (rounds_up && value < largest) ++value;
  return negative ? -value : value;
}

std::optional<ExactNumber> exact_number(std::string_view text) {
  text = without_blanks(text);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  const bool negative = take_sign(text);
  ExactNumber number;
  bool has_digit = false;
  bool has_point = false;
  for (char c : text) {
    if (c == '.' && !has_point) {
      has_point = true;
      continue;
    }
    if (!is_digit(c)) return std::nullopt;
    has_digit = true;
    const Int128 digit = negative ? '0' - c : c - '0';
    const bool overflows = __builtin_mul_overflow(number.unscaled, Int128{10}, &number.unscaled) ||
                           __builtin_add_overflow(number.unscaled, digit, &number.unscaled);
    if (overflows) return std::nullopt;
    if (has_point) ++number.scale;
  }
  if (!has_digit) return std::nullopt;
  return number;
}

namespace {

template <typename Float>
std::string shortest_text(Float value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  std::array<char, 40> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
  return number_text(std::string(text.data(), end));
}

}  // namespace

std::string double_text(double value) { return shortest_text(value); }

std::string float_text(float value) { return shortest_text(value); }

int64_t rounded_integer(double value) {
  constexpr double kLimit = 9223372036854775808.0;
  const double whole = std::nearbyint(value);
  if (std::isnan(whole)) return 0;
  if (whole >= kLimit) return std::numeric_limits<int64_t>::max();
  if (whole < -kLimit) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(whole);
}

namespace {

template <typename Round>
double with_digits(double value, int64_t digits, Round round) {
  constexpr int64_t kMostDigits = 308;
  if (std::isnan(value) || std::isinf(value) || digits > kMostDigits) return value;
  if (digits < -kMostDigits) return 0;
  const double unit = std::pow(10.0, static_cast<double>(digits < 0 ? -digits : digits));
  const double moved = digits < 0 ? value / unit : value * unit;
  if (std::isinf(moved)) return value;
  return digits < 0 ? round(moved) * unit : round(moved) / unit;
}

}  // namespace

double rounded(double value, int64_t digits) {
  return with_digits(value, digits, [](double moved) { return std::nearbyint(moved); });
}

double truncated(double value, int64_t digits) {
  return with_digits(value, digits, [](double moved) { return std::trunc(moved); });
}

std::optional<Int128> divided(Int128 left, Int128 right, unsigned digits) {
  if (right == 0) return std::nullopt;
  const bool negative = (left < 0) != (right < 0);
  using Unsigned = unsigned __int128;
  const Unsigned divisor = right < 0 ? -static_cast<Unsigned>(right) : static_cast<Unsigned>(right);
  Unsigned rest = left < 0 ? -static_cast<Unsigned>(left) : static_cast<Unsigned>(left);
  Unsigned quotient = rest / divisor;
  rest %= divisor;
  const auto limit = static_cast<Unsigned>(power_of_ten(kMaxDigits));
  // As many digits at once as the rest leaves room for.
  while (digits > 0) {
    unsigned step = 1;
    Unsigned unit = 10;
    constexpr unsigned kMostAtOnce = 18;
    const Unsigned room = static_cast<Unsigned>(-1) / divisor;
    if (room < 10) return std::nullopt;
    while (step < digits && step < kMostAtOnce && unit <= room / 10) {
      unit *= 10;
      ++step;
    }
    if (quotient > limit / unit) return std::nullopt;
    rest *= unit;
    quotient = quotient * unit + rest / divisor;
    rest %= divisor;
    digits -= step;
  }
  if (rest >= divisor - rest) ++quotient;
  if (quotient >= limit) return std::nullopt;
  return negative ? -static_cast<Int128>(quotient) : static_cast<Int128>(quotient);
}

std::optional<std::string> converted_base(std::string_view text, int64_t from, int64_t to) {
  constexpr int64_t kSmallest = 2;
  constexpr int64_t kLargest = 36;
  const int64_t from_base = std::abs(from);
  const int64_t to_base = std::abs(to);
  if (from_base < kSmallest || from_base > kLargest || to_base < kSmallest || to_base > kLargest) return std::nullopt;
  text = without_blanks(text);
  const bool negative = take_sign(text);
  uint64_t value = 0;
  bool saturated = false;
  for (char c : text) {
    int digit = kLargest;
    if (is_digit(c)) digit = c - '0';
    if (c >= 'a' && c <= 'z') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') digit = c - 'A' + 10;
    if (digit >= from_base) break;
    saturated |= __builtin_mul_overflow(value, static_cast<uint64_t>(from_base), &value) ||
                 __builtin_add_overflow(value, static_cast<uint64_t>(digit), &value);
  }
  if (saturated) value = std::numeric_limits<uint64_t>::max();
  if (negative) value = -value;
  const bool is_signed = to < 0 && static_cast<int64_t>(value) < 0;
  if (is_signed) value = -value;
  std::string digits;
  do {
    digits += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % static_cast<uint64_t>(to_base)];
    value /= static_cast<uint64_t>(to_base);
  } while (value != 0);
  if (is_signed) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string grouped_thousands(std::string_view text) {
  std::string out;
  if (!text.empty() && text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const size_t whole = std::min(text.find('.'), text.size());
  for (size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % 3 == 0) out += ',';
    out += text[i];
  }
  out += text.substr(whole);
  return out;
}

}  // namespace freshet::query
