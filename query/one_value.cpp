#include "query/one_value.h"

#include "storage/types/value_text.h"

namespace freshet::query {

Status OneValue::check() const {
  if (column_count_ != 1) return Status::InvalidArgument("Operand should contain 1 column(s)");
  if (rows_ > 1) return Status::InvalidArgument("Subquery returns more than 1 row");
  return Status::OK();
}

bool OneValue::is_number() const {
  switch (type_.kind) {
    case TypeKind::kBoolean:
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt:
    case TypeKind::kLargeInt:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal: return true;
    default: return false;
  }
}

Status OneValue::columns(std::span<const ResultColumn> columns) {
  column_count_ = columns.size();
  if (column_count_ != 1) return check();
  type_ = columns.front().type;
  return Status::OK();
}

void OneValue::cell_float(float value) { format_float(value, fresh_text()); }
void OneValue::cell_double(double value) { format_double(value, fresh_text()); }
void OneValue::cell_date(int32_t days) { format_date(days, fresh_text()); }
void OneValue::cell_datetime(int64_t micros) { format_datetime(micros, type_.scale, fresh_text()); }

}  // namespace freshet::query
