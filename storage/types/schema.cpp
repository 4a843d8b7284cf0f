#include "storage/types/schema.h"

#include <algorithm>
#include <span>

#include "storage/base/assert.h"
#include "storage/base/coding.h"
#include "storage/base/limits.h"

namespace freshet {
namespace {

/// Form 1 had no initial defaults; both it and form 2 had 8 bits of flags.
constexpr uint8_t kSchemaForm = 3;

enum ColumnFlag : uint16_t {
  kKeyFlag = 1,
  kNullableFlag = 2,
  kAutoIncrementFlag = 4,
  kDefaultFlag = 8,
  kCurrentTimestampFlag = 16,
  kInitialDefaultFlag = 32,
  kAggregationFlag = 64,
  kHiddenFlag = 128,
  kSequenceFlag = 256,
  kOnUpdateFlag = 512,
  kAllFlags = 1023,
};

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter; }

/// Levenshtein distance without regard to case.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

uint16_t flags_of(const ColumnSchema& column) {
  return static_cast<uint16_t>(
      (column.is_key ? kKeyFlag : 0) | (column.nullable ? kNullableFlag : 0) |
      (column.auto_increment ? kAutoIncrementFlag : 0) | (column.default_value.has_value() ? kDefaultFlag : 0) |
      (column.default_current_timestamp ? kCurrentTimestampFlag : 0) |
      (column.initial_default.has_value() ? kInitialDefaultFlag : 0) |
      (column.aggregation != Aggregation::kNone ? kAggregationFlag : 0) | (column.hidden ? kHiddenFlag : 0) |
      (column.is_sequence ? kSequenceFlag : 0) | (column.on_update_current_timestamp ? kOnUpdateFlag : 0));
}

void put_column(std::string& out, const ColumnSchema& column) {
  put_fixed<uint32_t>(out, column.id.value);
  put_length_prefixed(out, column.name);
  put_fixed<uint8_t>(out, static_cast<uint8_t>(column.type.kind));
  put_fixed<uint8_t>(out, column.type.precision);
  put_fixed<uint8_t>(out, column.type.scale);
  put_fixed<uint32_t>(out, column.type.length);
  put_fixed<uint16_t>(out, flags_of(column));
  if (column.default_value) put_length_prefixed(out, *column.default_value);
  put_length_prefixed(out, column.comment);
  if (column.initial_default) put_length_prefixed(out, *column.initial_default);
  if (column.aggregation != Aggregation::kNone) put_fixed<uint8_t>(out, static_cast<uint8_t>(column.aggregation));
}

bool is_valid(const DataType& type) {
  if (type.kind < TypeKind::kBoolean || type.kind > kLastTypeKind) return false;
  if (type.kind == TypeKind::kDecimal) return type.precision >= 1 && type.precision <= 38 && type.scale <= type.precision;
  return type.kind != TypeKind::kDateTime || type.scale <= 6;
}

bool read_column(ByteReader& in, uint8_t form, ColumnSchema& column) {
  column.id = ColumnId(in.fixed<uint32_t>());
  column.name = in.length_prefixed();
  column.type.kind = static_cast<TypeKind>(in.fixed<uint8_t>());
  column.type.precision = in.fixed<uint8_t>();
  column.type.scale = in.fixed<uint8_t>();
  column.type.length = in.fixed<uint32_t>();
  const uint16_t flags = form < kSchemaForm ? in.fixed<uint8_t>() : in.fixed<uint16_t>();
  column.is_key = flags & kKeyFlag;
  column.nullable = flags & kNullableFlag;
  column.auto_increment = flags & kAutoIncrementFlag;
  column.default_current_timestamp = flags & kCurrentTimestampFlag;
  if (flags & kDefaultFlag) column.default_value = std::string(in.length_prefixed());
  column.comment = in.length_prefixed();
  if (flags & kInitialDefaultFlag) column.initial_default = std::string(in.length_prefixed());
  if (flags & kAggregationFlag) column.aggregation = static_cast<Aggregation>(in.fixed<uint8_t>());
  column.hidden = flags & kHiddenFlag;
  column.is_sequence = flags & kSequenceFlag;
  column.on_update_current_timestamp = flags & kOnUpdateFlag;
  return in.ok() && (flags & ~kAllFlags) == 0 && is_valid(column.type) && column.aggregation <= kLastAggregation &&
         can_aggregate(column.aggregation, column.type);
}

bool read_columns(ByteReader& in, uint8_t form, TableSchema& schema) {
  const uint32_t count = in.fixed<uint32_t>();
  if (!in.ok() || count > kMaxColumns) return false;
  schema.columns.resize(count);
  for (ColumnSchema& column : schema.columns) {
    if (!read_column(in, form, column)) return false;
  }
  return true;
}

bool read_buckets(ByteReader& in, TableSchema& schema) {
  schema.bucket_count = in.fixed<uint32_t>();
  const uint32_t count = in.fixed<uint32_t>();
  if (!in.ok() || schema.bucket_count < 1 || schema.bucket_count > kMaxBuckets || count > schema.columns.size())
    return false;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t position = in.fixed<uint32_t>();
    if (!in.ok() || position >= schema.columns.size()) return false;
    schema.bucket_columns.push_back(position);
  }
  return true;
}

