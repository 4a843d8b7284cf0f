#include "query/ddl/table_definition.h"

namespace freshet::query {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + "'";
}

/// A name that MySQL knows for a type of the same values.
std::string type_name(const DataType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "tinyint(1)";
    case TypeKind::kLargeInt: return "decimal(39,0)";
    case TypeKind::kString: return "longtext";
    case TypeKind::kBitmap: return "longblob";
    default: return type.to_string();
  }
}

std::string column_line(const ColumnSchema& column) {
  std::string line = "  " + backquoted(column.name) + " " + type_name(column.type);
  if (!column.nullable) line += " NOT NULL";
  if (column.auto_increment) line += " AUTO_INCREMENT";
  if (column.default_value && column.type.kind != TypeKind::kBitmap) {
    line += " DEFAULT " + quoted(*column.default_value);
  } else if (column.default_current_timestamp) {
    line += column.type.kind == TypeKind::kDate ? " DEFAULT (curdate())" : " DEFAULT CURRENT_TIMESTAMP";
  } else if (column.nullable) {
    line += " DEFAULT NULL";
  }
  if (column.on_update_current_timestamp) line += " ON UPDATE CURRENT_TIMESTAMP";
  if (!column.comment.empty()) line += " COMMENT " + quoted(column.comment);
  return line;
}

}  // namespace

std::string show_create_table_as_mysql(std::string_view table, const TableSchema& schema) {
  std::string out = "CREATE TABLE " + backquoted(table) + " (\n";
  for (size_t i = 0; i < schema.visible_count(); ++i) out += (i == 0 ? "" : ",\n") + column_line(schema.columns[i]);
  std::string key;
  for (size_t i = 0; i < schema.key_count; ++i) key += (i == 0 ? "" : ",") + backquoted(schema.columns[i].name);
  if (schema.is_unique()) out += ",\n  PRIMARY KEY (" + key + ")";
  out += "\n) ENGINE=OLAP DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
  return schema.comment.empty() ? out : out + " COMMENT=" + quoted(schema.comment);
}

}  // namespace freshet::query
