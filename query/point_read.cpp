#include "query/point_read.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "storage/segment/segment_writer.h"
#include "storage/types/value_text.h"
#include "storage/upsert/key_lookup.h"
#include "storage/upsert/range_rows.h"

namespace freshet::query {
namespace {

Status write_row(std::span<const Column> values, size_t row, ResultWriter& out) {
  out.begin_row();
  for (const Column& value : values) write_cell(value, row, out);
  return out.end_row();
}

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

/// Most rows that a range looks at, dead ones and those of delta buffers included: about as many as the engine reads in the
/// time that it takes to begin.
constexpr uint64_t kMostRangeRows = 4096;
/// Most tablets that a range is looked for in.
constexpr size_t kMostRangeTablets = 64;

/// Whether equality on the first `columns` key columns says which tablet has the rows.
bool determines_tablet(const storage::TableSnapshot& table, size_t columns) {
  const TableSchema& schema = *table.schema;
  const auto is_given = [&](size_t position) { return position < columns; };
  if (schema.bucket_columns.empty() || !std::all_of(schema.bucket_columns.begin(), schema.bucket_columns.end(), is_given)) {
    return false;
  }
  const auto& partition_columns = table.partitions->scheme().columns;
  return std::all_of(partition_columns.begin(), partition_columns.end(), [&](ColumnId id) {
    const std::optional<size_t> position = schema.find(id);
    return position && is_given(*position);
  });
}

/// The tablets that may have rows with these values in the first key columns.
std::vector<uint32_t> tablets_of_prefix(const storage::TableSnapshot& table, const Block& prefix) {
  std::vector<uint32_t> positions;
  if (determines_tablet(table, prefix.columns.size())) {
    table.partitions->route(*table.schema, *table.key_codec, prefix, positions);
    if (positions[0] == PartitionMap::kNoTablet) positions.clear();
    return positions;
  }
  positions.resize(table.tablets.size());
  std::iota(positions.begin(), positions.end(), uint32_t{0});
  return positions;
}

}  // namespace

std::optional<PointRead::KeyValue> PointRead::bind_value(const Literal& literal) {
  KeyValue value;
  switch (literal.kind) {
    case LiteralKind::kNumber: value.value.kind = InputValue::Kind::kNumber; break;
    case LiteralKind::kString: value.value.kind = InputValue::Kind::kString; break;
    case LiteralKind::kNull: value.value.kind = InputValue::Kind::kNull; break;
    case LiteralKind::kPlaceholder: value.placeholder = literal.placeholder; break;
    case LiteralKind::kDefault: return std::nullopt;
  }
  value.text = literal.text;
  return value;
}

bool PointRead::bind_list(const PointList& list, const TableSchema& schema) {
  const std::optional<size_t> column = schema.find(list.column);
  if (!column || *column >= schema.key_count) return false;
  kind_ = Kind::kKeys;
  list_column_ = *column;
  for (const Literal& literal : list.values) {
    auto value = bind_value(literal);
    if (!value) return false;
    list_.push_back(std::move(*value));
  }
  return true;
}

bool PointRead::bind_range(const PointSelect& select, const TableSchema& schema) {
  kind_ = Kind::kRange;
  key_.resize(select.equalities.size());
  if (select.range.column.empty()) return !key_.empty();
  range_column_ = schema.find(select.range.column);
  low_ = bind_value(select.range.low);
  high_ = bind_value(select.range.high);
  return range_column_ == key_.size() && low_ && high_;
}

std::optional<PointRead> PointRead::bind(const PointSelect& select, const storage::TableSnapshot& table) {
  const TableSchema& schema = *table.schema;
  const size_t equalities = select.equalities.size();
  const bool has_list = !select.list.column.empty();
  if (!schema.is_unique() || equalities + has_list > schema.key_count) return std::nullopt;
  PointRead read;
  read.table_ = table.id;
  read.schema_version_ = schema.version;
  read.limit_ = select.limit;
  read.key_.resize(schema.key_count);
  std::vector<bool> given(schema.key_count, false);
  if (has_list) {
    if (equalities + 1 != schema.key_count || !read.bind_list(select.list, schema)) return std::nullopt;
    given[read.list_column_] = true;
  } else if (equalities < schema.key_count) {
    if (!read.bind_range(select, schema)) return std::nullopt;
  }
  for (const PointEquality& equality : select.equalities) {
    const std::optional<size_t> column = schema.find(equality.column);
    if (!column || *column >= read.key_.size() || given[*column]) return std::nullopt;
    given[*column] = true;
    auto value = bind_value(equality.value);
    if (!value) return std::nullopt;
    read.key_[*column] = std::move(*value);
  }
  auto add_output = [&](size_t column, const std::string& label) {
    read.read_.push_back(column);
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
  if (!read.bind_order(select, schema)) return std::nullopt;
  return read;
}

bool PointRead::bind_order(const PointSelect& select, const TableSchema& schema) {
  is_distinct_ = select.is_distinct;
  for (const PointSelect::Order& order : select.order) {
    const std::optional<size_t> column = schema.find(order.column);
    if (!column) return false;
    // A label of the result comes before a column of the table.
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (same_name(columns_[i].name, order.column) && read_[i] != *column) return false;
    }
    const auto known = std::find(read_.begin(), read_.end(), *column);
    const size_t at = static_cast<size_t>(known - read_.begin());
    // What is distinct has no one value in a column that is not shown.
    if (known == read_.end() && is_distinct_) return false;
    if (known == read_.end()) read_.push_back(*column);
    order_.push_back({at, order.is_descending});
  }
  return true;
}

bool PointRead::append(const KeyValue& key, std::span<const InputValue> parameters, Column& column) {
  InputValue value = key.value;
  value.text = key.text;
  if (key.placeholder) {
    if (*key.placeholder >= parameters.size()) return false;
    value = parameters[*key.placeholder];
  }
  return value.kind != InputValue::Kind::kNull && append_exact(value, column);
}

std::string_view PointRead::description() const {
  switch (kind_) {
    case Kind::kOneKey: return "point read by its whole key: delta buffer, key filter, key index, one row";
    case Kind::kKeys: return "point reads by a list of whole keys: delta buffer, key filter, key index, a row for each";
    case Kind::kRange: break;
  }
  return "short scan of a range of its key: key index, the rows between; by the engine when they are more than a few "
         "thousand";
}

std::vector<Column> PointRead::read_columns(const TableSchema& schema) const {
  std::vector<Column> columns;
  columns.reserve(read_.size());
  for (const size_t column : read_) columns.emplace_back(schema.columns[column].type);
  return columns;
}

Status PointRead::write_rows(std::span<const Column> values, ResultWriter& out) const {
  const std::span<const Column> shown = values.first(columns_.size());
  std::vector<uint32_t> rows(values[0].size());
  std::iota(rows.begin(), rows.end(), uint32_t{0});
  if (is_distinct_) {
    std::unordered_set<std::string> known;
    std::erase_if(rows, [&](uint32_t row) {
      std::string bytes;
      for (const Column& column : shown) append_encoded_value(column, row, bytes);
      return !known.insert(std::move(bytes)).second;
    });
  }
  if (!order_.empty() && rows.size() > 1) sort_rows(values, rows);
  rows.resize(std::min<uint64_t>(rows.size(), limit_));
  for (const uint32_t row : rows) FRESHET_RETURN_IF_ERROR(write_row(shown, row, out));
  return Status::OK();
}

void PointRead::sort_rows(std::span<const Column> values, std::vector<uint32_t>& rows) const {
  std::vector<std::vector<std::string>> keys(order_.size());
  for (size_t i = 0; i < order_.size(); ++i) {
    keys[i].resize(values[0].size());
    for (const uint32_t row : rows) append_encoded_value(values[order_[i].at], row, keys[i][row]);
  }
  std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
    for (size_t i = 0; i < order_.size(); ++i) {
      const int order = keys[i][a].compare(keys[i][b]);
      if (order != 0) return order_[i].is_descending ? order > 0 : order < 0;
    }
    return false;
  });
}

