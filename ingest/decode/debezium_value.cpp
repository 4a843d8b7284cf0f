#include "ingest/decode/debezium_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "storage/types/text_time.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {
namespace {

using Kind = DebeziumType::Kind;

constexpr std::pair<std::string_view, Kind> kKinds[] = {
    {"io.debezium.time.Date", Kind::kDays},
    {"org.apache.kafka.connect.data.Date", Kind::kDays},
    {"io.debezium.time.Time", Kind::kTimeMillis},
    {"org.apache.kafka.connect.data.Time", Kind::kTimeMillis},
    {"io.debezium.time.MicroTime", Kind::kTimeMicros},
    {"io.debezium.time.NanoTime", Kind::kTimeNanos},
    {"io.debezium.time.Timestamp", Kind::kTimestampMillis},
    {"org.apache.kafka.connect.data.Timestamp", Kind::kTimestampMillis},
    {"io.debezium.time.MicroTimestamp", Kind::kTimestampMicros},
    {"io.debezium.time.NanoTimestamp", Kind::kTimestampNanos},
    {"io.debezium.time.IsoDate", Kind::kIsoDate},
    {"org.apache.kafka.connect.data.Decimal", Kind::kDecimal},
    {"io.debezium.data.VariableScaleDecimal", Kind::kVariableDecimal},
    {"io.debezium.data.Bits", Kind::kBits},
};

/// "__debezium_unavailable_value" as text, and as a value of bytes in Debezium's encodings.
constexpr std::string_view kUnavailable[] = {
    "__debezium_unavailable_value",
    "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==",
    "5f5f646562657a69756d5f756e617661696c61626c655f76616c7565",
};

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kNanosPerMicro = 1000;
constexpr int64_t kMinMicros = int64_t{kMinDate} * kMicrosPerDay;
constexpr int64_t kMaxMicros = (int64_t{kMaxDate} + 1) * kMicrosPerDay - 1;
/// Microseconds this near to 1970 (to 1973) are rather milliseconds (up to the year 5138).
constexpr int64_t kLeastMicros = 100'000'000'000'000;

bool is_number(const DataType& type) {
  return type.is_integer() || type.kind == TypeKind::kFloat || type.kind == TypeKind::kDouble ||
         type.kind == TypeKind::kDecimal;
}

Status out_of_range(int64_t value) { return Status::InvalidArgument("the time {} is out of range", value); }

int64_t floor_div(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

/// "12:34:56" or "-100:00:00.000001": MySQL's TIME goes beyond a day and below zero.
std::string time_of_day(int64_t micros) {
  const uint64_t size = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  const uint64_t seconds = size / kMicrosPerSecond;
  std::string text =
      fmt::format("{}{:02}:{:02}:{:02}", micros < 0 ? "-" : "", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const uint64_t fraction = size % kMicrosPerSecond; fraction != 0) text += fmt::format(".{:06}", fraction);
  return text;
}

Result<std::string> timestamp_text(int64_t value, int64_t micros, unsigned fraction) {
  if (micros < kMinMicros || micros > kMaxMicros) return out_of_range(value);
  std::string text;
  format_datetime(micros, micros % kMicrosPerSecond == 0 ? 0 : fraction, text);
  return text;
}

}  // namespace

Kind debezium_kind(std::string_view logical_name) {
  for (const auto& [name, kind] : kKinds) {
    if (name == logical_name) return kind;
  }
  return Kind::kPlain;
}

bool is_unavailable_value(std::string_view text) {
  return std::find(std::begin(kUnavailable), std::end(kUnavailable), text) != std::end(kUnavailable);
}

Result<std::string> debezium_time_text(Kind kind, int64_t value, const DataType& type) {
  if (is_number(type)) return fmt::to_string(value);
  int64_t micros = value;
  switch (kind) {
    case Kind::kDays: {
      if (value < kMinDate || value > kMaxDate) return out_of_range(value);
      std::string text;
      format_date(static_cast<int32_t>(value), text);
      return text;
    }
    case Kind::kTimeMillis:
      if (__builtin_mul_overflow(value, kMillisPerSecond, &micros)) return out_of_range(value);
      return time_of_day(micros);
    case Kind::kTimeMicros: return time_of_day(value);
    case Kind::kTimeNanos: return time_of_day(floor_div(value, kNanosPerMicro));
    case Kind::kTimestampMillis:
      if (__builtin_mul_overflow(value, kMillisPerSecond, &micros)) return out_of_range(value);
      return timestamp_text(value, micros, 3);
    case Kind::kTimestampNanos: return timestamp_text(value, floor_div(value, kNanosPerMicro), 6);
    default: return timestamp_text(value, micros, 6);
  }
}

Result<Kind> debezium_kind_without_schema(int64_t value, const DataType& type) {
  if (type.kind == TypeKind::kDate) return Kind::kDays;
  const bool fits_millis = value <= kMaxMicros / kMillisPerSecond && value >= kMinMicros / kMillisPerSecond;
  if (type.scale <= 3) return fits_millis ? Kind::kTimestampMillis : Kind::kTimestampMicros;
  if (value == 0 || value >= kLeastMicros || value <= -kLeastMicros) return Kind::kTimestampMicros;
  return Status::InvalidArgument(
      "{} should be microseconds, since the column has type {}, but may be milliseconds: send the schema "
      "(value.converter.schemas.enable=true), or give the column the fraction of its source",
      value, type.to_string());
}

Result<std::string> debezium_decimal_text(std::string_view unscaled, int32_t scale) {
  if (unscaled.empty() || unscaled.size() > kMaxDebeziumDecimalBytes) {
    return Status::InvalidArgument("a decimal of {} bytes", unscaled.size());
  }
  if (scale > kMaxDebeziumScale || scale < -kMaxDebeziumScale) {
    return Status::InvalidArgument("a decimal with scale {}", scale);
  }
  std::vector<uint8_t> bytes(unscaled.begin(), unscaled.end());
  const bool is_negative = (bytes[0] & 0x80) != 0;
  if (is_negative) {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(~byte);
    for (size_t i = bytes.size(); i-- > 0 && ++bytes[i] == 0;) {
    }
  }
  std::string digits;  // lowest first
  for (size_t first = 0; first < bytes.size();) {
    unsigned rest = 0;
    for (size_t i = first; i < bytes.size(); ++i) {
      const unsigned part = rest << 8 | bytes[i];
      bytes[i] = static_cast<uint8_t>(part / 10);
      rest = part % 10;
    }
    digits.push_back(static_cast<char>('0' + rest));
    while (first < bytes.size() && bytes[first] == 0) ++first;
  }
  if (scale < 0) digits.insert(0, static_cast<size_t>(-scale), '0');
  const size_t fraction = scale > 0 ? static_cast<size_t>(scale) : 0;
  if (digits.size() <= fraction) digits.append(fraction + 1 - digits.size(), '0');
  if (fraction != 0) digits.insert(fraction, 1, '.');
  if (is_negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<uint64_t> debezium_bits(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint64_t>(static_cast<uint8_t>(bytes[i]));
    if (i < sizeof(number)) {
      number |= byte << (8 * i);
    } else if (byte != 0) {
      return std::nullopt;
    }
  }
  return number;
}

}  // namespace freshet::ingest
