#include <algorithm>
#include <array>

#include "query/ddl/table_definition.h"
#include "query/dialect/number_text.h"

namespace freshet::query {
namespace {

constexpr uint32_t kMaxCharBytes = 255;
constexpr uint32_t kMaxVarcharBytes = 65535;
constexpr uint32_t kDefaultVarcharBytes = 65533;
constexpr uint32_t kMaxDecimalPrecision = 38;
constexpr uint32_t kMaxFractionDigits = 6;
/// Doris's DECIMAL without parameters.
constexpr uint8_t kDefaultDecimalPrecision = 38;
constexpr uint8_t kDefaultDecimalScale = 9;

struct NamedType {
  std::string_view name;
  TypeKind kind;
  TypeKind unsigned_kind;  ///< the smallest signed type that holds the unsigned one's values
};

constexpr std::array kTypes = {
    NamedType{"BOOLEAN", TypeKind::kBoolean, TypeKind::kBoolean},
    NamedType{"BOOL", TypeKind::kBoolean, TypeKind::kBoolean},
    NamedType{"TINYINT", TypeKind::kTinyInt, TypeKind::kSmallInt},
    NamedType{"SMALLINT", TypeKind::kSmallInt, TypeKind::kInt},
    NamedType{"YEAR", TypeKind::kSmallInt, TypeKind::kSmallInt},
    NamedType{"MEDIUMINT", TypeKind::kInt, TypeKind::kInt},
    NamedType{"INT", TypeKind::kInt, TypeKind::kBigInt},
    NamedType{"INTEGER", TypeKind::kInt, TypeKind::kBigInt},
    NamedType{"BIGINT", TypeKind::kBigInt, TypeKind::kLargeInt},
    NamedType{"LARGEINT", TypeKind::kLargeInt, TypeKind::kLargeInt},
    NamedType{"INT1", TypeKind::kTinyInt, TypeKind::kSmallInt},
    NamedType{"INT2", TypeKind::kSmallInt, TypeKind::kInt},
    NamedType{"INT3", TypeKind::kInt, TypeKind::kInt},
    NamedType{"INT4", TypeKind::kInt, TypeKind::kBigInt},
    NamedType{"INT8", TypeKind::kBigInt, TypeKind::kLargeInt},
    NamedType{"FLOAT", TypeKind::kFloat, TypeKind::kFloat},
    NamedType{"FLOAT4", TypeKind::kFloat, TypeKind::kFloat},
    NamedType{"DOUBLE", TypeKind::kDouble, TypeKind::kDouble},
    NamedType{"FLOAT8", TypeKind::kDouble, TypeKind::kDouble},
    NamedType{"REAL", TypeKind::kDouble, TypeKind::kDouble},
    NamedType{"DECIMAL", TypeKind::kDecimal, TypeKind::kDecimal},
    NamedType{"DECIMALV2", TypeKind::kDecimal, TypeKind::kDecimal},
    NamedType{"DECIMALV3", TypeKind::kDecimal, TypeKind::kDecimal},
    NamedType{"NUMERIC", TypeKind::kDecimal, TypeKind::kDecimal},
    NamedType{"DEC", TypeKind::kDecimal, TypeKind::kDecimal},
    NamedType{"FIXED", TypeKind::kDecimal, TypeKind::kDecimal},
    NamedType{"DATE", TypeKind::kDate, TypeKind::kDate},
    NamedType{"DATEV1", TypeKind::kDate, TypeKind::kDate},
    NamedType{"DATEV2", TypeKind::kDate, TypeKind::kDate},
    NamedType{"DATETIME", TypeKind::kDateTime, TypeKind::kDateTime},
    NamedType{"DATETIMEV1", TypeKind::kDateTime, TypeKind::kDateTime},
    NamedType{"DATETIMEV2", TypeKind::kDateTime, TypeKind::kDateTime},
    NamedType{"TIMESTAMP", TypeKind::kDateTime, TypeKind::kDateTime},
    NamedType{"CHAR", TypeKind::kChar, TypeKind::kChar},
    NamedType{"CHARACTER", TypeKind::kChar, TypeKind::kChar},
    NamedType{"NCHAR", TypeKind::kChar, TypeKind::kChar},
    NamedType{"VARCHAR", TypeKind::kVarchar, TypeKind::kVarchar},
    NamedType{"NVARCHAR", TypeKind::kVarchar, TypeKind::kVarchar},
    NamedType{"STRING", TypeKind::kString, TypeKind::kString},
    NamedType{"TEXT", TypeKind::kString, TypeKind::kString},
    NamedType{"TINYTEXT", TypeKind::kString, TypeKind::kString},
    NamedType{"MEDIUMTEXT", TypeKind::kString, TypeKind::kString},
    NamedType{"LONGTEXT", TypeKind::kString, TypeKind::kString},
    NamedType{"JSON", TypeKind::kJson, TypeKind::kJson},
    NamedType{"JSONB", TypeKind::kJson, TypeKind::kJson},
    NamedType{"BITMAP", TypeKind::kBitmap, TypeKind::kBitmap},
};

/// Types that are known but not stored, and what to use instead.
struct RefusedType {
  std::string_view prefix;
  std::string_view instead;
};

constexpr std::array kRefusedTypes = {
    RefusedType{"BINARY", "VARCHAR or STRING with UTF-8 text"},
    RefusedType{"VARBINARY", "VARCHAR or STRING with UTF-8 text"},
    RefusedType{"BLOB", "STRING with UTF-8 text"},
    RefusedType{"TINYBLOB", "STRING with UTF-8 text"},
    RefusedType{"MEDIUMBLOB", "STRING with UTF-8 text"},
    RefusedType{"LONGBLOB", "STRING with UTF-8 text"},
    RefusedType{"ENUM", "VARCHAR"},
    RefusedType{"SET", "VARCHAR"},
    RefusedType{"BIT", "BOOLEAN or BIGINT"},
    RefusedType{"TIME", "DATETIME, or INT for seconds"},
    RefusedType{"ARRAY", "JSON"},
    RefusedType{"MAP", "JSON"},
    RefusedType{"STRUCT", "JSON"},
    RefusedType{"VARIANT", "JSON"},
    RefusedType{"HLL", "BITMAP BITMAP_UNION with bitmap_hash(), which counts exactly"},
    RefusedType{"QUANTILE_STATE", "a DUPLICATE KEY table with DOUBLE, and percentile functions in the query"},
    RefusedType{"AGG_STATE", "the plain type of the value"},
    RefusedType{"IPV4", "VARCHAR(15)"},
    RefusedType{"IPV6", "VARCHAR(39)"},
    RefusedType{"GEOMETRY", "STRING"},
    RefusedType{"POINT", "two DOUBLE columns"},
};

Status unknown_type(std::string_view name, std::string_view column) {
  const std::string_view base = name.substr(0, name.find('<'));
  for (const RefusedType& refused : kRefusedTypes) {
    if (base == refused.prefix) {
      return Status::Unsupported("Column '{}': type {} is not supported; use {}", column, name, refused.instead);
    }
  }
  return Status::InvalidArgument("Column '{}': unknown type {}", column, name);
}

/// Parameter `index` as a number in [least, most].
Result<uint32_t> parameter(const TypeName& type, size_t index, uint32_t least, uint32_t most, std::string_view column) {
  const std::string& text = type.arguments[index];
  const auto value = parse_number<uint32_t>(text);
  if (!value || *value < least || *value > most) {
    return Status::InvalidArgument("Column '{}': {} takes a parameter from {} to {}, not '{}'", column, type.name, least,
                                   most, text);
  }
  return *value;
}

Status too_many_parameters(const TypeName& type, std::string_view column) {
  return Status::InvalidArgument("Column '{}': {} has too many parameters", column, type.name);
}

Status resolve_decimal(const TypeName& type, std::string_view column, DataType& out) {
  out.precision = kDefaultDecimalPrecision;
  out.scale = kDefaultDecimalScale;
  if (type.arguments.empty()) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const uint32_t precision, parameter(type, 0, 1, kMaxDecimalPrecision, column));
  out.precision = static_cast<uint8_t>(precision);
  out.scale = 0;
  if (type.arguments.size() > 2) return too_many_parameters(type, column);
  if (type.arguments.size() == 2) {
    FRESHET_ASSIGN_OR_RETURN(const uint32_t scale, parameter(type, 1, 0, precision, column));
    out.scale = static_cast<uint8_t>(scale);
  }
  return Status::OK();
}

Status resolve_text(const TypeName& type, std::string_view column, DataType& out) {
  const bool is_char = out.kind == TypeKind::kChar;
  out.length = is_char ? 1 : kDefaultVarcharBytes;
  if (type.arguments.empty() || (type.arguments[0] == "*" && !is_char)) return Status::OK();
  if (type.arguments.size() > 1) return too_many_parameters(type, column);
  FRESHET_ASSIGN_OR_RETURN(out.length, parameter(type, 0, 1, is_char ? kMaxCharBytes : kMaxVarcharBytes, column));
  return Status::OK();
}

/// FLOAT(24) is a FLOAT, FLOAT(53) a DOUBLE; FLOAT(7,4) only tells how to print.
Status resolve_float(const TypeName& type, std::string_view column, DataType& out) {
  if (type.arguments.size() != 1 || out.kind != TypeKind::kFloat) {
    return type.arguments.size() > 2 ? too_many_parameters(type, column) : Status::OK();
  }
  FRESHET_ASSIGN_OR_RETURN(const uint32_t bits, parameter(type, 0, 0, 53, column));
  if (bits > 24) out.kind = TypeKind::kDouble;
  return Status::OK();
}

Status resolve_datetime(const TypeName& type, std::string_view column, DataType& out) {
  if (type.arguments.empty()) return Status::OK();
  if (type.arguments.size() > 1) return too_many_parameters(type, column);
  FRESHET_ASSIGN_OR_RETURN(out.scale, parameter(type, 0, 0, kMaxFractionDigits, column));
  return Status::OK();
}

Status resolve_parameters(const TypeName& type, std::string_view column, DataType& out) {
  switch (out.kind) {
    case TypeKind::kDecimal: return resolve_decimal(type, column, out);
    case TypeKind::kChar:
    case TypeKind::kVarchar: return resolve_text(type, column, out);
    case TypeKind::kFloat:
    case TypeKind::kDouble: return resolve_float(type, column, out);
    case TypeKind::kDateTime: return resolve_datetime(type, column, out);
    // The width of INT(11), and the length of TEXT(1000), change nothing.
    default: return type.arguments.size() > 1 ? too_many_parameters(type, column) : Status::OK();
  }
}

}  // namespace

Result<DataType> resolve_type(const TypeName& type, std::string_view column) {
  const auto known =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const NamedType& named) { return named.name == type.name; });
  if (known == kTypes.end()) return unknown_type(type.name, column);
  DataType resolved;
  resolved.kind = type.is_unsigned ? known->unsigned_kind : known->kind;
  FRESHET_RETURN_IF_ERROR(resolve_parameters(type, column, resolved));
  return resolved;
}

}  // namespace freshet::query
