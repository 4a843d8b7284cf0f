#include "query/ddl/table_definition.h"

#include <algorithm>
#include <array>

#include "query/ddl/bucket_count.h"
#include "query/ddl/hidden_columns.h"
#include "query/ddl/table_properties.h"
#include "storage/base/limits.h"
#include "storage/types/table_options.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

constexpr std::string_view kReservedPrefix = "__DORIS_";
constexpr std::string_view kBitmapEmpty = "BITMAP_EMPTY";
constexpr std::array<std::string_view, 7> kEngines = {"OLAP", "INNODB", "MYISAM", "MEMORY", "ARIA", "ROCKSDB", "TOKUDB"};

bool may_be_key(const DataType& type) {
  return type.kind != TypeKind::kFloat && type.kind != TypeKind::kDouble && type.kind != TypeKind::kString &&
         type.kind != TypeKind::kJson && type.kind != TypeKind::kBitmap;
}

Status check_offered(const CreateTable& table) {
  if (!table.rollup_clause.empty()) return Status::Unsupported("ROLLUP is not supported");
  if (!table.cluster_columns.empty()) {
    return Status::Unsupported("CLUSTER BY and ORDER BY are not supported: rows are stored in key order");
  }
  const auto known = std::find(kEngines.begin(), kEngines.end(), to_upper(table.engine));
  if (!table.engine.empty() && known == kEngines.end())
    return Status::Unsupported("Unknown storage engine '{}'", table.engine);
  return Status::OK();
}

/// Without a value a set is empty; it is never NULL, as in Doris.
Status resolve_bitmap_default(const ColumnDefinition& definition, ColumnSchema& column) {
  if (definition.nullable.value_or(false)) {
    return Status::InvalidArgument("complex type column must be not nullable, column:{}", column.name);
  }
  const bool is_empty =
      definition.default_kind == DefaultKind::kExpression && to_upper(definition.default_text) == kBitmapEmpty;
  if (!is_empty && definition.default_kind != DefaultKind::kNone) {
    return Status::InvalidArgument("Bitmap type column can not set default value: '{}' has {} anyway", column.name,
                                   kBitmapEmpty);
  }
  column.nullable = false;
  column.default_value = "";
  return Status::OK();
}

Status resolve_default(const ColumnDefinition& definition, ColumnSchema& column) {
  if (column.type.kind == TypeKind::kBitmap) return resolve_bitmap_default(definition, column);
  switch (definition.default_kind) {
    case DefaultKind::kNone: return Status::OK();
    case DefaultKind::kNull:
      if (column.nullable) return Status::OK();
      return Status::InvalidArgument("Invalid default value for '{}': the column is NOT NULL", column.name);
    case DefaultKind::kExpression:
      return Status::Unsupported("Invalid default value for '{}': {} is not supported; give a value or CURRENT_TIMESTAMP",
                                 column.name, definition.default_text);
    case DefaultKind::kCurrentTimestamp:
    case DefaultKind::kCurrentDate: {
      const TypeKind wanted = definition.default_kind == DefaultKind::kCurrentDate ? TypeKind::kDate : TypeKind::kDateTime;
      column.default_current_timestamp = true;
      if (column.type.kind == wanted) return Status::OK();
      return Status::InvalidArgument(
          "Invalid default value for '{}': CURRENT_TIMESTAMP is for DATETIME and CURRENT_DATE for DATE", column.name);
    }
    case DefaultKind::kText: break;
  }
  Column values(column.type);
  const TextError problem = append_text(values, definition.default_text);
  if (problem != TextError::kNone) {
    return Status::InvalidArgument("Invalid default value for '{}': {}", column.name,
                                   describe(problem, column.type, definition.default_text));
  }
  column.default_value = definition.default_text;
  return Status::OK();
}

Status check_auto_increment(const ColumnDefinition& definition, ColumnSchema& column) {
  if (!definition.auto_increment) return Status::OK();
  if (!column.type.is_integer()) {
    return Status::InvalidArgument("Incorrect column specifier for column '{}': AUTO_INCREMENT needs an integer type",
                                   column.name);
  }
  if (definition.nullable.value_or(false) || definition.default_kind != DefaultKind::kNone) {
    return Status::InvalidArgument("Column '{}': AUTO_INCREMENT allows neither NULL nor a DEFAULT", column.name);
  }
  column.auto_increment = true;
  column.nullable = false;
  return Status::OK();
}

