#include "query/value_cells.h"

#include <fmt/format.h>

#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

struct ToText {
  std::string operator()(const ParameterNull&) const { return {}; }
  std::string operator()(int64_t value) const { return fmt::to_string(value); }
  std::string operator()(uint64_t value) const { return fmt::to_string(value); }
  std::string operator()(double value) const {
    std::string text;
    format_double(value, text);
    return text;
  }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const ParameterDateTime& value) const { return value.text; }
  std::string operator()(const ParameterDecimal& value) const { return value.text; }
};

struct ToKind {
  using Kind = InputValue::Kind;
  Kind operator()(const ParameterNull&) const { return Kind::kNull; }
  Kind operator()(int64_t) const { return Kind::kNumber; }
  Kind operator()(uint64_t) const { return Kind::kNumber; }
  Kind operator()(double) const { return Kind::kNumber; }
  Kind operator()(const std::string&) const { return Kind::kString; }
  Kind operator()(const ParameterDateTime&) const { return Kind::kString; }
  Kind operator()(const ParameterDecimal&) const { return Kind::kNumber; }
};

}  // namespace

std::vector<InputValue> to_input_values(std::span<const Parameter> parameters, std::vector<std::string>& texts) {
  texts.clear();
  texts.reserve(parameters.size());
  std::vector<InputValue> values;
  values.reserve(parameters.size());
  for (const Parameter& parameter : parameters) {
    texts.push_back(std::visit(ToText{}, parameter));
    values.push_back({std::visit(ToKind{}, parameter), texts.back()});
  }
  return values;
}

void write_cell(const Column& column, size_t row, ResultWriter& out) {
  if (column.is_null(row)) return out.cell_null();
  switch (column.type().kind) {
    case TypeKind::kBoolean:
    case TypeKind::kTinyInt: return out.cell_int64(column.values<int8_t>()[row]);
    case TypeKind::kSmallInt: return out.cell_int64(column.values<int16_t>()[row]);
    case TypeKind::kInt: return out.cell_int64(column.values<int32_t>()[row]);
    case TypeKind::kBigInt: return out.cell_int64(column.values<int64_t>()[row]);
    case TypeKind::kFloat: return out.cell_float(column.values<float>()[row]);
    case TypeKind::kDouble: return out.cell_double(column.values<double>()[row]);
    case TypeKind::kDate: return out.cell_date(column.values<int32_t>()[row]);
    case TypeKind::kDateTime: return out.cell_datetime(column.values<int64_t>()[row]);
    case TypeKind::kLargeInt:
    case TypeKind::kDecimal: {
      std::string text;
      format_value(column, row, text);
      return out.cell_text(text);
    }
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kString:
    case TypeKind::kJson: return out.cell_text(column.bytes_at(row));
    case TypeKind::kBitmap: return out.cell_null();
  }
}

ResultColumn result_column(const ColumnSchema& column, const std::string& label, const std::string& database,
                           const std::string& table) {
  return {label, column.type, column.nullable, database, table};
}

ResultColumn text_column(const std::string& name) { return {name, DataType{TypeKind::kString}, true, {}, {}}; }

Status write_text_rows(std::span<const std::string> names, const std::vector<std::vector<TextCell>>& rows,
                       ResultWriter& out) {
  std::vector<ResultColumn> columns;
  for (const std::string& name : names) columns.push_back(text_column(name));
  FRESHET_RETURN_IF_ERROR(out.columns(columns));
  for (const std::vector<TextCell>& row : rows) {
    out.begin_row();
    for (const TextCell& cell : row) cell ? out.cell_text(*cell) : out.cell_null();
    FRESHET_RETURN_IF_ERROR(out.end_row());
  }
  return out.rows_end(0);
}

}  // namespace freshet::query
