#include "connectors/mysql/parameter_value.h"

#include <fmt/format.h>

#include <type_traits>

#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {

namespace {

template <typename Signed>
query::Parameter read_integer(PayloadReader& in, bool is_unsigned) {
  const Signed value = in.fixed<Signed>();
  if (is_unsigned) return uint64_t{static_cast<std::make_unsigned_t<Signed>>(value)};
  return int64_t{value};
}

struct TimeOfDay {
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  uint32_t micros = 0;
};

/// Hour, minute, second, and microseconds when `has_micros`.
TimeOfDay read_time_of_day(PayloadReader& in, bool has_micros) {
  TimeOfDay time;
  time.hour = in.fixed<uint8_t>();
  time.minute = in.fixed<uint8_t>();
  time.second = in.fixed<uint8_t>();
  if (has_micros) time.micros = in.fixed<uint32_t>();
  return time;
}

void append_fraction(std::string& text, uint32_t micros) {
  if (micros != 0) text += fmt::format(".{:06}", micros);
}

bool read_datetime(PayloadReader& in, bool is_date, query::Parameter& out) {
  const unsigned length = in.fixed<uint8_t>();
  if (length != 0 && length != 4 && length != 7 && length != 11) return false;
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (length >= 4) {
    year = in.fixed<uint16_t>();
    month = in.fixed<uint8_t>();
    day = in.fixed<uint8_t>();
  }
  std::string text = fmt::format("{:04}-{:02}-{:02}", year, month, day);
  if (length >= 7 || !is_date) {
    const TimeOfDay time = length >= 7 ? read_time_of_day(in, length == 11) : TimeOfDay{};
    text += fmt::format(" {:02}:{:02}:{:02}", time.hour, time.minute, time.second);
    append_fraction(text, time.micros);
  }
  out = query::ParameterDateTime{std::move(text)};
  return true;
}

bool read_time(PayloadReader& in, query::Parameter& out) {
  const unsigned length = in.fixed<uint8_t>();
  if (length != 0 && length != 8 && length != 12) return false;
  const bool is_negative = length != 0 && in.fixed<uint8_t>() != 0;
  const uint64_t days = length != 0 ? in.fixed<uint32_t>() : 0;
  const TimeOfDay time = length != 0 ? read_time_of_day(in, length == 12) : TimeOfDay{};
  std::string text =
      fmt::format("{}{:02}:{:02}:{:02}", is_negative ? "-" : "", days * 24 + time.hour, time.minute, time.second);
  append_fraction(text, time.micros);
  out = std::move(text);
  return true;
}

}  // namespace

bool read_parameter(PayloadReader& in, uint16_t type, query::Parameter& out) {
  const bool is_unsigned = (type & kUnsignedParameter) != 0;
  switch (static_cast<ColumnType>(type & 0xFF)) {
    case ColumnType::kNull: out = query::ParameterNull{}; return true;
    case ColumnType::kTiny: out = read_integer<int8_t>(in, is_unsigned); return true;
    case ColumnType::kShort:
    case ColumnType::kYear: out = read_integer<int16_t>(in, is_unsigned); return true;
    case ColumnType::kLong:
    case ColumnType::kInt24: out = read_integer<int32_t>(in, is_unsigned); return true;
    case ColumnType::kLongLong: out = read_integer<int64_t>(in, is_unsigned); return true;
    case ColumnType::kFloat: out = double{in.fixed<float>()}; return true;
    case ColumnType::kDouble: out = in.fixed<double>(); return true;
    case ColumnType::kDate: return read_datetime(in, true, out);
    case ColumnType::kDateTime:
    case ColumnType::kTimestamp: return read_datetime(in, false, out);
    case ColumnType::kTime: return read_time(in, out);
    case ColumnType::kDecimal:
    case ColumnType::kNewDecimal: out = query::ParameterDecimal{std::string(in.lenenc_string())}; return true;
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kString:
    case ColumnType::kBit:
    case ColumnType::kEnum:
    case ColumnType::kSet:
    case ColumnType::kJson:
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob: out = std::string(in.lenenc_string()); return true;
    case ColumnType::kGeometry: break;
  }
  return false;
}

}  // namespace freshet::connectors::mysql