Status add_columns(const CreateTable& table, TableSchema& schema) {
  if (table.columns.size() > kMaxColumns) {
    return Status::InvalidArgument("Too many columns: {}; at most {}", table.columns.size(), kMaxColumns);
  }
  size_t auto_increments = 0;
  for (const ColumnDefinition& definition : table.columns) {
    FRESHET_ASSIGN_OR_RETURN(auto column, make_column_schema(definition));
    if (schema.find(column.name)) return Status::AlreadyExists("Duplicate column name '{}'", column.name);
    auto_increments += column.auto_increment;
    schema.columns.push_back(std::move(column));
  }
  if (auto_increments > 1) return Status::InvalidArgument("Only one column of a table may be AUTO_INCREMENT");
  return Status::OK();
}

std::vector<std::string> columns_marked_key(const CreateTable& table) {
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.columns) {
    if (column.is_key) names.push_back(column.name);
  }
  return names;
}

/// The only UNIQUE index when its columns are all NOT NULL: MySQL clusters by it too.
const IndexDefinition* unique_index_as_key(const CreateTable& table, const TableSchema& schema) {
  const IndexDefinition* unique = nullptr;
  for (const IndexDefinition& index : table.indexes) {
    if (index.kind != IndexKind::kUnique) continue;
    if (unique != nullptr) return nullptr;
    unique = &index;
  }
  if (unique == nullptr) return nullptr;
  for (const std::string& name : unique->columns) {
    const auto position = schema.find(name);
    if (!position || schema.columns[*position].nullable) return nullptr;
  }
  return unique;
}

Status refuse_unique_indexes(const CreateTable& table) {
  for (const IndexDefinition& index : table.indexes) {
    if (index.kind == IndexKind::kUnique) {
      return Status::Unsupported(
          "UNIQUE index '{}' is not supported: only the key of the table is kept unique; make it the PRIMARY KEY (its "
          "columns NOT "
          "NULL), or a plain KEY",
          index.name.empty() ? index.columns[0] : index.name);
    }
  }
  return Status::OK();
}

struct Key {
  TableModel model = TableModel::kDuplicate;
  bool is_mysql = false;  ///< may name columns anywhere
  std::vector<std::string> columns;
};

Result<Key> choose_implicit_key(const CreateTable& table, const TableSchema& schema) {
  Key key;
  const auto aggregated = std::find_if(schema.columns.begin(), schema.columns.end(),
                                       [](const ColumnSchema& column) { return column.aggregation != Aggregation::kNone; });
  key.columns = columns_marked_key(table);
  if (aggregated != schema.columns.end()) {
    key.model = TableModel::kAggregate;
    if (!key.columns.empty()) return key;
    for (auto column = schema.columns.begin(); column != aggregated; ++column) key.columns.push_back(column->name);
    return key;
  }
  if (!key.columns.empty()) return key;
  if (const IndexDefinition* unique = unique_index_as_key(table, schema)) {
    return Key{TableModel::kUnique, true, unique->columns};
  }
  FRESHET_RETURN_IF_ERROR(refuse_unique_indexes(table));
  for (const ColumnSchema& column : schema.columns) {
    if (key.columns.size() == kMaxImplicitKeyColumns || !may_be_key(column.type)) break;
    key.columns.push_back(column.name);
  }
  if (key.columns.empty()) {
    return Status::InvalidArgument(
        "The olap table first column could not be float, double, string or json, please use decimal or varchar instead");
  }
  return key;
}

Result<Key> choose_key(const CreateTable& table, const TableSchema& schema) {
  if (table.key_model == KeyModel::kNone) return choose_implicit_key(table, schema);
  FRESHET_RETURN_IF_ERROR(refuse_unique_indexes(table));
  Key key;
  key.model = table.key_model == KeyModel::kDuplicate   ? TableModel::kDuplicate
              : table.key_model == KeyModel::kAggregate ? TableModel::kAggregate
                                                        : TableModel::kUnique;
  key.is_mysql = table.key_model == KeyModel::kPrimary;
  key.columns = table.key_columns;
  return key;
}

Status check_key_column(ColumnSchema& column) {
  if (!may_be_key(column.type)) {
    return Status::InvalidArgument("Column '{}' of type {} cannot be a key: use an integer, decimal, date or varchar type",
                                   column.name, column.type.to_string());
  }
  if (column.is_key) return Status::InvalidArgument("Duplicate key column '{}'", column.name);
  column.is_key = true;
  return Status::OK();
}

