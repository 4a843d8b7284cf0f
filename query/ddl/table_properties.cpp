#include "query/ddl/table_properties.h"

#include <algorithm>
#include <array>

#include "query/ddl/bucket_count.h"
#include "query/dialect/tokenizer.h"
#include "storage/encoding/compression.h"
#include "storage/types/table_options.h"

namespace freshet::query {
namespace {

enum class PropertyRule : uint8_t {
  kAccepted,    ///< has no effect here, or only tells how to store
  kFixed,       ///< like kAccepted, and shown with our own value
  kFlag,        ///< true or false
  kMustBeTrue,  ///< "false" is refused
  kMustBeFalse,
  kColumns,  ///< names columns, separated by commas
  kCompression,
  kRowPage,     ///< bytes of a page of the row store
  kHistory,     ///< seconds for which older versions stay
  kAtCreation,  ///< for UNIQUE tables, and never changed later
  kRefused,
};

struct Property {
  std::string_view name;
  PropertyRule rule;
  std::string_view reason;
};

constexpr std::string_view kNoMapping =
    "a table has one sequence column for all its columns; name it by function_column.sequence_col";
constexpr std::string_view kNotDynamic =
    "of dynamic partitions there are enable, time_unit, start, end, prefix, buckets, time_zone, create_history_partition, "
    "history_partition_num, start_day_of_week and start_day_of_month";
constexpr std::string_view kMergeOnWrite = "every unique table is merged on write";

constexpr std::array kProperties = {
    Property{"replication_num", PropertyRule::kFixed, ""},
    Property{"replication_allocation", PropertyRule::kFixed, ""},
    Property{"min_load_replica_num", PropertyRule::kAccepted, ""},
    Property{"enable_unique_key_merge_on_write", PropertyRule::kMustBeTrue, kMergeOnWrite},
    Property{"unique_key_merge_on_write", PropertyRule::kMustBeTrue, kMergeOnWrite},
    Property{"light_schema_change", PropertyRule::kAccepted, ""},
    Property{kRowStoreProperty, PropertyRule::kFlag, ""},
    Property{kRowStoreColumnsProperty, PropertyRule::kColumns, ""},
    Property{kRowStorePageProperty, PropertyRule::kRowPage, ""},
    Property{"storage_page_size", PropertyRule::kAccepted, ""},
    Property{"storage_dict_page_size", PropertyRule::kAccepted, ""},
    Property{"storage_format", PropertyRule::kAccepted, ""},
    Property{"storage_medium", PropertyRule::kAccepted, ""},
    Property{"storage_cooldown_time", PropertyRule::kAccepted, ""},
    Property{"inverted_index_storage_format", PropertyRule::kAccepted, ""},
    Property{"compression", PropertyRule::kCompression, ""},
    Property{kHistoryRetentionProperty, PropertyRule::kHistory, ""},
    Property{"in_memory", PropertyRule::kAccepted, ""},
    Property{"is_being_synced", PropertyRule::kAccepted, ""},
    Property{"bloom_filter_columns", PropertyRule::kColumns, ""},
    Property{"bloom_filter_fpp", PropertyRule::kAccepted, ""},
    Property{"colocate_with", PropertyRule::kAccepted, ""},
    Property{"disable_auto_compaction", PropertyRule::kAccepted, ""},
    Property{"enable_single_replica_compaction", PropertyRule::kAccepted, ""},
    Property{"compaction_policy", PropertyRule::kAccepted, ""},
    Property{"time_series_compaction_goal_size_mbytes", PropertyRule::kAccepted, ""},
    Property{"time_series_compaction_file_count_threshold", PropertyRule::kAccepted, ""},
    Property{"time_series_compaction_time_threshold_seconds", PropertyRule::kAccepted, ""},
    Property{"time_series_compaction_empty_rowsets_threshold", PropertyRule::kAccepted, ""},
    Property{"time_series_compaction_level_threshold", PropertyRule::kAccepted, ""},
    Property{"vertical_compaction_num_columns_per_group", PropertyRule::kAccepted, ""},
    Property{"group_commit_interval_ms", PropertyRule::kAccepted, ""},
    Property{"group_commit_data_bytes", PropertyRule::kAccepted, ""},
    Property{"group_commit_mode", PropertyRule::kAccepted, ""},
    Property{"enable_mow_light_delete", PropertyRule::kAccepted, ""},
    Property{kSkipBitmapProperty, PropertyRule::kAtCreation, "flexible partial updates are for UNIQUE KEY tables only"},
    Property{"enable_duplicate_without_keys_by_default", PropertyRule::kAccepted, ""},
    Property{"skip_write_index_on_load", PropertyRule::kAccepted, ""},
    Property{"file_cache_ttl_seconds", PropertyRule::kAccepted, ""},
    Property{"variant_max_subcolumns_count", PropertyRule::kAccepted, ""},
    Property{"variant_enable_flatten_nested", PropertyRule::kAccepted, ""},
    Property{"binlog.enable", PropertyRule::kMustBeFalse, "a change log is not kept"},
    Property{"binlog.ttl_seconds", PropertyRule::kAccepted, ""},
    Property{"binlog.max_bytes", PropertyRule::kAccepted, ""},
    Property{"binlog.max_history_nums", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.enable", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.time_unit", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.start", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.end", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.prefix", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.buckets", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.time_zone", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.create_history_partition", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.history_partition_num", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.start_day_of_week", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.start_day_of_month", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.replication_num", PropertyRule::kAccepted, ""},
    Property{"dynamic_partition.replication_allocation", PropertyRule::kAccepted, ""},
    Property{"estimate_partition_size", PropertyRule::kAccepted, ""},
    Property{kAutoBucketsProperty, PropertyRule::kFixed, ""},
    Property{kSequenceColProperty, PropertyRule::kAtCreation, "sequence column only support UNIQUE_KEYS"},
    Property{kSequenceTypeProperty, PropertyRule::kAtCreation, "sequence column only support UNIQUE_KEYS"},
    Property{"storage_policy", PropertyRule::kRefused, "data is kept on the local disk"},
    Property{"tde_algorithm", PropertyRule::kRefused, "files are not encrypted"},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kRefusedFamilies = {
    {{"dynamic_partition.", kNotDynamic}, {"sequence_mapping.", kNoMapping}}};

const Property* find_property(std::string_view name) {
  const auto found =
      std::find_if(kProperties.begin(), kProperties.end(), [&](const Property& known) { return known.name == name; });
  return found == kProperties.end() ? nullptr : &*found;
}

/// The known name closest to `name`, or nothing. A schema's own search for close names serves.
std::optional<std::string> closest_property(std::string_view name) {
  TableSchema names;
  for (const Property& known : kProperties) {
    names.columns.emplace_back();
    names.columns.back().name = known.name;
  }
  return names.closest_name(name);
}

Status unknown_property(std::string_view name) {
  for (const auto& [family, reason] : kRefusedFamilies) {
    if (name.starts_with(family)) return Status::Unsupported("Property '{}' is not supported: {}", name, reason);
  }
  const auto closest = closest_property(name);
  if (closest) return Status::InvalidArgument("Unknown property '{}'; did you mean '{}'?", name, *closest);
  return Status::InvalidArgument("Unknown property '{}'", name);
}

Status check_columns(std::string_view name, std::string_view value, const TableSchema& schema) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view column = trim(value.substr(0, comma));
    if (!column.empty() && !schema.find(column)) {
      return Status::InvalidArgument("Property '{}' names the column '{}', which the table does not have", name, column);
    }
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  return Status::OK();
}

Status check_flag(std::string_view name, std::string_view value) {
  if (equals_word(value, "TRUE") || equals_word(value, "FALSE")) return Status::OK();
  return Status::InvalidArgument("Property '{}' takes true or false, not '{}'", name, value);
}

Status check_flag(std::string_view name, std::string_view value, bool must_be, std::string_view reason) {
  FRESHET_RETURN_IF_ERROR(check_flag(name, value));
  if (equals_word(value, "TRUE") == must_be) return Status::OK();
  return Status::Unsupported("Property '{}' = '{}' is not supported: {}", name, value, reason);
}

}  // namespace

bool is_fixed_property(std::string_view name) {
  const Property* known = find_property(name);
  return known != nullptr && (known->rule == PropertyRule::kFixed || known->rule == PropertyRule::kMustBeTrue);
}

bool is_property_of_creation(std::string_view name) {
  const Property* known = find_property(name);
  return known != nullptr && known->rule == PropertyRule::kAtCreation;
}

bool is_column_property(std::string_view name) {
  const Property* known = find_property(name);
  return known != nullptr && known->rule == PropertyRule::kColumns;
}

Status check_table_properties(const Properties& properties, const TableSchema& schema) {
  for (const auto& [name, value] : properties) {
    const Property* known = find_property(name);
    if (known == nullptr) return unknown_property(name);
    switch (known->rule) {
      case PropertyRule::kAccepted:
      case PropertyRule::kFixed: break;
      case PropertyRule::kFlag: FRESHET_RETURN_IF_ERROR(check_flag(name, value)); break;
      case PropertyRule::kRowPage: FRESHET_RETURN_IF_ERROR(parse_row_page_bytes(value).status()); break;
      case PropertyRule::kMustBeTrue:
        FRESHET_RETURN_IF_ERROR(check_flag(name, value, true, known->reason));
        if (schema.model != TableModel::kUnique) {
          return Status::InvalidArgument("Property '{}' is for UNIQUE KEY tables only", name);
        }
        break;
      case PropertyRule::kMustBeFalse: FRESHET_RETURN_IF_ERROR(check_flag(name, value, false, known->reason)); break;
      case PropertyRule::kColumns: FRESHET_RETURN_IF_ERROR(check_columns(name, value, schema)); break;
      case PropertyRule::kCompression: FRESHET_RETURN_IF_ERROR(storage::parse_compression(value).status()); break;
      case PropertyRule::kHistory: FRESHET_RETURN_IF_ERROR(parse_history_retention(value).status()); break;
      case PropertyRule::kAtCreation:
        if (schema.model != TableModel::kUnique) return Status::InvalidArgument("{}", known->reason);
        break;
      case PropertyRule::kRefused: return Status::Unsupported("Property '{}' is not supported: {}", name, known->reason);
    }
  }
  return Status::OK();
}

}  // namespace freshet::query
