#include "query/duckdb/types.h"

#include <cmath>
#include <cstring>

namespace freshet::query {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

constexpr const char* kBitmapAlias = "BITMAP";

DataType decimal(uint8_t precision, uint8_t scale) {
  return {.kind = TypeKind::kDecimal, .precision = precision, .scale = scale};
}

Int128 to_int128(duckdb::hugeint_t value) {
  return static_cast<Int128>((static_cast<unsigned __int128>(value.upper) << 64) | value.lower);
}

duckdb::hugeint_t to_hugeint(Int128 value) {
  return duckdb::hugeint_t(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
}

template <typename T>
T load(std::string_view raw) {
  T value;
  std::memcpy(&value, raw.data(), sizeof(T));
  return value;
}

}  // namespace

LogicalType logical_type(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return LogicalType::BOOLEAN;
    case TypeKind::kTinyInt: return LogicalType::TINYINT;
    case TypeKind::kSmallInt: return LogicalType::SMALLINT;
    case TypeKind::kInt: return LogicalType::INTEGER;
    case TypeKind::kBigInt: return LogicalType::BIGINT;
    case TypeKind::kLargeInt: return LogicalType::HUGEINT;
    case TypeKind::kFloat: return LogicalType::FLOAT;
    case TypeKind::kDouble: return LogicalType::DOUBLE;
    case TypeKind::kDecimal: return LogicalType::DECIMAL(type.precision, type.scale);
    case TypeKind::kDate: return LogicalType::DATE;
    case TypeKind::kDateTime: return LogicalType::TIMESTAMP;
    case TypeKind::kBitmap: {
      // A type of its own, so that nothing else is taken for a set.
      LogicalType bitmap(LogicalTypeId::BLOB);
      bitmap.SetAlias(kBitmapAlias);
      return bitmap;
    }
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kString:
    case TypeKind::kJson: break;
  }
  return LogicalType::VARCHAR;
}

bool is_bitmap(const LogicalType& type) {
  return type.id() == LogicalTypeId::BLOB && type.HasAlias() && type.GetAlias() == kBitmapAlias;
}

DataType data_type(const LogicalType& type) {
  if (is_bitmap(type)) return {.kind = TypeKind::kBitmap};
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN: return {.kind = TypeKind::kBoolean};
    case LogicalTypeId::TINYINT: return {.kind = TypeKind::kTinyInt};
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::SMALLINT: return {.kind = TypeKind::kSmallInt};
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::INTEGER: return {.kind = TypeKind::kInt};
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::BIGINT: return {.kind = TypeKind::kBigInt};
    case LogicalTypeId::UBIGINT: return decimal(20, 0);
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT: return decimal(38, 0);
    case LogicalTypeId::FLOAT: return {.kind = TypeKind::kFloat};
    case LogicalTypeId::DOUBLE: return {.kind = TypeKind::kDouble};
    case LogicalTypeId::DECIMAL: return decimal(duckdb::DecimalType::GetWidth(type), duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::DATE: return {.kind = TypeKind::kDate};
    case LogicalTypeId::TIMESTAMP_SEC: return {.kind = TypeKind::kDateTime};
    case LogicalTypeId::TIMESTAMP_MS: return {.kind = TypeKind::kDateTime, .scale = 3};
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_TZ: return {.kind = TypeKind::kDateTime, .scale = 6};
    default: return {.kind = TypeKind::kString};
  }
}

std::optional<ZoneValue> zone_value_of(const Value& value) {
  if (value.IsNull()) return std::nullopt;
  switch (value.type().InternalType()) {
    case duckdb::PhysicalType::BOOL: return Int128{value.GetValueUnsafe<bool>()};
    case duckdb::PhysicalType::INT8: return Int128{value.GetValueUnsafe<int8_t>()};
    case duckdb::PhysicalType::INT16: return Int128{value.GetValueUnsafe<int16_t>()};
    case duckdb::PhysicalType::INT32: return Int128{value.GetValueUnsafe<int32_t>()};
    case duckdb::PhysicalType::INT64: return Int128{value.GetValueUnsafe<int64_t>()};
    case duckdb::PhysicalType::INT128: return to_int128(value.GetValueUnsafe<duckdb::hugeint_t>());
    case duckdb::PhysicalType::FLOAT: {
      const double number = value.GetValueUnsafe<float>();
      return std::isnan(number) ? std::nullopt : std::optional<ZoneValue>(number);
    }
    case duckdb::PhysicalType::DOUBLE: {
      const double number = value.GetValueUnsafe<double>();
      return std::isnan(number) ? std::nullopt : std::optional<ZoneValue>(number);
    }
    case duckdb::PhysicalType::VARCHAR: return duckdb::StringValue::Get(value);
    default: return std::nullopt;
  }
}

Value stored_value(const DataType& type, std::string_view raw) {
  switch (type.kind) {
    case TypeKind::kBoolean: return Value::BOOLEAN(load<int8_t>(raw) != 0);
    case TypeKind::kTinyInt: return Value::TINYINT(load<int8_t>(raw));
    case TypeKind::kSmallInt: return Value::SMALLINT(load<int16_t>(raw));
    case TypeKind::kInt: return Value::INTEGER(load<int32_t>(raw));
    case TypeKind::kBigInt: return Value::BIGINT(load<int64_t>(raw));
    case TypeKind::kLargeInt: return Value::HUGEINT(to_hugeint(load<Int128>(raw)));
    case TypeKind::kFloat: return Value::FLOAT(load<float>(raw));
    case TypeKind::kDouble: return Value::DOUBLE(load<double>(raw));
    case TypeKind::kDate: return Value::DATE(duckdb::date_t(load<int32_t>(raw)));
    case TypeKind::kDateTime: return Value::TIMESTAMP(duckdb::timestamp_t(load<int64_t>(raw)));
    case TypeKind::kDecimal: break;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kString:
    case TypeKind::kJson: return Value(std::string(raw));
    case TypeKind::kBitmap: {
      Value value = Value::BLOB_RAW(std::string(raw));
      value.Reinterpret(logical_type(type));
      return value;
    }
  }
  switch (type.physical()) {
    case PhysicalType::kInt16: return Value::DECIMAL(load<int16_t>(raw), type.precision, type.scale);
    case PhysicalType::kInt32: return Value::DECIMAL(load<int32_t>(raw), type.precision, type.scale);
    case PhysicalType::kInt64: return Value::DECIMAL(load<int64_t>(raw), type.precision, type.scale);
    default: return Value::DECIMAL(to_hugeint(load<Int128>(raw)), type.precision, type.scale);
  }
}

Value stored_value(const Column& column, size_t row) {
  if (column.is_null(row)) return Value(logical_type(column.type()));
  if (column.is_bytes()) return stored_value(column.type(), column.bytes_at(row));
  return stored_value(column.type(), {column.raw_at(row), column.type().width()});
}

}  // namespace freshet::query