Result<bool> PointRead::run(const storage::TableSnapshot& table, std::span<const InputValue> parameters,
                            ResultWriter& out) const {
  switch (kind_) {
    case Kind::kOneKey: return run_one(table, parameters, out);
    case Kind::kKeys: return run_keys(table, parameters, out);
    case Kind::kRange: return run_range(table, parameters, out);
  }
  return false;
}

Result<bool> PointRead::run_one(const storage::TableSnapshot& table, std::span<const InputValue> parameters,
                                ResultWriter& out) const {
  const TableSchema& schema = *table.schema;
  Block key_block;
  for (size_t i = 0; i < key_.size(); ++i) {
    Column column(schema.columns[i].type);
    if (!append(key_[i], parameters, column)) return false;
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
      values = read_columns(schema);
      FRESHET_RETURN_IF_ERROR(storage::read_rows(schema, tablet, std::span(&*location, 1), read_, values));
    }
  }
  FRESHET_RETURN_IF_ERROR(out.columns(columns_));
  if (location) FRESHET_RETURN_IF_ERROR(write_row(std::span(values).first(columns_.size()), 0, out));
  FRESHET_RETURN_IF_ERROR(out.rows_end(0));
  return true;
}

bool PointRead::append_list(std::span<const InputValue> parameters, Column& column) const {
  for (const KeyValue& key : list_) {
    const bool is_null = key.placeholder ? *key.placeholder < parameters.size() &&
                                               parameters[*key.placeholder].kind == InputValue::Kind::kNull
                                         : key.value.kind == InputValue::Kind::kNull;
    if (!is_null && !append(key, parameters, column)) return false;
  }
  return true;
}

