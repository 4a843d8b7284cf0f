#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/result.h"
#include "storage/types/data_type.h"

namespace freshet::ingest {

/// How a field of a Debezium event stands in JSON, as the event's schema says.
struct DebeziumType {
  enum class Kind : uint8_t {
    kUnknown,  ///< the event has no schema: the column tells
    kPlain,    ///< the JSON value is the value
    kDays,
    kTimeMillis,
    kTimeMicros,
    kTimeNanos,
    kTimestampMillis,
    kTimestampMicros,
    kTimestampNanos,
    kIsoDate,          ///< "2026-01-02Z"
    kDecimal,          ///< base64 of the unscaled number, big-endian
    kVariableDecimal,  ///< {"scale": n, "value": base64}
    kBits,             ///< base64 of the number, little-endian
  };
  Kind kind = Kind::kUnknown;
  int32_t scale = 0;  ///< kDecimal
};

/// The kind of a field whose schema has this logical name (empty = none), e.g. "io.debezium.time.MicroTimestamp".
DebeziumType::Kind debezium_kind(std::string_view logical_name);

/// What Debezium writes in the place of a value that the database did not tell: PostgreSQL's unchanged TOAST values.
bool is_unavailable_value(std::string_view text);

/// The text of a number of days or of parts of a second for a column of `type`, e.g. "2026-01-02 03:04:05.000006"; numbers
/// stay numbers for a numeric column. InvalidArgument when it is out of the calendar's range.
Result<std::string> debezium_time_text(DebeziumType::Kind kind, int64_t value, const DataType& type);

/// Which kind a number of an event without schema has in a DATE or DATETIME column. Debezium counts days for dates,
/// milliseconds for times with up to 3 fractional digits, and microseconds for more, and so does this: the column should
/// have the fraction of its source. InvalidArgument when the number cannot be what the column says.
Result<DebeziumType::Kind> debezium_kind_without_schema(int64_t value, const DataType& type);

inline constexpr int32_t kMaxDebeziumScale = 1000;
inline constexpr size_t kMaxDebeziumDecimalBytes = 512;
/// The decimal number `unscaled` / 10^`scale`, where `unscaled` is big-endian in two's complement; exact. InvalidArgument
/// when there are no bytes, or more of them or a larger scale, either way, than the limits above.
Result<std::string> debezium_decimal_text(std::string_view unscaled, int32_t scale);

/// The number in `bytes`, little-endian; nothing when it has more than 64 bits.
std::optional<uint64_t> debezium_bits(std::string_view bytes);

}  // namespace freshet::ingest