/// MySQL: the key columns move to the front, in key order, and become NOT NULL.
Status place_mysql_key(const Key& key, const CreateTable& table, TableSchema& schema) {
  for (size_t i = 0; i < key.columns.size(); ++i) {
    const size_t position = *schema.find(key.columns[i]);
    const auto definition = std::find_if(table.columns.begin(), table.columns.end(), [&](const ColumnDefinition& column) {
      return same_name(column.name, key.columns[i]);
    });
    if (definition->nullable.value_or(false)) {
      return Status::InvalidArgument("All parts of a PRIMARY KEY must be NOT NULL; '{}' is NULL", key.columns[i]);
    }
    schema.columns[position].nullable = false;
    std::rotate(schema.columns.begin() + static_cast<ptrdiff_t>(i),
                schema.columns.begin() + static_cast<ptrdiff_t>(position),
                schema.columns.begin() + static_cast<ptrdiff_t>(position) + 1);
  }
  return Status::OK();
}

Status check_prefix(const Key& key, const TableSchema& schema) {
  for (size_t i = 0; i < key.columns.size(); ++i) {
    if (same_name(schema.columns[i].name, key.columns[i])) continue;
    return Status::InvalidArgument(
        "Key columns should be a ordered prefix of the schema. KeyColumns[{}] (starts from zero) is {}, but "
        "corresponding column is {} in the previous columns declaration.",
        i, key.columns[i], schema.columns[i].name);
  }
  return Status::OK();
}

Status set_key(const CreateTable& table, TableSchema& schema) {
  FRESHET_ASSIGN_OR_RETURN(const Key key, choose_key(table, schema));
  if (key.columns.empty()) return Status::InvalidArgument("The number of key columns is 0.");
  if (key.columns.size() > kMaxKeyColumns) {
    return Status::InvalidArgument("The key has {} columns; at most {}", key.columns.size(), kMaxKeyColumns);
  }
  for (const std::string& name : key.columns) {
    const auto position = schema.find(name);
    if (!position) return Status::InvalidArgument("Key column '{}' doesn't exist in table", name);
    FRESHET_RETURN_IF_ERROR(check_key_column(schema.columns[*position]));
  }
  if (key.is_mysql) FRESHET_RETURN_IF_ERROR(place_mysql_key(key, table, schema));
  FRESHET_RETURN_IF_ERROR(check_prefix(key, schema));
  schema.model = key.model;
  schema.key_count = key.columns.size();
  for (const ColumnSchema& column : schema.columns) FRESHET_RETURN_IF_ERROR(check_aggregation(schema.model, column));
  return Status::OK();
}

Status check_bucket_column(const TableSchema& schema, size_t position) {
  const ColumnSchema& column = schema.columns[position];
  if (schema.is_unique() && !column.is_key)
    return Status::InvalidArgument("Distribution column[{}] is not key column", column.name);
  if (!may_be_key(column.type) && column.type.kind != TypeKind::kString) {
    return Status::InvalidArgument("{} type should not be used in distribution column[{}]", column.type.to_string(),
                                   column.name);
  }
  return Status::OK();
}

Status set_distribution(const CreateTable& table, TableSchema& schema) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t buckets, choose_bucket_count(table));
  if (buckets < 1 || buckets > kMaxBuckets) {
    return Status::InvalidArgument("A table has 1 to {} buckets, not {}", kMaxBuckets, buckets);
  }
  schema.bucket_count = static_cast<uint32_t>(buckets);
  if (table.distribution == Distribution::kRandom && schema.is_unique()) {
    return Status::InvalidArgument(
        "Create {} keys table should not contain random distribution desc: use DISTRIBUTED BY HASH",
        schema.is_aggregate() ? "aggregate" : "unique");
  }
  if (table.distribution == Distribution::kNone && schema.is_unique()) {
    for (size_t i = 0; i < schema.key_count; ++i) schema.bucket_columns.push_back(i);
  }
  for (const std::string& name : table.distribution_columns) {
    const auto position = schema.find(name);
    if (!position) return Status::InvalidArgument("Distribution column({}) doesn't exist", name);
    FRESHET_RETURN_IF_ERROR(check_bucket_column(schema, *position));
    const auto& chosen = schema.bucket_columns;
    if (std::find(chosen.begin(), chosen.end(), *position) != chosen.end()) {
      return Status::InvalidArgument("Distribution column '{}' is named twice", name);
    }
    schema.bucket_columns.push_back(*position);
  }
  return Status::OK();
}

