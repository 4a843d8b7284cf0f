#include "query/point_read.h"

#include <algorithm>

#include "storage/types/value_text.h"
#include "storage/upsert/key_lookup.h"

namespace freshet::query {
namespace {

bool is_integer_text(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Appends `value` when it is a value of the column's type as it stands; false when the engine must compare it.
bool append_exact(const InputValue& value, Column& column) {
  const DataType& type = column.type();
  switch (type.kind) {
    case TypeKind::kBoolean:
      if (value.text != "0" && value.text != "1") return false;
      break;
    case TypeKind::kTinyInt:
    case TypeKind::kSmallInt:
    case TypeKind::kInt:
    case TypeKind::kBigInt:
    case TypeKind::kLargeInt:
      if (!is_integer_text(value.text)) return false;
      break;
    case TypeKind::kDecimal:
      if (!is_integer_text(value.text)) return false;
      break;
    case TypeKind::kDate:
    case TypeKind::kDateTime:
      if (value.kind != InputValue::Kind::kString) return false;
      break;
    default:
      if (value.kind != InputValue::Kind::kString) return false;
  }
  if (append_text(column, value.text) != TextError::kNone) return false;
  if (type.kind == TypeKind::kDate || type.kind == TypeKind::kDateTime) {
    std::string shown;
    format_value(column, column.size() - 1, shown);
    return shown.starts_with(value.text) && (shown.size() == value.text.size() || type.kind == TypeKind::kDateTime);
  }
  return true;
}

}  // namespace

std::optional<PointRead> PointRead::bind(const PointSelect& select, const storage::TableSnapshot& table) {
  const TableSchema& schema = *table.schema;
  if (!schema.is_unique() || select.equalities.size() != schema.key_count) return std::nullopt;
  PointRead read;
  read.table_ = table.id;
  read.schema_version_ = schema.version;
  read.key_.resize(schema.key_count);
  std::vector<bool> given(schema.key_count, false);
  for (const PointEquality& equality : select.equalities) {
    const std::optional<size_t> column = schema.find(equality.column);
    if (!column || *column >= schema.key_count || given[*column]) return std::nullopt;
    given[*column] = true;
    KeyValue& value = read.key_[*column];
    switch (equality.value.kind) {
      case LiteralKind::kNumber: value.value.kind = InputValue::Kind::kNumber; break;
      case LiteralKind::kString: value.value.kind = InputValue::Kind::kString; break;
      case LiteralKind::kPlaceholder: value.placeholder = equality.value.placeholder; break;
      default: return std::nullopt;
    }
    value.text = equality.value.text;
  }
  auto add_output = [&](size_t column, const std::string& label) {
    read.output_.push_back(column);
    read.columns_.push_back(result_column(schema.columns[column], label, table.database_name, table.name));
  };
  if (select.star) {
    for (size_t column = 0; column < schema.visible_count(); ++column) add_output(column, schema.columns[column].name);
  }
  for (const PointSelect::Output& output : select.outputs) {
    const std::optional<size_t> column = schema.find(output.column);
    if (!column) return std::nullopt;
    add_output(*column, std::string(output.label));
  }
  return read;
}

Result<bool> PointRead::run(const storage::TableSnapshot& table, std::span<const InputValue> parameters,
                            ResultWriter& out) const {
  const TableSchema& schema = *table.schema;
  Block key_block;
  for (size_t i = 0; i < key_.size(); ++i) {
    Column column(schema.columns[i].type);
    InputValue value = key_[i].value;
    value.text = key_[i].text;
    if (key_[i].placeholder) {
      if (*key_[i].placeholder >= parameters.size()) return false;
      value = parameters[*key_[i].placeholder];
    }
    if (value.kind == InputValue::Kind::kNull || !append_exact(value, column)) return false;
    key_block.columns.push_back(std::move(column));
  }
  KeyRun keys = table.key_codec->make_run();
  table.key_codec->append_keys(key_block, 0, 1, keys);
  std::vector<uint32_t> positions;
  table.partitions->route(schema, *table.key_codec, key_block, positions);

  std::optional<storage::RowLocation> location;
  std::vector<Column> values;
  if (positions[0] != PartitionMap::kNoTablet) {
    const storage::TabletSnapshot& tablet = *table.tablets[positions[0]];
    FRESHET_ASSIGN_OR_RETURN(location, storage::find_live_row(tablet, keys, 0));
    if (location) {
      for (size_t column : output_) values.emplace_back(schema.columns[column].type);
      FRESHET_RETURN_IF_ERROR(storage::read_rows(schema, tablet, std::span(&*location, 1), output_, values));
    }
  }
  FRESHET_RETURN_IF_ERROR(out.columns(columns_));
  if (location) {
    out.begin_row();
    for (const Column& value : values) write_cell(value, 0, out);
    FRESHET_RETURN_IF_ERROR(out.end_row());
  }
  FRESHET_RETURN_IF_ERROR(out.rows_end(0));
  return true;
}

}  // namespace freshet::query
