#include "query/routine_load_statements.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

/// Accepted because scripts set them; Freshet reads each topic with one long-lived reader.
constexpr std::array<std::string_view, 6> kPropertiesWithoutEffect = {
    "desired_concurrent_number", "exec_mem_limit", "send_batch_parallelism",
    "load_to_single_tablet",     "timezone",       "fuzzy_parse"};
/// Properties that mean the same as in a Stream Load.
constexpr std::array<std::string_view, 13> kLoadProperties = {"format",
                                                              "jsonpaths",
                                                              "json_root",
                                                              "strip_outer_array",
                                                              "num_as_string",
                                                              "strict_mode",
                                                              "enclose",
                                                              "escape",
                                                              "trim_double_quotes",
                                                              "empty_field_as_null",
                                                              "partial_columns",
                                                              "unique_key_update_mode",
                                                              "partial_update_new_key_behavior"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status read_number(const std::string& name, const std::string& text, uint64_t least, uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && out >= least) return Status::OK();
  return Status::InvalidArgument("{} is '{}': it must be a whole number from {} on", name, text, least);
}

Status read_ratio(const std::string& name, const std::string& text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size() && out >= 0 && out <= 1) return Status::OK();
  return Status::InvalidArgument("{} is '{}': it must be a number from 0 to 1", name, text);
}

Status read_job_properties(const Properties& properties, ingest::RoutineLoadSpec& spec) {
  std::vector<std::pair<std::string, std::string>> load;
  for (const auto& [given, value] : properties) {
    const std::string name = to_lower(given);
    if (name == "max_error_number") {
      FRESHET_RETURN_IF_ERROR(read_number(name, value, 0, spec.max_error_number));
    } else if (name == "max_filter_ratio") {
      FRESHET_RETURN_IF_ERROR(read_ratio(name, value, spec.max_filter_ratio));
    } else if (name == "max_batch_interval") {
      FRESHET_RETURN_IF_ERROR(read_number(name, value, 1, spec.max_batch_interval_seconds));
    } else if (name == "max_batch_rows") {
      FRESHET_RETURN_IF_ERROR(read_number(name, value, 1, spec.max_batch_rows));
    } else if (name == "max_batch_size") {
      FRESHET_RETURN_IF_ERROR(read_number(name, value, 1, spec.max_batch_bytes));
    } else if (is_one_of(name, kLoadProperties)) {
      load.emplace_back(name, value);
    } else if (!is_one_of(name, kPropertiesWithoutEffect)) {
      return Status::InvalidArgument("{} is an invalid property of a routine load", given);
    }
  }
  spec.job_properties = properties;
  return ingest::apply_load_properties(load, spec.load);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

bool is_secret(std::string_view name) {
  return name.find("password") != std::string_view::npos || name.find("secret") != std::string_view::npos ||
         name.find(".key") != std::string_view::npos || name.find("sasl.jaas") != std::string_view::npos;
}

Status read_source_properties(const Properties& properties, ingest::RoutineLoadSpec& spec) {
  std::vector<std::string> partitions;
  std::vector<std::string> offsets;
  for (const auto& [given, value] : properties) {
    const std::string name = to_lower(given);
    if (name == "kafka_broker_list") {
      spec.stream.brokers = value;
    } else if (name == "kafka_topic") {
      spec.stream.topic = value;
    } else if (name == "kafka_partitions") {
      partitions = split_list(value);
    } else if (name == "kafka_offsets") {
      offsets = split_list(value);
    } else if (name == "property.kafka_default_offsets" || name == "kafka_default_offsets") {
      spec.default_offsets = value;
    } else if (name == "property.group.id") {
      spec.stream.group_id = value;
    } else if (name.starts_with("property.")) {
      spec.stream.client_properties.emplace_back(name.substr(9), value);
    } else {
      return Status::InvalidArgument("{} is an invalid property of FROM KAFKA", given);
    }
    spec.source_properties.emplace_back(name, is_secret(name) ? "******" : value);
  }
  if (spec.stream.brokers.empty()) return Status::InvalidArgument("kafka_broker_list is a required property");
  if (spec.stream.topic.empty()) return Status::InvalidArgument("kafka_topic is a required property");
  if (!offsets.empty() && offsets.size() != partitions.size()) {
    return Status::InvalidArgument(
        "Partitions number should be equals to offsets number: {} kafka_partitions, {} kafka_offsets", partitions.size(),
        offsets.size());
  }
  for (size_t i = 0; i < partitions.size(); ++i) {
    uint64_t partition = 0;
    FRESHET_RETURN_IF_ERROR(read_number("kafka_partitions", partitions[i], 0, partition));
    if (partition > INT32_MAX) return Status::InvalidArgument("kafka_partitions: {} is too large", partition);
    spec.partition_offsets.emplace_back(static_cast<int32_t>(partition), offsets.empty() ? "" : offsets[i]);
  }
  return Status::OK();
}

Status check_offered(const CreateRoutineLoad& statement) {
  if (statement.table.empty()) return Status::Unsupported("a routine load without ON <table> (multi-table) is not offered");
  if (!statement.preceding_filter.empty()) return Status::Unsupported("PRECEDING FILTER is not offered");
  if (!statement.where.empty()) return Status::Unsupported("WHERE is not offered in a routine load");
  if (!statement.partitions.empty()) return Status::Unsupported("PARTITION is not offered in a routine load");
  if (!statement.delete_on.empty() || statement.merge_type == MergeType::kMerge) {
    return Status::Unsupported("WITH MERGE and DELETE ON are not offered: put __DORIS_DELETE_SIGN__ into COLUMNS");
  }
  if (!statement.sequence_column.empty()) return Status::Unsupported("ORDER BY (a sequence column) is not offered");
  if (to_upper(statement.source) != "KAFKA")
    return Status::Unsupported("FROM {} is not offered, only FROM KAFKA", statement.source);
  for (const LoadColumn& column : statement.columns) {
    if (!column.expression.empty()) {
      return Status::Unsupported("COLUMNS with an expression is not offered: {} = {}", column.name, column.expression);
    }
  }
  return Status::OK();
}

}  // namespace