Result<bool> PointRead::run_keys(const storage::TableSnapshot& table, std::span<const InputValue> parameters,
                                 ResultWriter& out) const {
  const TableSchema& schema = *table.schema;
  Column list(schema.columns[list_column_].type);
  if (!append_list(parameters, list)) return false;
  if (list.size() == 0) {
    FRESHET_RETURN_IF_ERROR(out.columns(columns_));
    FRESHET_RETURN_IF_ERROR(out.rows_end(0));
    return true;
  }
  Block key_block;
  for (size_t i = 0; i < key_.size(); ++i) {
    if (i == list_column_) {
      key_block.columns.push_back(list);
      continue;
    }
    Column column(schema.columns[i].type);
    for (size_t row = 0; row < list.size(); ++row) {
      if (!append(key_[i], parameters, column)) return false;
    }
    key_block.columns.push_back(std::move(column));
  }
  KeyRun keys = table.key_codec->make_run();
  table.key_codec->append_keys(key_block, 0, list.size(), keys);
  std::vector<uint32_t> positions;
  table.partitions->route(schema, *table.key_codec, key_block, positions);
  std::vector<uint32_t> order = storage::sort_order(keys);
  const auto is_same_key = [&](uint32_t a, uint32_t b) { return keys.compare(a, keys, b) == 0; };
  order.erase(std::unique(order.begin(), order.end(), is_same_key), order.end());

  std::vector<Column> values = read_columns(schema);
  const bool ends_early = order_.empty() && !is_distinct_;
  for (const uint32_t key : order) {
    if (positions[key] == PartitionMap::kNoTablet) continue;
    if (ends_early && values[0].size() >= limit_) break;
    const storage::TabletSnapshot& tablet = *table.tablets[positions[key]];
    FRESHET_ASSIGN_OR_RETURN(const auto location, storage::find_live_row(tablet, keys, key));
    if (location) FRESHET_RETURN_IF_ERROR(storage::read_rows(schema, tablet, std::span(&*location, 1), read_, values));
  }
  FRESHET_RETURN_IF_ERROR(out.columns(columns_));
  FRESHET_RETURN_IF_ERROR(write_rows(values, out));
  FRESHET_RETURN_IF_ERROR(out.rows_end(0));
  return true;
}

Result<bool> PointRead::run_range(const storage::TableSnapshot& table, std::span<const InputValue> parameters,
                                  ResultWriter& out) const {
  const TableSchema& schema = *table.schema;
  Block low, high;
  for (size_t i = 0; i < key_.size(); ++i) {
    Column column(schema.columns[i].type);
    if (!append(key_[i], parameters, column)) return false;
    low.columns.push_back(column);
    high.columns.push_back(std::move(column));
  }
  const Block prefix = low;
  if (range_column_) {
    const DataType& type = schema.columns[*range_column_].type;
    if (!append(*low_, parameters, low.columns.emplace_back(type))) return false;
    if (!append(*high_, parameters, high.columns.emplace_back(type))) return false;
  }
  const storage::EncodedRange range =
      storage::range_of_prefixes(table.key_codec->encode_prefix(low, 0, low.columns.size()),
                                 table.key_codec->encode_prefix(high, 0, high.columns.size()), table.key_codec->is_fixed());
  const std::vector<uint32_t> tablets = tablets_of_prefix(table, prefix);
  if (tablets.size() > kMostRangeTablets) return false;

  std::vector<Column> values = read_columns(schema);
  uint64_t rows_left = kMostRangeRows;
  for (const uint32_t position : tablets) {
    const storage::TabletSnapshot& tablet = *table.tablets[position];
    FRESHET_ASSIGN_OR_RETURN(auto rows, storage::find_rows_in_range(tablet, range, rows_left));
    if (!rows) return false;
    if (order_.empty() && !is_distinct_) rows->resize(std::min<uint64_t>(rows->size(), limit_ - values[0].size()));
    FRESHET_RETURN_IF_ERROR(storage::read_rows(schema, tablet, *rows, read_, values));
  }
  FRESHET_RETURN_IF_ERROR(out.columns(columns_));
  FRESHET_RETURN_IF_ERROR(write_rows(values, out));
  FRESHET_RETURN_IF_ERROR(out.rows_end(0));
  return true;
}

}  // namespace freshet::query
