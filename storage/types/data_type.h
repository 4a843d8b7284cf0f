#pragma once

#include <cstdint>
#include <string>

namespace freshet {

/// SQL types. The numbers are stored in schemas: append only.
enum class TypeKind : uint8_t {
  kBoolean = 1,
  kTinyInt = 2,
  kSmallInt = 3,
  kInt = 4,
  kBigInt = 5,
  kLargeInt = 6,  ///< 128 bit
  kFloat = 7,
  kDouble = 8,
  kDecimal = 9,    ///< precision 1..38, scale 0..precision
  kDate = 10,      ///< 0000-01-01 .. 9999-12-31
  kDateTime = 11,  ///< no time zone; `scale` fractional digits, 0..6
  kChar = 12,
  kVarchar = 13,
  kString = 14,
  kJson = 15,    ///< text, checked to be JSON when it is loaded
  kBitmap = 16,  ///< a set of 64-bit numbers (BitmapValue)
};
inline constexpr TypeKind kLastTypeKind = TypeKind::kBitmap;

/// How the values of a type lie in memory and in pages; the same layouts as DuckDB's vectors.
enum class PhysicalType : uint8_t { kInt8, kInt16, kInt32, kInt64, kInt128, kFloat, kDouble, kBytes };

using Int128 = __int128;

/// A SQL type with its parameters.
///
/// Physical values: BOOLEAN 0/1 as int8; integers as themselves; DECIMAL the unscaled integer in 16, 32, 64 or 128 bits for
/// a precision up to 4, 9, 18 or 38; DATE days since 1970-01-01 (int32); DATETIME microseconds since 1970-01-01 00:00:00
/// (int64); CHAR, VARCHAR, STRING, JSON as UTF-8 bytes; BITMAP as the bytes of BitmapValue.
struct DataType {
  TypeKind kind = TypeKind::kInt;
  uint8_t precision = 0;  ///< DECIMAL
  uint8_t scale = 0;      ///< DECIMAL and DATETIME
  uint32_t length = 0;    ///< CHAR and VARCHAR: most bytes; 0 = bounded by kMaxStringBytes only

  bool operator==(const DataType&) const = default;

  PhysicalType physical() const;
  /// Bytes of one value in memory; 0 for kBytes.
  uint32_t width() const { return width_of(physical()); }
  bool is_bytes() const { return physical() == PhysicalType::kBytes; }
  bool is_integer() const { return kind >= TypeKind::kTinyInt && kind <= TypeKind::kLargeInt; }
  /// As written in DDL in lower case, e.g. "decimal(10,2)".
  std::string to_string() const;

  static uint32_t width_of(PhysicalType type);
};

}  // namespace freshet
