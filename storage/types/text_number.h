#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "storage/types/value_text.h"

namespace freshet {

inline bool is_digit(char letter) { return static_cast<unsigned char>(letter - '0') < 10; }
inline bool is_blank(char letter) { return letter == ' ' || (letter >= '\t' && letter <= '\r'); }

inline std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes a sign off the front of `text`; true for '-'.
inline bool take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool negative = text.front() == '-';
  text.remove_prefix(1);
  return negative;
}

/// The whole part of digits with a fraction and an exponent, "12.34e1" -> 123, as JSON writers print large numbers.
TextError parse_scientific(std::string_view text, unsigned __int128& magnitude);

/// An integer with surrounding blanks and a sign. A fraction is cut off ("3.9" -> 3), as Doris's loads do.
template <typename T>
TextError parse_integer(std::string_view text, T& value) {
  using Magnitude = std::conditional_t<sizeof(T) == 16, unsigned __int128, uint64_t>;
  constexpr size_t kSafeDigits = sizeof(T) == 16 ? 38 : 19;
  text = trim_blanks(text);
  const bool negative = take_sign(text);
  if (text.empty() || !is_digit(text.front())) return TextError::kNotANumber;
  size_t at = 0;
  while (at < text.size() && text[at] == '0') ++at;
  const size_t first = at;
  Magnitude magnitude = 0;
  bool overflow = false;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    const auto digit = static_cast<unsigned>(text[at] - '0');
    if (at - first < kSafeDigits) {
      magnitude = magnitude * 10 + digit;
    } else {
      overflow |= __builtin_mul_overflow(magnitude, Magnitude{10}, &magnitude);
      overflow |= __builtin_add_overflow(magnitude, Magnitude{digit}, &magnitude);
    }
  }
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && is_digit(text[at]);) ++at;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    unsigned __int128 exact = 0;
    if (const TextError error = parse_scientific(text, exact); error != TextError::kNone) return error;
    magnitude = static_cast<Magnitude>(exact);
    overflow = magnitude != exact;
  } else if (at != text.size()) {
    return TextError::kNotANumber;
  }
  constexpr Magnitude kMost = (Magnitude{1} << (sizeof(T) * 8 - 1)) - 1;
  if (overflow || magnitude > kMost + (negative ? 1 : 0)) return TextError::kOutOfRange;
  value = static_cast<T>(negative ? Magnitude{0} - magnitude : magnitude);
  return TextError::kNone;
}

/// A decimal with an optional exponent as an unscaled number, rounded half up (away from zero) to `scale` digits. Exact.
TextError parse_decimal(std::string_view text, unsigned precision, unsigned scale, Int128& unscaled);
TextError parse_double(std::string_view text, double& value);
TextError parse_float(std::string_view text, float& value);
/// 10 to the power of `exponent`, 0..38.
Int128 power_of_ten(unsigned exponent);

}  // namespace freshet
