#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/types/data_type.h"

/// Numbers as MySQL reads and writes them.
namespace freshet::query {

/// The number at the beginning of a text, after blanks: '12.5abc' is 12.5; 0 when there is none. Infinity is the largest
/// finite number.
double leading_double(std::string_view text);
/// The integer at the beginning of a text: '12.9' is 12. Saturates; a number above the largest signed one wraps, as an
/// unsigned one does in MySQL's signed contexts.
int64_t leading_integer(std::string_view text);
uint64_t leading_unsigned(std::string_view text);
/// The decimal at the beginning of a text, rounded half away from zero to `scale` digits; saturates at `precision` digits.
Int128 leading_decimal(std::string_view text, unsigned precision, unsigned scale);
/// A text that is a decimal number and nothing else, without exponent; nothing otherwise, or when its digits make no Int128.
struct ExactNumber {
  Int128 unscaled = 0;
  unsigned scale = 0;
};
std::optional<ExactNumber> exact_number(std::string_view text);

/// "1.5", "1e20": the shortest text that reads back, as in results.
std::string double_text(double value);
std::string float_text(float value);
/// Nearest integer, halves to the even one; saturates. As MySQL does wherever it needs an integer of a double.
int64_t rounded_integer(double value);
/// Rounded to `digits` behind (or, when negative, before) the point; halves to the even digit, as MySQL does with doubles.
double rounded(double value, int64_t digits);
double truncated(double value, int64_t digits);
Int128 power_of_ten(unsigned exponent);
/// value / 10^digits, halves away from zero.
Int128 divided_by_ten(Int128 value, unsigned digits, bool rounds);
/// `digits` decimal places of left / right (at most 38), rounded half away from zero; nothing when it overflows or right is
/// 0.
std::optional<Int128> divided(Int128 left, Int128 right, unsigned digits);

/// CONV(): digits of `text` in one base (2..36, negative: signed) written in another; nothing for other bases.
std::optional<std::string> converted_base(std::string_view text, int64_t from, int64_t to);
/// FORMAT(): thousands grouped by commas. `text` is a decimal number rounded already.
std::string grouped_thousands(std::string_view text);

}  // namespace freshet::query
