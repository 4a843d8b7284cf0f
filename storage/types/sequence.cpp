#include "storage/types/sequence.h"

#include <chrono>
#include <cstring>

namespace freshet {
namespace {

template <typename T>
int compare_values(const Column& a, size_t row, const Column& b, size_t other) {
  const T x = a.values<T>()[row], y = b.values<T>()[other];
  return x < y ? -1 : x > y;
}

}  // namespace

bool may_be_sequence(const DataType& type) {
  return type.is_integer() || type.kind == TypeKind::kDate || type.kind == TypeKind::kDateTime;
}

int compare_sequences(const Column& a, size_t row, const Column& b, size_t other) {
  if (a.is_null(row) || b.is_null(other)) return static_cast<int>(b.is_null(other)) - static_cast<int>(a.is_null(row));
  switch (a.type().physical()) {
    case PhysicalType::kInt8: return compare_values<int8_t>(a, row, b, other);
    case PhysicalType::kInt16: return compare_values<int16_t>(a, row, b, other);
    case PhysicalType::kInt32: return compare_values<int32_t>(a, row, b, other);
    case PhysicalType::kInt64: return compare_values<int64_t>(a, row, b, other);
    default: break;
  }
  // The bytes of a column are not aligned for 128 bits.
  Int128 x, y;
  std::memcpy(&x, a.raw_at(row), sizeof(x));
  std::memcpy(&y, b.raw_at(other), sizeof(y));
  return x < y ? -1 : x > y;
}

int64_t unix_seconds_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

Column delete_times(const Block& rows) {
  Column times({TypeKind::kBigInt});
  times.reserve(rows.row_count());
  const int64_t now = unix_seconds_now();
  for (size_t row = 0; row < rows.row_count(); ++row) rows.is_delete(row) ? times.append(now) : times.append_null();
  return times;
}

void add_hidden_column(TableSchema& schema, std::string_view name, const DataType& type) {
  ColumnSchema column;
  column.name = name;
  column.type = type;
  column.hidden = true;
  schema.columns.push_back(std::move(column));
}

void add_sequence(TableSchema& schema, std::optional<size_t> position, const DataType& type) {
  if (!position) {
    add_hidden_column(schema, kSequenceColumn, type);
    position = schema.columns.size() - 1;
  }
  schema.columns[*position].is_sequence = true;
  add_hidden_column(schema, kDeleteTimeColumn, {TypeKind::kBigInt});
}

}  // namespace freshet
