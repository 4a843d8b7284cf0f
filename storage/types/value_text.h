#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/status.h"
#include "storage/types/column.h"
#include "storage/types/schema.h"

namespace freshet {

/// Why a text is not a value of a type.
enum class TextError : uint8_t {
  kNone,
  kNotANumber,
  kOutOfRange,
  kBadDate,
  kTooLong,
  kBadUtf8,
  kBadBoolean,
  kBadJson,
  kBadBitmap
};

/// Appends the value that `text` stands for in the type of `column`, by the rules of Doris's loads: surrounding blanks of
/// numbers are skipped, "true"/"false" are booleans, decimals are rounded half up to their scale, dates take
/// "2026-01-02", "2026-01-02 03:04:05.678", "20260102". A BITMAP is the empty set for an empty text and takes no other: sets
/// come from functions. On error nothing is appended. Hot: no allocation for numbers.
TextError append_text(Column& column, std::string_view text);
/// A sentence for a rejected row, e.g. "'abc' is not a valid int".
std::string describe(TextError error, const DataType& type, std::string_view text);
/// The default of a column as a value; NULL when it has none and is nullable. InvalidArgument when there is none.
/// `now_micros` serves CURRENT_TIMESTAMP.
Status append_default(const ColumnSchema& schema, int64_t now_micros, Column& out);

/// Appends row `row` as MySQL's text protocol shows it ("1.50", "2026-01-02 03:04:05"). REQUIRES: not NULL.
void format_value(const Column& column, size_t row, std::string& out);
/// A key as messages name it, "[1, a]": the values of row `row` of its columns, in their order.
std::string key_text(std::span<const Column> key, size_t row);
void format_int128(Int128 value, std::string& out);
/// An unscaled decimal, e.g. (150, 2) -> "1.50".
void format_decimal(Int128 unscaled, unsigned scale, std::string& out);
/// Days since 1970-01-01 -> "2026-01-02".
void format_date(int32_t days, std::string& out);
/// Microseconds since 1970-01-01 -> "2026-01-02 03:04:05" and, for scale > 0, that many fractional digits.
void format_datetime(int64_t micros, unsigned scale, std::string& out);
/// Shortest text that reads back as the same number.
void format_double(double value, std::string& out);
void format_float(float value, std::string& out);
/// Civil date <-> days since 1970-01-01 (proleptic Gregorian).
int32_t days_from_civil(int year, unsigned month, unsigned day);
void civil_from_days(int32_t days, int& year, unsigned& month, unsigned& day);
/// True when `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace freshet
