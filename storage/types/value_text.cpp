#include "storage/types/value_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "storage/base/limits.h"
#include "storage/types/bitmap_value.h"
#include "storage/types/text_check.h"
#include "storage/types/text_number.h"
#include "storage/types/text_time.h"

namespace freshet {
namespace {

/// Bytes of a rejected text that an error message shows.
constexpr size_t kShownBytes = 64;

template <typename T>
TextError append_integer(Column& column, std::string_view text) {
  T value;
  const TextError error = parse_integer(text, value);
  if (error == TextError::kNone) column.append(value);
  return error;
}

template <typename T, typename Parse>
TextError append_parsed(Column& column, const Parse& parse) {
  T value{};
  const TextError error = parse(value);
  if (error == TextError::kNone) column.append(value);
  return error;
}

TextError append_boolean(Column& column, std::string_view text) {
  text = trim_blanks(text);
  const auto is_any = [text](auto... words) { return (same_name(text, words) || ...); };
  if (is_any("1", "true", "t", "yes", "on")) {
    column.append<int8_t>(1);
  } else if (is_any("0", "false", "f", "no", "off")) {
    column.append<int8_t>(0);
  } else {
    return TextError::kBadBoolean;
  }
  return TextError::kNone;
}

TextError append_decimal(Column& column, std::string_view text) {
  Int128 unscaled;
  const DataType& type = column.type();
  const TextError error = parse_decimal(text, type.precision, type.scale, unscaled);
  if (error != TextError::kNone) return error;
  switch (type.physical()) {
    case PhysicalType::kInt16: column.append(static_cast<int16_t>(unscaled)); break;
    case PhysicalType::kInt32: column.append(static_cast<int32_t>(unscaled)); break;
    case PhysicalType::kInt64: column.append(static_cast<int64_t>(unscaled)); break;
    default: column.append(unscaled); break;
  }
  return TextError::kNone;
}

size_t longest(const DataType& type) {
  const bool has_length = type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar;
  return has_length && type.length != 0 ? type.length : kMaxStringBytes;
}

TextError append_string(Column& column, std::string_view text) {
  if (text.size() > longest(column.type())) return TextError::kTooLong;
  if (!is_utf8(text)) return TextError::kBadUtf8;
  column.append_bytes(text);
  return TextError::kNone;
}

TextError append_json(Column& column, std::string_view text) {
  if (text.size() > kMaxStringBytes) return TextError::kTooLong;
  if (!is_utf8(text)) return TextError::kBadUtf8;
  if (!is_json(text)) return TextError::kBadJson;
  column.append_bytes(text);
  return TextError::kNone;
}

/// `text` between quotes, fit for a message: cut after kShownBytes, control characters and broken UTF-8 as \xNN.
std::string quoted(std::string_view text) {
  size_t shown = std::min(text.size(), kShownBytes);
  while (shown > 0 && shown < text.size() && (static_cast<uint8_t>(text[shown]) & 0xc0) == 0x80) --shown;
  const std::string_view head = text.substr(0, shown);
  const bool is_readable = is_utf8(head);
  std::string out = "'";
  for (const char letter : head) {
    const auto byte = static_cast<uint8_t>(letter);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_readable)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out.push_back(letter);
    }
  }
  out.append(shown < text.size() ? "...'" : "'");
  return out;
}

int64_t floor_to(int64_t value, int64_t unit) {
  const int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

Status append_now(const ColumnSchema& schema, int64_t now_micros, Column& out) {
  switch (schema.type.kind) {
    case TypeKind::kDateTime:
      out.append(floor_to(now_micros, static_cast<int64_t>(power_of_ten(6 - schema.type.scale))));
      return Status::OK();
    case TypeKind::kDate:
      out.append(static_cast<int32_t>(floor_to(now_micros, kMicrosPerDay) / kMicrosPerDay));
      return Status::OK();
    default:
      return Status::InvalidArgument("column '{}' is a {}: CURRENT_TIMESTAMP is a default of date and datetime columns only",
                                     schema.name, schema.type.to_string());
  }
}

}  // namespace

TextError append_text(Column& column, std::string_view text) {
  switch (column.type().kind) {
    case TypeKind::kBoolean: return append_boolean(column, text);
    case TypeKind::kTinyInt: return append_integer<int8_t>(column, text);
    case TypeKind::kSmallInt: return append_integer<int16_t>(column, text);
    case TypeKind::kInt: return append_integer<int32_t>(column, text);
    case TypeKind::kBigInt: return append_integer<int64_t>(column, text);
    case TypeKind::kLargeInt: return append_integer<Int128>(column, text);
    case TypeKind::kFloat: return append_parsed<float>(column, [&](float& value) { return parse_float(text, value); });
    case TypeKind::kDouble: return append_parsed<double>(column, [&](double& value) { return parse_double(text, value); });
    case TypeKind::kDecimal: return append_decimal(column, text);
    case TypeKind::kDate: return append_parsed<int32_t>(column, [&](int32_t& value) { return parse_date(text, value); });
    case TypeKind::kDateTime:
      return append_parsed<int64_t>(column,
                                    [&](int64_t& value) { return parse_datetime(text, column.type().scale, value); });
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kString: return append_string(column, text);
    case TypeKind::kJson: return append_json(column, text);
    case TypeKind::kBitmap:
      if (!text.empty()) return TextError::kBadBitmap;
      column.append_bytes(BitmapValue().serialize());
      return TextError::kNone;
  }
  return TextError::kNotANumber;
}

std::string describe(TextError error, const DataType& type, std::string_view text) {
  switch (error) {
    case TextError::kNone: return {};
    case TextError::kNotANumber:
    case TextError::kBadDate:
    case TextError::kBadBoolean:
    case TextError::kBadJson: return fmt::format("{} is not a valid {}", quoted(text), type.to_string());
    case TextError::kOutOfRange: return fmt::format("{} is out of range for {}", quoted(text), type.to_string());
    case TextError::kTooLong:
      return fmt::format("{} has {} bytes, but {} takes at most {}", quoted(text), text.size(), type.to_string(),
                         longest(type));
    case TextError::kBadBitmap:
      return fmt::format("{} is no bitmap: give a bitmap function's value, as to_bitmap()'s", quoted(text));
    case TextError::kBadUtf8: return fmt::format("{} is not valid UTF-8", quoted(text));
  }
  return {};
}

Status append_default(const ColumnSchema& schema, int64_t now_micros, Column& out) {
  if (schema.default_current_timestamp) return append_now(schema, now_micros, out);
  if (schema.default_value) {
    const TextError error = append_text(out, *schema.default_value);
    if (error == TextError::kNone) return Status::OK();
    return Status::InvalidArgument("DEFAULT of column '{}': {}", schema.name,
                                   describe(error, schema.type, *schema.default_value));
  }
  if (!schema.nullable) {
    return Status::InvalidArgument("column '{}' is NOT NULL and has no default: give it a value", schema.name);
  }
  out.append_null();
  return Status::OK();
}

}  // namespace freshet