bool read_properties(ByteReader& in, TableSchema& schema) {
  const uint32_t count = in.fixed<uint32_t>();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    std::string name(in.length_prefixed());
    schema.properties.emplace_back(std::move(name), in.length_prefixed());
  }
  return in.ok();
}

bool read_schema(ByteReader& in, TableSchema& schema) {
  const uint8_t form = in.fixed<uint8_t>();
  if (form < 1 || form > kSchemaForm) return false;
  schema.version = in.fixed<uint32_t>();
  schema.model = static_cast<TableModel>(in.fixed<uint8_t>());
  if (schema.model < TableModel::kUnique || schema.model > TableModel::kAggregate) return false;
  schema.key_count = in.fixed<uint32_t>();
  schema.next_column_id = ColumnId(in.fixed<uint32_t>());
  if (!read_columns(in, form, schema) || schema.key_count > schema.columns.size()) return false;
  if (!read_buckets(in, schema) || !read_properties(in, schema)) return false;
  schema.comment = in.length_prefixed();
  return in.ok() && in.at_end();
}

std::optional<size_t> find_hidden(const TableSchema& schema, std::string_view name) {
  for (size_t i = schema.columns.size(); i-- > 0 && schema.columns[i].hidden;) {
    if (schema.columns[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

std::string_view table_model_name(TableModel model) {
  switch (model) {
    case TableModel::kUnique: return "UNIQUE KEY";
    case TableModel::kDuplicate: return "DUPLICATE KEY";
    case TableModel::kAggregate: return "AGGREGATE KEY";
  }
  FRESHET_ASSERT(!"every table model has a name");
}

Status check_aggregation(TableModel model, const ColumnSchema& column) {
  const bool has_aggregation = column.aggregation != Aggregation::kNone;
  const bool is_aggregate = model == TableModel::kAggregate;
  if (column.is_key && has_aggregation) {
    return Status::InvalidArgument("Key column[{}] should not specify aggregate type.", column.name);
  }
  if (column.is_key || has_aggregation == is_aggregate) return Status::OK();
  return Status::InvalidArgument("{} table should {}specify aggregate type for non-key column[{}]",
                                 is_aggregate                   ? "AGG_KEYS"
                                 : model == TableModel::kUnique ? "UNIQUE_KEYS"
                                                                : "DUP_KEYS",
                                 is_aggregate ? "" : "not ", column.name);
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<size_t> TableSchema::find(std::string_view name) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (same_name(columns[i].name, name)) return i;
  }
  return same_name(name, kSequenceColumn) ? sequence_column() : std::nullopt;
}

std::optional<size_t> TableSchema::find(ColumnId id) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].id == id) return i;
  }
  return std::nullopt;
}

size_t TableSchema::visible_count() const {
  size_t count = columns.size();
  while (count > 0 && columns[count - 1].hidden) --count;
  return count;
}

std::optional<size_t> TableSchema::sequence_column() const {
  for (size_t i = columns.size(); i-- > key_count;) {
    if (columns[i].is_sequence) return i;
  }
  return std::nullopt;
}

std::optional<size_t> TableSchema::skip_bitmap_column() const { return find_hidden(*this, kSkipBitmapColumn); }

std::optional<size_t> TableSchema::delete_time_column() const { return find_hidden(*this, kDeleteTimeColumn); }

std::optional<std::string> TableSchema::closest_name(std::string_view name) const {
  if (name.size() > 2 * kMaxNameBytes) return std::nullopt;
  size_t best = std::max<size_t>(1, name.size() / 3) + 1;
  const ColumnSchema* closest = nullptr;
  for (const ColumnSchema& column : std::span(columns).first(visible_count())) {
    const size_t distance = edit_distance(name, column.name);
    if (distance < best && distance < column.name.size()) {
      best = distance;
      closest = &column;
    }
  }
  if (closest == nullptr) return std::nullopt;
  return closest->name;
}

std::string TableSchema::serialize() const {
  std::string out;
  put_fixed<uint8_t>(out, kSchemaForm);
  put_fixed<uint32_t>(out, version);
  put_fixed<uint8_t>(out, static_cast<uint8_t>(model));
  put_fixed<uint32_t>(out, static_cast<uint32_t>(key_count));
  put_fixed<uint32_t>(out, next_column_id.value);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(columns.size()));
  for (const ColumnSchema& column : columns) put_column(out, column);
  put_fixed<uint32_t>(out, bucket_count);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(bucket_columns.size()));
  for (size_t position : bucket_columns) put_fixed<uint32_t>(out, static_cast<uint32_t>(position));
  put_fixed<uint32_t>(out, static_cast<uint32_t>(properties.size()));
  for (const auto& [name, value] : properties) {
    put_length_prefixed(out, name);
    put_length_prefixed(out, value);
  }
  put_length_prefixed(out, comment);
  return out;
}

Result<TableSchema> TableSchema::deserialize(std::string_view bytes) {
  ByteReader in(bytes);
  TableSchema schema;
  if (!read_schema(in, schema)) return Status::Corruption("stored table schema of {} bytes cannot be read", bytes.size());
  return schema;
}

}  // namespace freshet
