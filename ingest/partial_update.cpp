#include "ingest/partial_update.h"

#include <algorithm>
#include <numeric>

#include "ingest/block_builder.h"
#include "ingest/column_mapping.h"

namespace freshet::ingest {

Result<storage::PartialColumnsPtr> partial_columns_for(std::vector<size_t> given, bool new_keys_fail,
                                                       const TableSchema& schema) {
  if (schema.model != TableModel::kUnique)
    return Status::InvalidArgument("Only unique key merge on write support partial update");
  storage::PartialColumns partial;
  partial.given = std::move(given);
  partial.new_keys_fail = new_keys_fail;
  std::sort(partial.given.begin(), partial.given.end());
  // Not named, but changed with the row: its value is the default of the moment.
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const auto place = std::lower_bound(partial.given.begin(), partial.given.end(), i);
    const bool is_named = place != partial.given.end() && *place == i;
    if (schema.columns[i].on_update_current_timestamp && !is_named) partial.given.insert(place, i);
  }
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (std::binary_search(partial.given.begin(), partial.given.end(), i)) continue;
    if (i < schema.key_count) {
      return Status::InvalidArgument("Partial update should include all key columns, missing: {}", schema.columns[i].name);
    }
    if (!has_default(schema.columns[i])) partial.no_default.push_back(i);
  }
  return storage::PartialColumnsPtr(std::make_shared<const storage::PartialColumns>(std::move(partial)));
}

namespace {

Result<storage::PartialColumnsPtr> flexible_columns_of(const LoadRequest& request, const TableSchema& schema) {
  if (schema.model != TableModel::kUnique) {
    return Status::InvalidArgument("Only unique key merge on write support partial update");
  }
  if (!schema.skip_bitmap_column()) {
    return Status::InvalidArgument("Flexible partial update can only support table with skip bitmap hidden column.");
  }
  std::vector<size_t> keys(schema.key_count);
  std::iota(keys.begin(), keys.end(), size_t{0});
  FRESHET_ASSIGN_OR_RETURN(const auto fixed,
                           partial_columns_for(std::move(keys), request.partial_new_keys != NewKeys::kTaken, schema));
  storage::PartialColumns flexible = *fixed;
  flexible.mask = schema.skip_bitmap_column();
  return storage::PartialColumnsPtr(std::make_shared<const storage::PartialColumns>(std::move(flexible)));
}

}  // namespace

Result<storage::PartialColumnsPtr> partial_columns_of(const LoadRequest& request, const TableSchema& schema) {
  if (request.flexible_columns) return flexible_columns_of(request, schema);
  const std::optional<size_t> sequence = schema.sequence_column();
  const bool is_delete = request.merge_type == MergeType::kDelete;
  if (!request.partial_columns || (is_delete && !sequence)) return storage::PartialColumnsPtr();
  FRESHET_ASSIGN_OR_RETURN(ColumnMapping mapping, map_columns(request, schema));
  if (mapping.sequence_source) mapping.given.push_back(*sequence);
  return partial_columns_for(std::move(mapping.given), !is_delete && request.partial_new_keys != NewKeys::kTaken, schema);
}

}  // namespace freshet::ingest
