#include "storage/types/widening.h"

#include <cstring>
#include <type_traits>

#include "storage/base/assert.h"

namespace freshet {
namespace {

/// CHAR and VARCHAR of length 0 are as long as STRING.
bool is_as_long(const DataType& from, const DataType& to) {
  return to.kind == TypeKind::kString || to.length == 0 || (from.length != 0 && from.length <= to.length);
}

bool can_lengthen(const DataType& from, const DataType& to) {
  switch (to.kind) {
    case TypeKind::kChar: return from.kind == TypeKind::kChar && is_as_long(from, to);
    case TypeKind::kVarchar:
      return (from.kind == TypeKind::kChar || from.kind == TypeKind::kVarchar) && is_as_long(from, to);
    case TypeKind::kString:
      return from.kind == TypeKind::kChar || from.kind == TypeKind::kVarchar || from.kind == TypeKind::kString;
    default: return false;
  }
}

bool is_integer(PhysicalType type) { return type <= PhysicalType::kInt128; }

template <typename From, typename To>
void widen(const char* values, size_t count, char* out) {
  for (size_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, values + i * sizeof(From), sizeof(From));
    const auto widened = static_cast<To>(value);
    std::memcpy(out + i * sizeof(To), &widened, sizeof(To));
  }
}

template <typename From>
void widen_integers(PhysicalType to, const char* values, size_t count, char* out) {
  switch (to) {
    case PhysicalType::kInt16: return widen<From, int16_t>(values, count, out);
    case PhysicalType::kInt32: return widen<From, int32_t>(values, count, out);
    case PhysicalType::kInt64: return widen<From, int64_t>(values, count, out);
    default: return widen<From, Int128>(values, count, out);
  }
}

}  // namespace

bool can_widen(const DataType& from, const DataType& to) {
  if (from == to) return true;
  if (from.is_integer() && to.is_integer()) return from.kind <= to.kind;
  if (from.kind == TypeKind::kFloat) return to.kind == TypeKind::kDouble;
  if (from.kind == TypeKind::kDecimal && to.kind == TypeKind::kDecimal) {
    return from.scale == to.scale && from.precision <= to.precision;
  }
  if (from.kind == TypeKind::kDateTime && to.kind == TypeKind::kDateTime) return from.scale <= to.scale;
  return can_lengthen(from, to);
}

bool can_widen(PhysicalType from, PhysicalType to) {
  if (from == to) return true;
  if (from == PhysicalType::kFloat) return to == PhysicalType::kDouble;
  return is_integer(from) && is_integer(to) && from < to;
}

void widen_values(PhysicalType from, PhysicalType to, const void* values, size_t count, void* out) {
  FRESHET_ASSERT(can_widen(from, to) && from != PhysicalType::kBytes);
  const auto* in = static_cast<const char*>(values);
  auto* target = static_cast<char*>(out);
  if (from == to) {
    std::memcpy(target, in, count * DataType::width_of(from));
    return;
  }
  switch (from) {
    case PhysicalType::kInt8: return widen_integers<int8_t>(to, in, count, target);
    case PhysicalType::kInt16: return widen_integers<int16_t>(to, in, count, target);
    case PhysicalType::kInt32: return widen_integers<int32_t>(to, in, count, target);
    case PhysicalType::kInt64: return widen_integers<int64_t>(to, in, count, target);
    default: return widen<float, double>(in, count, target);
  }
}

Column widen_column(const Column& column, const DataType& to) {
  Column out(to);
  if (column.is_bytes() || column.type().physical() == to.physical()) {
    out.reserve(column.size());
    out.append_range(column, 0, column.size());
    return out;
  }
  std::string values(column.size() * to.width(), '\0');
  widen_values(column.type().physical(), to.physical(), column.raw(), column.size(), values.data());
  out.append_fixed_run(values.data(), column.has_nulls() ? column.nulls().data() : nullptr, column.size());
  return out;
}

}  // namespace freshet