Status check_indexes(const CreateTable& table, const TableSchema& schema) {
  for (const IndexDefinition& index : table.indexes) {
    for (const std::string& name : index.columns) {
      if (!schema.find(name)) return Status::InvalidArgument("Key column '{}' doesn't exist in table", name);
    }
  }
  return Status::OK();
}

}  // namespace

Status check_column_name(std::string_view name) {
  if (to_upper(name.substr(0, kReservedPrefix.size())) == kReservedPrefix) {
    return Status::InvalidArgument("Disable to create table column with name start with {}: {}", kReservedPrefix, name);
  }
  return Status::OK();
}

Result<ColumnSchema> make_column_schema(const ColumnDefinition& definition) {
  FRESHET_RETURN_IF_ERROR(check_column_name(definition.name));
  ColumnSchema column;
  column.name = definition.name;
  column.comment = definition.comment;
  FRESHET_ASSIGN_OR_RETURN(column.type, resolve_type(definition.type, definition.name));
  column.nullable = definition.nullable.value_or(true) && !definition.is_primary_key;
  FRESHET_RETURN_IF_ERROR(check_auto_increment(definition, column));
  FRESHET_RETURN_IF_ERROR(resolve_default(definition, column));
  column.on_update_current_timestamp = definition.on_update_current_timestamp;
  if (column.on_update_current_timestamp && !column.default_current_timestamp) {
    return Status::InvalidArgument(
        "You must set the default value of the column[{}] to CURRENT_TIMESTAMP when using 'ON UPDATE CURRENT_TIMESTAMP'.",
        column.name);
  }
  FRESHET_RETURN_IF_ERROR(resolve_aggregation(definition, column));
  return column;
}

Status check_on_update(TableModel model, const ColumnSchema& column) {
  if (!column.on_update_current_timestamp || (model == TableModel::kUnique && !column.is_key)) return Status::OK();
  return Status::InvalidArgument("Column '{}': ON UPDATE CURRENT_TIMESTAMP is for value columns of UNIQUE tables",
                                 column.name);
}

Result<TableSchema> make_table_schema(const CreateTable& table) {
  FRESHET_RETURN_IF_ERROR(check_offered(table));
  TableSchema schema;
  schema.comment = table.comment;
  FRESHET_RETURN_IF_ERROR(add_columns(table, schema));
  FRESHET_RETURN_IF_ERROR(set_key(table, schema));
  for (const ColumnSchema& column : schema.columns) FRESHET_RETURN_IF_ERROR(check_on_update(schema.model, column));
  FRESHET_RETURN_IF_ERROR(check_indexes(table, schema));
  FRESHET_RETURN_IF_ERROR(set_distribution(table, schema));
  FRESHET_RETURN_IF_ERROR(check_table_properties(table.properties, schema));
  FRESHET_RETURN_IF_ERROR(add_hidden_columns(table.properties, schema));
  for (const auto& property : table.properties) {
    if (!is_fixed_property(property.first)) schema.properties.push_back(property);
  }
  if (table.auto_buckets) schema.properties.emplace_back(kAutoBucketsProperty, "true");
  for (ColumnSchema& column : schema.columns) {
    column.id = schema.next_column_id;
    schema.next_column_id = schema.next_column_id.next();
  }
  return schema;
}

std::vector<std::string> property_notes(const Properties& properties) {
  std::vector<std::string> notes;
  for (const auto& [name, value] : properties) {
    if (name != "bloom_filter_columns" && name != "bloom_filter_fpp") continue;
    notes.push_back(fmt::format("Property '{}' builds no filter: keys have one always, other columns have zone maps", name));
  }
  return notes;
}

std::vector<std::string> create_table_notes(const CreateTable& table) {
  std::vector<std::string> notes = property_notes(table.properties);
  for (const IndexDefinition& index : table.indexes) {
    if (index.kind == IndexKind::kUnique) continue;
    notes.push_back(fmt::format("Index '{}' is not built: zone maps and key filters serve instead",
                                index.name.empty() ? index.columns[0] : index.name));
  }
  for (const auto& [name, value] : table.properties) {
    const bool is_for_rows = name == kRowStoreProperty || name == kRowStoreColumnsProperty;
    if (!is_for_rows || table.key_model != KeyModel::kDuplicate) continue;
    notes.push_back(fmt::format("Property '{}' has no effect: no row of a DUPLICATE KEY table is read by its key", name));
  }
  return notes;
}

}  // namespace freshet::query
