#include "query/ddl/table_definition.h"

namespace freshet::query {
Status resolve_aggregation(const ColumnDefinition& definition, ColumnSchema& column) {
  if (definition.aggregate.empty()) return Status::OK();
  const std::optional<Aggregation> aggregation = find_aggregation(definition.aggregate);
  if (!aggregation) {
    return Status::Unsupported(
        "Column '{}': the aggregation {} is not supported; use SUM, MIN, MAX, REPLACE, "
        "REPLACE_IF_NOT_NULL or BITMAP_UNION",
        column.name, definition.aggregate);
  }
  if (definition.is_key) return Status::InvalidArgument("Key column {} can not set aggregation type", column.name);
  if (!can_aggregate(*aggregation, column.type)) {
    return Status::InvalidArgument("Aggregate type {} is not compatible with primitive type {}", definition.aggregate,
                                   column.type.to_string());
  }
  if (*aggregation == Aggregation::kReplaceIfNotNull && !column.nullable) {
    return Status::InvalidArgument("REPLACE_IF_NOT_NULL column must be nullable, maybe should use REPLACE, column:{}",
                                   column.name);
  }
  if (column.auto_increment) {
    return Status::InvalidArgument("Column '{}': AUTO_INCREMENT numbers rows, which {} would combine", column.name,
                                   definition.aggregate);
  }
  column.aggregation = *aggregation;
  return Status::OK();
}

}  // namespace freshet::query
