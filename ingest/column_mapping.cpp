#include "ingest/column_mapping.h"

#include <algorithm>

namespace freshet::ingest {
namespace {

std::vector<std::string> source_names(const LoadRequest& request, const TableSchema& schema) {
  std::vector<std::string> names = request.columns;
  if (names.empty()) {
    for (const ColumnSchema& column : schema.columns) names.push_back(column.name);
  }
  for (const std::string& hidden : request.hidden_columns) {
    const bool is_named = std::any_of(names.begin(), names.end(), [&](const auto& name) { return same_name(name, hidden); });
    if (!is_named) names.push_back(hidden);
  }
  return names;
}

Status check_deletes(const LoadRequest& request, const TableSchema& schema, bool has_delete_sign) {
  const bool all_deletes = request.merge_type == MergeType::kDelete;
  if (all_deletes && (has_delete_sign || !request.hidden_columns.empty())) {
    return Status::InvalidArgument("merge_type DELETE makes every row a delete: hidden_columns cannot be set beside it");
  }
  if ((all_deletes || has_delete_sign) && schema.model != TableModel::kUnique) {
    return Status::InvalidArgument("load by MERGE or DELETE is only supported in unique tables.");
  }
  return Status::OK();
}

Status check_missing_keys(const TableSchema& schema, const std::vector<size_t>& given) {
  for (size_t i = 0; i < schema.key_count; ++i) {
    const ColumnSchema& key = schema.columns[i];
    const bool has_value = key.auto_increment || key.default_value || key.default_current_timestamp;
    if (has_value || std::binary_search(given.begin(), given.end(), i)) continue;
    return Status::InvalidArgument("key column '{}' is not among the columns of the load and has no default", key.name);
  }
  return Status::OK();
}

}  // namespace

Result<ColumnMapping> map_columns(const LoadRequest& request, const TableSchema& schema) {
  for (const std::string& hidden : request.hidden_columns) {
    if (same_name(hidden, kDeleteSignColumn)) continue;
    return Status::Unsupported("hidden_columns: '{}' is not offered, only {}", hidden, kDeleteSignColumn);
  }
  ColumnMapping mapping;
  mapping.all_deletes = request.merge_type == MergeType::kDelete;
  bool has_delete_sign = false;
  std::vector<bool> is_given(schema.columns.size(), false);
  for (std::string& name : source_names(request, schema)) {
    SourceColumn source{std::move(name), SourceColumn::Use::kIgnored, 0};
    if (same_name(source.name, kDeleteSignColumn)) {
      if (has_delete_sign) return Status::InvalidArgument("columns: '{}' is named twice", source.name);
      source.use = SourceColumn::Use::kDeleteSign;
      has_delete_sign = true;
    } else if (const std::optional<size_t> position = schema.find(source.name)) {
      if (is_given[*position]) return Status::InvalidArgument("columns: '{}' is named twice", source.name);
      source.use = SourceColumn::Use::kColumn;
      source.column = *position;
      is_given[*position] = true;
    }
    mapping.sources.push_back(std::move(source));
  }
  for (size_t i = 0; i < is_given.size(); ++i) {
    if (is_given[i]) mapping.given.push_back(i);
  }
  FRESHET_RETURN_IF_ERROR(check_deletes(request, schema, has_delete_sign));
  FRESHET_RETURN_IF_ERROR(check_missing_keys(schema, mapping.given));
  return mapping;
}

}  // namespace freshet::ingest
