#include "query/ddl/alter_definition.h"

#include <algorithm>

#include "query/ddl/hidden_columns.h"
#include "query/ddl/table_definition.h"
#include "query/ddl/table_properties.h"
#include "storage/types/table_options.h"

namespace freshet::query {
namespace {

Result<ColumnSchema> make_column(const ColumnDefinition& definition) {
  if (definition.is_unique) {
    return Status::Unsupported("Column '{}' cannot be UNIQUE: only the key of the table is kept unique", definition.name);
  }
  FRESHET_ASSIGN_OR_RETURN(ColumnSchema column, make_column_schema(definition));
  column.is_key = definition.is_key || definition.is_primary_key;
  return column;
}

Status add_property_changes(const Properties& properties, const TableSchema& schema, TableChange& change) {
  FRESHET_RETURN_IF_ERROR(check_table_properties(properties, schema));
  SetProperties set;
  for (const auto& property : properties) {
    if (is_property_of_creation(property.first)) {
      return Status::Unsupported("Property '{}' cannot be changed: it says how the rows that are there are stored",
                                 property.first);
    }
    if (!is_fixed_property(property.first)) set.properties.push_back(property);
  }
  change.columns.emplace_back(std::move(set));
  return Status::OK();
}

Status add_default_change(const AlterClause& clause, TableChange& change) {
  const ColumnDefinition& definition = clause.column;
  SetColumnDefault set{clause.name, std::nullopt, false};
  switch (definition.default_kind) {
    case DefaultKind::kNone:
    case DefaultKind::kNull: break;
    case DefaultKind::kText: set.value = definition.default_text; break;
    case DefaultKind::kCurrentTimestamp:
    case DefaultKind::kCurrentDate: set.current_timestamp = true; break;
    case DefaultKind::kExpression:
      return Status::Unsupported("Invalid default value for '{}': {} is not supported; give a value or CURRENT_TIMESTAMP",
                                 clause.name, definition.default_text);
  }
  change.columns.emplace_back(std::move(set));
  return Status::OK();
}

/// What Doris adds to tables of old: every UNIQUE table can delete here, the others get hidden columns.
Status add_feature(const AlterClause& clause, const TableSchema& schema, TableChange& change) {
  if (schema.model != TableModel::kUnique) {
    return Status::InvalidArgument("Feature {} is for UNIQUE KEY tables only", clause.name);
  }
  const bool is_sequence = same_name(clause.name, "SEQUENCE_LOAD");
  if (!is_sequence && !clause.properties.empty()) {
    return Status::InvalidArgument("Feature {} takes no properties", clause.name);
  }
  if (same_name(clause.name, "BATCH_DELETE")) return Status::OK();
  if (same_name(clause.name, "UPDATE_FLEXIBLE_COLUMNS")) {
    change.columns.emplace_back(AddHiddenColumn{AddHiddenColumn::Use::kFlexibleUpdates, {TypeKind::kString}});
    change.columns.emplace_back(SetProperties{{{std::string(kSkipBitmapProperty), "true"}}});
    return Status::OK();
  }
  if (!is_sequence) {
    return Status::Unsupported("Unknown feature '{}': there are SEQUENCE_LOAD, BATCH_DELETE and UPDATE_FLEXIBLE_COLUMNS",
                               clause.name);
  }
  if (clause.properties.size() != 1 || clause.properties[0].first != kSequenceTypeProperty) {
    return Status::InvalidArgument("Feature SEQUENCE_LOAD needs one property: WITH PROPERTIES (\"{}\" = \"bigint\")",
                                   kSequenceTypeProperty);
  }
  FRESHET_ASSIGN_OR_RETURN(const DataType type, parse_sequence_type(clause.properties[0].second));
  change.columns.emplace_back(AddHiddenColumn{AddHiddenColumn::Use::kSequence, type});
  change.columns.emplace_back(SetProperties{clause.properties});
  return Status::OK();
}

Status add_clause(const AlterClause& clause, const TableSchema& schema, TableChange& change) {
  const ColumnPlace place{clause.first, clause.after};
  switch (clause.kind) {
    case AlterKind::kAddColumn: {
      FRESHET_ASSIGN_OR_RETURN(ColumnSchema column, make_column(clause.column));
      FRESHET_RETURN_IF_ERROR(check_on_update(schema.model, column));
      change.columns.emplace_back(AddColumn{std::move(column), place, clause.if_exists});
      return Status::OK();
    }
    case AlterKind::kDropColumn: change.columns.emplace_back(DropColumn{clause.name, clause.if_exists}); return Status::OK();
    case AlterKind::kModifyColumn: {
      FRESHET_ASSIGN_OR_RETURN(ColumnSchema column, make_column(clause.column));
      FRESHET_RETURN_IF_ERROR(check_on_update(schema.model, column));
      change.columns.emplace_back(ModifyColumn{clause.name, std::move(column), clause.column.nullable.has_value(), place});
      return Status::OK();
    }
    case AlterKind::kModifyDefault: return add_default_change(clause, change);
    case AlterKind::kModifyComment:
      change.columns.emplace_back(SetColumnComment{clause.name, clause.new_name});
      return Status::OK();
    case AlterKind::kRenameColumn:
      FRESHET_RETURN_IF_ERROR(check_column_name(clause.new_name));
      change.columns.emplace_back(RenameColumn{clause.name, clause.new_name});
      return Status::OK();
    case AlterKind::kReorderColumns: change.columns.emplace_back(ReorderColumns{clause.names}); return Status::OK();
    case AlterKind::kTableComment: change.columns.emplace_back(SetTableComment{clause.new_name}); return Status::OK();
    case AlterKind::kEnableFeature: return add_feature(clause, schema, change);
    case AlterKind::kSetProperties: return add_property_changes(clause.properties, schema, change);
    case AlterKind::kRenameTable:
      if (!change.new_name.empty()) return Status::InvalidArgument("ALTER TABLE renames the table twice");
      change.new_name = clause.new_name;
      return Status::OK();
    case AlterKind::kIndex:
    case AlterKind::kCompact: return Status::OK();
    case AlterKind::kAddPartition:
    case AlterKind::kDropPartition:
    case AlterKind::kRenamePartition:
    case AlterKind::kTruncatePartition:
      return Status::Unsupported("Partitions and columns are changed by ALTER TABLE statements of their own");
    case AlterKind::kOther: break;
  }
  return Status::Unsupported(
      "this change of a table is not offered; ALTER TABLE takes ADD, DROP, MODIFY, CHANGE and RENAME COLUMN, ORDER BY, "
      "MODIFY COMMENT, RENAME, SET, ENABLE FEATURE and COMPACT, and alone REPLACE WITH TABLE");
}

/// A list of columns after a clause: a renamed one under its new name, a dropped one left out.
std::string follow_clause(std::string_view columns, const AlterClause& clause) {
  const bool is_renamed = clause.kind == AlterKind::kRenameColumn || clause.kind == AlterKind::kModifyColumn;
  const std::string& new_name = clause.kind == AlterKind::kModifyColumn ? clause.column.name : clause.new_name;
  std::string out;
  while (!columns.empty()) {
    const size_t comma = std::min(columns.find(','), columns.size());
    std::string_view name = trim(columns.substr(0, comma));
    columns.remove_prefix(std::min(comma + 1, columns.size()));
    const bool is_named = same_name(name, clause.name);
    if (is_named && clause.kind == AlterKind::kDropColumn) continue;
    if (is_named && is_renamed) name = new_name;
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

/// Properties that name columns go on naming the columns that there are.
void follow_columns(const AlterTable& statement, const TableSchema& schema, TableChange& change) {
  SetProperties set;
  for (const auto& [name, value] : schema.properties) {
    if (!is_column_property(name)) continue;
    std::string followed = value;
    for (const AlterClause& clause : statement.clauses) {
      if (!clause.name.empty()) followed = follow_clause(followed, clause);
    }
    if (followed != value) set.properties.emplace_back(name, std::move(followed));
  }
  if (!set.properties.empty()) change.columns.emplace_back(std::move(set));
}

}  // namespace

Result<TableChange> make_table_change(const AlterTable& statement, const TableSchema& schema) {
  TableChange change;
  for (const AlterClause& clause : statement.clauses) FRESHET_RETURN_IF_ERROR(add_clause(clause, schema, change));
  follow_columns(statement, schema, change);
  return change;
}

}  // namespace freshet::query