Status run_create_routine_load(const CreateRoutineLoad& statement, const SessionState& session,
                               const QueryServices& services, ResultWriter& out) {
  FRESHET_RETURN_IF_ERROR(check_offered(statement));
  ingest::RoutineLoadSpec spec;
  spec.name = statement.job;
  spec.comment = statement.comment;
  FRESHET_ASSIGN_OR_RETURN(spec.load.database, database_of(session, statement.database));
  spec.load.table = statement.table;
  if (statement.column_separator) spec.load.column_separator = *statement.column_separator;
  if (statement.line_delimiter) spec.load.line_delimiter = *statement.line_delimiter;
  for (const LoadColumn& column : statement.columns) spec.load.columns.push_back(column.name);
  if (statement.merge_type == MergeType::kDelete) spec.load.merge_type = ingest::MergeType::kDelete;
  FRESHET_RETURN_IF_ERROR(read_job_properties(statement.properties, spec));
  FRESHET_RETURN_IF_ERROR(read_source_properties(statement.source_properties, spec));
  FRESHET_RETURN_IF_ERROR(services.routine_loads.create_job(spec));
  return out.ok({});
}

Status run_control_routine_load(const ControlRoutineLoad& statement, const SessionState& session,
                                const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.database));
  const std::string& job = statement.all ? std::string() : statement.job;
  switch (statement.action) {
    case RoutineLoadAction::kPause: FRESHET_RETURN_IF_ERROR(services.routine_loads.pause(database, job)); break;
    case RoutineLoadAction::kResume: FRESHET_RETURN_IF_ERROR(services.routine_loads.resume(database, job)); break;
    case RoutineLoadAction::kStop: FRESHET_RETURN_IF_ERROR(services.routine_loads.stop(database, job)); break;
  }
  return out.ok({});
}

}  // namespace freshet::query
