#include "query/ddl/bucket_count.h"
#include "query/ddl/partition_definition.h"
#include "query/ddl/table_definition.h"

namespace freshet::query {
namespace {

/// Between double quotes, so that the tokenizer reads the same text back.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
      case '\\': out += {'\\', c}; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\0': out += "\\0"; break;
      default: out += c;
    }
  }
  return out + '"';
}

std::string_view current_function(const ColumnSchema& column) {
  return column.type.kind == TypeKind::kDate ? "CURRENT_DATE" : "CURRENT_TIMESTAMP";
}

std::string column_line(const ColumnSchema& column) {
  std::string line = "  " + backquoted(column.name) + " " + column.type.to_string();
  if (column.aggregation != Aggregation::kNone) line += fmt::format(" {}", aggregation_name(column.aggregation));
  line += column.nullable ? " NULL" : " NOT NULL";
  if (column.auto_increment) line += " AUTO_INCREMENT";
  if (column.default_value) {
    line += column.type.kind == TypeKind::kBitmap ? " DEFAULT BITMAP_EMPTY" : " DEFAULT " + quoted(*column.default_value);
  }
  if (column.default_current_timestamp) {
    line += " DEFAULT ";
    line += current_function(column);
  }
  if (column.on_update_current_timestamp) line += " ON UPDATE CURRENT_TIMESTAMP";
  if (!column.comment.empty()) line += " COMMENT " + quoted(column.comment);
  return line;
}

std::string name_list(const TableSchema& schema, const std::vector<size_t>& positions) {
  std::string out = "(";
  for (size_t position : positions) out += (out.size() > 1 ? ", " : "") + backquoted(schema.columns[position].name);
  return out + ")";
}

std::string properties_text(const TableSchema& schema) {
  std::string out = "PROPERTIES (\n\"replication_allocation\" = \"tag.location.default: 1\"";
  if (schema.model == TableModel::kUnique) out += ",\n\"enable_unique_key_merge_on_write\" = \"true\"";
  for (const auto& [name, value] : schema.properties) {
    if (name != kAutoBucketsProperty) out += ",\n" + quoted(name) + " = " + quoted(value);
  }
  return out + "\n);";
}

}  // namespace

std::string show_create_table(std::string_view database, std::string_view table, const TableSchema& schema,
                              const PartitionMap& partitions) {
  std::string out = "CREATE TABLE ";
  if (!database.empty()) out += backquoted(database) + ".";
  out += backquoted(table) + " (\n";
  std::vector<size_t> key;
  const size_t count = schema.visible_count();
  for (size_t i = 0; i < count; ++i) {
    out += column_line(schema.columns[i]) + (i + 1 < count ? ",\n" : "\n");
    if (i < schema.key_count) key.push_back(i);
  }
  out += ") ENGINE=OLAP\n";
  if (!key.empty()) out += fmt::format("{}{}\n", table_model_name(schema.model), name_list(schema, key));
  if (!schema.comment.empty()) out += "COMMENT " + quoted(schema.comment) + "\n";
  out += partition_clause(schema, partitions);
  out += "DISTRIBUTED BY ";
  out += schema.bucket_columns.empty() ? "RANDOM" : "HASH" + name_list(schema, schema.bucket_columns);
  out += has_auto_buckets(schema) ? " BUCKETS AUTO\n" : fmt::format(" BUCKETS {}\n", schema.bucket_count);
  return out + properties_text(schema);
}

std::vector<DescribeRow> describe_table(const TableSchema& schema, bool shows_hidden) {
  std::vector<DescribeRow> rows;
  for (const ColumnSchema& column : schema.columns) {
    if (column.hidden && !shows_hidden) continue;
    DescribeRow row{column.name,
                    column.type.to_string(),
                    column.nullable ? "Yes" : "No",
                    column.is_key ? "true" : "false",
                    column.default_value,
                    column.is_key ? std::string() : std::string(aggregation_name(column.aggregation))};
    if (column.default_current_timestamp) row.default_value = current_function(column);
    if (column.auto_increment) row.extra = "AUTO_INCREMENT";
    if (column.on_update_current_timestamp) row.extra = "DEFAULT_GENERATED on update CURRENT_TIMESTAMP";
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace freshet::query
