#include "storage/types/data_type.h"

#include <fmt/core.h>

#include "storage/base/assert.h"

namespace freshet {
namespace {

PhysicalType decimal_physical(uint8_t precision) {
  if (precision <= 4) return PhysicalType::kInt16;
  if (precision <= 9) return PhysicalType::kInt32;
  return precision <= 18 ? PhysicalType::kInt64 : PhysicalType::kInt128;
}

}  // namespace

PhysicalType DataType::physical() const {
  switch (kind) {
    case TypeKind::kBoolean:
    case TypeKind::kTinyInt: return PhysicalType::kInt8;
    case TypeKind::kSmallInt: return PhysicalType::kInt16;
    case TypeKind::kInt:
    case TypeKind::kDate: return PhysicalType::kInt32;
    case TypeKind::kBigInt:
    case TypeKind::kDateTime: return PhysicalType::kInt64;
    case TypeKind::kLargeInt: return PhysicalType::kInt128;
    case TypeKind::kFloat: return PhysicalType::kFloat;
    case TypeKind::kDouble: return PhysicalType::kDouble;
    case TypeKind::kDecimal: return decimal_physical(precision);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kString:
    case TypeKind::kJson:
    case TypeKind::kBitmap: return PhysicalType::kBytes;
  }
  FRESHET_ASSERT(!"every kind of type has a layout");
}

uint32_t DataType::width_of(PhysicalType type) {
  switch (type) {
    case PhysicalType::kInt8: return 1;
    case PhysicalType::kInt16: return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat: return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kDouble: return 8;
    case PhysicalType::kInt128: return 16;
    case PhysicalType::kBytes: return 0;
  }
  FRESHET_ASSERT(!"every layout has a width");
}

std::string DataType::to_string() const {
  switch (kind) {
    case TypeKind::kBoolean: return "boolean";
    case TypeKind::kTinyInt: return "tinyint";
    case TypeKind::kSmallInt: return "smallint";
    case TypeKind::kInt: return "int";
    case TypeKind::kBigInt: return "bigint";
    case TypeKind::kLargeInt: return "largeint";
    case TypeKind::kFloat: return "float";
    case TypeKind::kDouble: return "double";
    case TypeKind::kDecimal: return fmt::format("decimal({},{})", precision, scale);
    case TypeKind::kDate: return "date";
    case TypeKind::kDateTime: return scale == 0 ? "datetime" : fmt::format("datetime({})", scale);
    case TypeKind::kChar: return length == 0 ? "char" : fmt::format("char({})", length);
    case TypeKind::kVarchar: return length == 0 ? "varchar" : fmt::format("varchar({})", length);
    case TypeKind::kString: return "string";
    case TypeKind::kJson: return "json";
    case TypeKind::kBitmap: return "bitmap";
  }
  return fmt::format("unknown type {}", static_cast<unsigned>(kind));
}

}  // namespace freshet
