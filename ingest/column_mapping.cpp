#include "ingest/column_mapping.h"

#include <algorithm>

#include "storage/types/table_options.h"

namespace freshet::ingest {
namespace {

std::vector<std::string> source_names(const LoadRequest& request, const TableSchema& schema) {
  std::vector<std::string> names = request.columns;
  if (names.empty()) {
    for (size_t i = 0; i < schema.visible_count(); ++i) names.push_back(schema.columns[i].name);
  }
  std::vector<std::string> more = request.hidden_columns;
  if (request.flexible_columns) {
    more.emplace_back(kDeleteSignColumn);
    if (schema.sequence_column()) more.emplace_back(kSequenceColumn);
  }
  if (request.format == LoadFormat::kDebeziumJson) more.emplace_back(kDeleteSignColumn);
  // A field of such rows may be the sequence without being a column.
  const bool is_by_name = names_columns(request.format) && request.columns.empty() && request.jsonpaths.empty();
  if (is_by_name && !request.sequence_column.empty()) more.push_back(request.sequence_column);
  for (const std::string& hidden : more) {
    const bool is_named = std::any_of(names.begin(), names.end(), [&](const auto& name) { return same_name(name, hidden); });
    if (!is_named) names.push_back(hidden);
  }
  return names;
}

Status check_deletes(const LoadRequest& request, const TableSchema& schema, bool has_delete_sign) {
  const bool all_deletes = request.merge_type == MergeType::kDelete;
  const bool is_merge = request.merge_type == MergeType::kMerge;
  if (all_deletes && (has_delete_sign || !request.hidden_columns.empty())) {
    return Status::InvalidArgument("merge_type DELETE makes every row a delete: hidden_columns cannot be set beside it");
  }
  if (is_merge && has_delete_sign) {
    return Status::InvalidArgument("merge_type MERGE has its delete condition: {} cannot be set beside it",
                                   kDeleteSignColumn);
  }
  if ((all_deletes || is_merge || has_delete_sign) && schema.model != TableModel::kUnique) {
    return Status::InvalidArgument("load by MERGE or DELETE is only supported in unique tables.");
  }
  return Status::OK();
}

/// The request may name the source of the sequences.
Status map_sequence(const LoadRequest& request, const TableSchema& schema, ColumnMapping& mapping,
                    std::vector<bool>& is_given) {
  if (request.sequence_column.empty()) return Status::OK();
  const std::optional<size_t> sequence = schema.sequence_column();
  if (!sequence) return Status::InvalidArgument("There is no sequence column in the table");
  const std::optional<size_t> named = schema.find(request.sequence_column);
  if (named == sequence) return Status::OK();
  if (!schema.columns[*sequence].hidden) {
    return Status::InvalidArgument("{}: the sequence column of the table is '{}', not '{}'", kSequenceColProperty,
                                   schema.columns[*sequence].name, request.sequence_column);
  }
  if (named && is_given[*named]) {
    mapping.sequence_source = named;
    return Status::OK();
  }
  for (SourceColumn& source : mapping.sources) {
    if (named || !same_name(source.name, request.sequence_column)) continue;
    if (is_given[*sequence]) return Status::InvalidArgument("columns: '{}' is named twice", kSequenceColumn);
    source.use = SourceColumn::Use::kColumn;
    source.column = *sequence;
    is_given[*sequence] = true;
    return Status::OK();
  }
  return Status::InvalidArgument("{}: '{}' is not among the columns of the load", kSequenceColProperty,
                                 request.sequence_column);
}

/// Finds the columns that expressions fill; an expression for the delete sign is the delete condition.
Status map_expressions(const LoadRequest& request, const TableSchema& schema, ColumnMapping& mapping,
                       std::vector<bool>& is_given) {
  mapping.delete_condition = request.delete_condition;
  for (const ColumnExpression& computed : request.expressions) {
    const std::optional<size_t> position = schema.find(computed.column);
    if (!position && same_name(computed.column, kDeleteSignColumn)) {
      if (!mapping.delete_condition.empty()) {
        return Status::InvalidArgument("columns: there are two conditions for deletes");
      }
      mapping.delete_condition = computed.expression;
      continue;
    }
    if (!position) {
      const std::optional<std::string> closest = schema.closest_name(computed.column);
      return Status::InvalidArgument("columns: '{} = ...' fills no column of the table{}", computed.column,
                                     closest ? fmt::format("; did you mean '{}'?", *closest) : std::string());
    }
    if (is_given[*position]) return Status::InvalidArgument("columns: '{}' has two expressions", computed.column);
    is_given[*position] = true;
    mapping.computed.push_back({*position, computed.expression});
  }
  return Status::OK();
}

Status check_missing_keys(const LoadRequest& request, const TableSchema& schema, const std::vector<size_t>& given) {
  for (size_t i = 0; i < schema.key_count; ++i) {
    const ColumnSchema& key = schema.columns[i];
    const bool has_value = key.auto_increment || key.default_value || key.default_current_timestamp;
    if (has_value || std::binary_search(given.begin(), given.end(), i)) continue;
    if (request.partial_columns) {
      return Status::InvalidArgument("Partial update should include all key columns, missing: {}", key.name);
    }
    return Status::InvalidArgument("key column '{}' is not among the columns of the load and has no default", key.name);
  }
  return Status::OK();
}

}  // namespace

Result<ColumnMapping> map_columns(const LoadRequest& request, const TableSchema& schema) {
  for (const std::string& hidden : request.hidden_columns) {
    if (same_name(hidden, kDeleteSignColumn)) continue;
    if (same_name(hidden, kSequenceColumn) && schema.sequence_column()) continue;
    return Status::Unsupported("hidden_columns: '{}' is not offered, only {}, and {} in a table with a sequence column",
                               hidden, kDeleteSignColumn, kSequenceColumn);
  }
  ColumnMapping mapping;
  mapping.all_deletes = request.merge_type == MergeType::kDelete;
  std::vector<bool> is_given(schema.columns.size(), false);
  FRESHET_RETURN_IF_ERROR(map_expressions(request, schema, mapping, is_given));
  const std::vector<bool> is_computed = is_given;
  bool has_delete_sign = !mapping.delete_condition.empty() && request.merge_type != MergeType::kMerge;
  for (std::string& name : source_names(request, schema)) {
    SourceColumn source{std::move(name), SourceColumn::Use::kIgnored, 0};
    if (const std::optional<size_t> position = schema.find(source.name)) {
      const bool is_input = is_computed[*position];
      if (is_given[*position] && request.flexible_columns) continue;  // both names of a sequence column
      if (is_given[*position] && !is_input) return Status::InvalidArgument("columns: '{}' is named twice", source.name);
      if (!is_input) {
        source.use = SourceColumn::Use::kColumn;
        source.column = *position;
        is_given[*position] = true;
      }
    } else if (same_name(source.name, kDeleteSignColumn)) {
      if (has_delete_sign) return Status::InvalidArgument("columns: '{}' is named twice", source.name);
      source.use = SourceColumn::Use::kDeleteSign;
      has_delete_sign = true;
    }
    mapping.sources.push_back(std::move(source));
  }
  FRESHET_RETURN_IF_ERROR(map_sequence(request, schema, mapping, is_given));
  if (request.flexible_columns) {
    mapping.mask = schema.skip_bitmap_column();
    if (mapping.mask) is_given[*mapping.mask] = true;
  }
  for (size_t i = 0; i < is_given.size(); ++i) {
    if (is_given[i]) mapping.given.push_back(i);
  }
  FRESHET_RETURN_IF_ERROR(check_deletes(request, schema, has_delete_sign));
  FRESHET_RETURN_IF_ERROR(check_missing_keys(request, schema, mapping.given));
  return mapping;
}

bool parse_delete_sign(std::string_view text, uint8_t& sign) {
  sign = text == "1" || same_name(text, "true");
  return sign != 0 || text == "0" || same_name(text, "false");
}

}  // namespace freshet::ingest
