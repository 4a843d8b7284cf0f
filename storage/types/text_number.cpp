#include "storage/types/text_number.h"

#include <fast_float/fast_float.h>

#include <array>
#include <cmath>

namespace freshet {
namespace {

constexpr std::array<Int128, 39> make_powers() {
  std::array<Int128, 39> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}

constexpr std::array<Int128, 39> kPowersOfTen = make_powers();
/// Where exponents are cut: no text has as many digits, so larger ones give the same answer.
constexpr int64_t kMostExponent = int64_t{1} << 40;

/// The parts of "123.45e-6": digits() are "12345", of which `whole` stand before the point.
struct DecimalText {
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;

  size_t size() const { return whole.size() + fraction.size(); }
  unsigned digit(size_t i) const {
    return static_cast<unsigned>((i < whole.size() ? whole[i] : fraction[i - whole.size()]) - '0');
  }
};

std::string_view take_digits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take_exponent(std::string_view& text, int64_t& exponent) {
  if (text.empty() || (text.front() != 'e' && text.front() != 'E')) return true;
  text.remove_prefix(1);
  const bool negative = take_sign(text);
  const std::string_view digits = take_digits(text);
  if (digits.empty()) return false;
  for (char digit : digits) {
    if (exponent < kMostExponent) exponent = exponent * 10 + (digit - '0');
  }
  if (negative) exponent = -exponent;
  return true;
}

bool split_decimal(std::string_view text, DecimalText& out) {
  out.whole = take_digits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    out.fraction = take_digits(text);
  }
  if (out.size() == 0) return false;
  return take_exponent(text, out.exponent) && text.empty();
}

template <typename T>
TextError parse_real(std::string_view text, T& value) {
  text = trim_blanks(text);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return TextError::kNotANumber;
  }
  T parsed = 0;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), parsed);
  if (text.empty() || end != text.data() + text.size()) return TextError::kNotANumber;
  const bool is_named = !is_digit(text.back()) && text.back() != '.';  // "inf"
  if (std::isinf(parsed) && !is_named) return TextError::kOutOfRange;
  if (error != std::errc() && error != std::errc::result_out_of_range) return TextError::kNotANumber;
  value = parsed;
  return TextError::kNone;
}

}  // namespace

Int128 power_of_ten(unsigned exponent) { return kPowersOfTen[exponent]; }

TextError parse_decimal(std::string_view text, unsigned precision, unsigned scale, Int128& unscaled) {
  text = trim_blanks(text);
  const bool negative = take_sign(text);
  DecimalText number;
  if (!split_decimal(text, number)) return TextError::kNotANumber;

  const size_t total = number.size();
  size_t first = 0;
  while (first < total && number.digit(first) == 0) ++first;
  // Digits at or behind `kept` are below the scale.
  const int64_t kept = static_cast<int64_t>(number.whole.size()) + number.exponent + scale;
  unscaled = 0;
  if (first == total || kept < static_cast<int64_t>(first)) return TextError::kNone;
  if (kept - static_cast<int64_t>(first) > static_cast<int64_t>(precision)) return TextError::kOutOfRange;

  const size_t end = static_cast<size_t>(kept);
  for (size_t i = first; i < end; ++i) unscaled = unscaled * 10 + (i < total ? number.digit(i) : 0);
  if (end < total && number.digit(end) >= 5) ++unscaled;
  if (unscaled >= kPowersOfTen[precision]) return TextError::kOutOfRange;
  if (negative) unscaled = -unscaled;
  return TextError::kNone;
}

TextError parse_scientific(std::string_view text, unsigned __int128& magnitude) {
  DecimalText number;
  if (!split_decimal(text, number)) return TextError::kNotANumber;
  const int64_t kept = static_cast<int64_t>(number.whole.size()) + number.exponent;
  size_t first = 0;
  while (first < number.size() && number.digit(first) == 0) ++first;
  magnitude = 0;
  if (first == number.size()) return TextError::kNone;
  // More digits than this overflow.
  constexpr int64_t kMostDigits = 39;
  if (kept - static_cast<int64_t>(first) > kMostDigits) return TextError::kOutOfRange;
  for (int64_t i = static_cast<int64_t>(first); i < kept; ++i) {
    const auto place = static_cast<size_t>(i);
    const unsigned digit = place < number.size() ? number.digit(place) : 0;
    if (__builtin_mul_overflow(magnitude, static_cast<unsigned __int128>(10), &magnitude)) return TextError::kOutOfRange;
    if (__builtin_add_overflow(magnitude, static_cast<unsigned __int128>(digit), &magnitude)) return TextError::kOutOfRange;
  }
  return TextError::kNone;
}

TextError parse_double(std::string_view text, double& value) { return parse_real(text, value); }
TextError parse_float(std::string_view text, float& value) { return parse_real(text, value); }

}  // namespace freshet
