#include "query/routine_load_spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <span>

#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

/// Accepted because scripts set them; Freshet reads each topic with one long-lived reader and has no groups of computers.
constexpr std::array<std::string_view, 4> kPropertiesWithoutEffect = {"desired_concurrent_number", "workload_group",
                                                                      "compute_group", "cloud_cluster"};
/// Properties that mean the same as in a Stream Load.
constexpr std::array<std::string_view, 18> kLoadProperties = {"format",
                                                              "jsonpaths",
                                                              "json_root",
                                                              "strip_outer_array",
                                                              "num_as_string",
                                                              "fuzzy_parse",
                                                              "strict_mode",
                                                              "enclose",
                                                              "escape",
                                                              "trim_double_quotes",
                                                              "empty_field_as_null",
                                                              "partial_columns",
                                                              "unique_key_update_mode",
                                                              "partial_update_new_key_behavior",
                                                              "timezone",
                                                              "exec_mem_limit",
                                                              "send_batch_parallelism",
                                                              "load_to_single_tablet"};
constexpr std::string_view kMask = "******";
constexpr std::string_view kPropertyPrefix = "property.";

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

/// Bytes as a separator property writes them.
std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
  return text;
}

std::string quoted_name(std::string_view name) { return fmt::format("`{}`", name); }

/// What the clauses say, as the properties of a Stream Load that say the same.
Properties clauses_of(const ingest::LoadRequest& load) {
  Properties clauses = {{"column_separator", escaped(load.column_separator)},
                        {"line_delimiter", escaped(load.line_delimiter)}};
  std::string columns;
  for (const std::string& name : load.columns) columns += (columns.empty() ? "" : ", ") + quoted_name(name);
  for (const ingest::ColumnExpression& each : load.expressions) {
    columns += (columns.empty() ? "" : ", ") + quoted_name(each.column) + " = " + each.expression;
  }
  std::string partitions;
  for (const std::string& name : load.partitions) partitions += (partitions.empty() ? "" : ", ") + quoted_name(name);
  if (load.merge_type == ingest::MergeType::kDelete) clauses.emplace_back("merge_type", "DELETE");
  if (load.merge_type == ingest::MergeType::kMerge) clauses.emplace_back("merge_type", "MERGE");
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"columns", columns},
                                    {"partitions", partitions},
                                    {"where", load.where},
                                    {"delete", load.delete_condition},
                                    {"function_column.sequence_col", load.sequence_column}}) {
    if (!value.empty()) clauses.emplace_back(name, value);
  }
  return clauses;
}

Status read_job_properties(const Properties& properties, ingest::RoutineLoadSpec& spec) {
  Properties load = clauses_of(spec.load);
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
    } else if (name == "desired_concurrent_number") {
      uint64_t ignored = 0;
      FRESHET_RETURN_IF_ERROR(read_number(name, value, 1, ignored));
    } else if (is_one_of(name, kLoadProperties)) {
      load.emplace_back(name, value);
    } else if (!is_one_of(name, kPropertiesWithoutEffect)) {
      return Status::InvalidArgument("{} is an invalid property of a routine load", given);
    }
  }
  ingest::LoadRequest request;
  request.database = spec.load.database;
  request.table = spec.load.table;
  request.preceding_filter = spec.load.preceding_filter;
  FRESHET_RETURN_IF_ERROR(ingest::apply_load_properties(load, request));
  if (request.flexible_columns && !request.preceding_filter.empty()) {
    return Status::InvalidArgument("Don't support flexible partial update when 'PRECEDING FILTER' is specified");
  }
  if (!ingest::comes_in_messages(request.format)) {
    return Status::Unsupported("format: a message of a stream is csv or json, not a file of columns");
  }
  if (request.compression != ingest::Compression::kNone) {
    return Status::Unsupported("format: messages are not decompressed; Kafka's own compression needs no property");
  }
  if (spec.is_multi_table() && (request.partial_columns || !request.jsonpaths.empty())) {
    return Status::Unsupported("a routine load without ON <table> takes whole rows by the names of their columns");
  }
  spec.load = std::move(request);
  spec.job_properties = properties;
  return Status::OK();
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    const bool is_quoted = part.size() >= 2 && (part.front() == '\'' || part.front() == '"') && part.back() == part.front();
    if (is_quoted) part = part.substr(1, part.size() - 2);
    parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

using PartitionOffsets = std::vector<std::pair<int32_t, std::string>>;

Result<PartitionOffsets> partition_offsets(const std::vector<std::string>& partitions,
                                           const std::vector<std::string>& offsets) {
  if (!offsets.empty() && offsets.size() != partitions.size()) {
    return Status::InvalidArgument(
        "Partitions number should be equals to offsets number: {} kafka_partitions, {} kafka_offsets", partitions.size(),
        offsets.size());
  }
  PartitionOffsets result;
  std::set<uint64_t> seen;
  for (size_t i = 0; i < partitions.size(); ++i) {
    uint64_t partition = 0;
    FRESHET_RETURN_IF_ERROR(read_number("kafka_partitions", partitions[i], 0, partition));
    if (partition > INT32_MAX) return Status::InvalidArgument("kafka_partitions: {} is too large", partition);
    if (!seen.insert(partition).second) return Status::InvalidArgument("kafka_partitions: {} is named twice", partition);
    result.emplace_back(static_cast<int32_t>(partition), offsets.empty() ? "" : offsets[i]);
  }
  return result;
}

/// Sets or adds one of (name, value) pairs.
void set_property(Properties& properties, const std::string& name, const std::string& value) {
  const auto is_same = [&](const auto& property) { return to_lower(property.first) == to_lower(name); };
  const auto found = std::find_if(properties.begin(), properties.end(), is_same);
  if (found == properties.end()) {
    properties.emplace_back(name, value);
  } else {
    found->second = value;
  }
}

/// Reads FROM KAFKA into the spec, but for kafka_partitions with kafka_offsets, which are answered.
Result<PartitionOffsets> read_source_properties(const Properties& properties, ingest::RoutineLoadSpec& spec) {
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
    } else if (name.starts_with(kPropertyPrefix)) {
      if (value.starts_with("FILE:")) {
        return Status::Unsupported("{}: CREATE FILE is not offered; give the path of a file on the server", given);
      }
      set_property(spec.stream.client_properties, name.substr(kPropertyPrefix.size()), value);
    } else {
      return Status::InvalidArgument("{} is an invalid property of FROM KAFKA", given);
    }
    set_property(spec.source_properties, name, is_secret_property(name) ? std::string(kMask) : value);
  }
  if (spec.stream.brokers.empty()) return Status::InvalidArgument("kafka_broker_list is a required property");
  if (spec.stream.topic.empty()) return Status::InvalidArgument("kafka_topic is a required property");
  if (partitions.empty() && !offsets.empty()) return Status::InvalidArgument("kafka_offsets needs kafka_partitions");
  return partition_offsets(partitions, offsets);
}

/// A routine load for the tables that its rows name has nothing that is about one table.
Status check_multi_table(const CreateRoutineLoad& statement) {
  const bool has_clauses = !statement.columns.empty() || !statement.where.empty() || !statement.preceding_filter.empty() ||
                           !statement.partitions.empty() || !statement.delete_on.empty() ||
                           !statement.sequence_column.empty() || statement.merge_type != MergeType::kAppend;
  if (!statement.table.empty() || !has_clauses) return Status::OK();
  return Status::Unsupported(
      "a routine load without ON <table> takes no COLUMNS, WHERE, PRECEDING FILTER, PARTITION, DELETE ON, ORDER BY or WITH");
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default: out += c;
    }
  }
  return out + '"';
}

std::string property_list(const Properties& properties) {
  std::string out = "(\n";
  for (const auto& [name, value] : properties) {
    if (out.size() > 2) out += ",\n";
    out += quoted(name) + " = " + quoted(value);
  }
  return out + "\n)";
}

}  // namespace

bool is_secret_property(std::string_view name) {
  constexpr std::string_view kSecretWords[] = {"password", "secret", ".key", "sasl.jaas", "oauthbearer.config", "token"};
  const bool is_a_place = name.ends_with(".location") || name.ends_with("url");
  return !is_a_place && std::any_of(std::begin(kSecretWords), std::end(kSecretWords),
                                    [&](std::string_view word) { return name.find(word) != std::string_view::npos; });
}

Result<ingest::RoutineLoadSpec> routine_load_spec(const CreateRoutineLoad& statement, const std::string& database,
                                                  const std::string& user) {
  FRESHET_RETURN_IF_ERROR(check_multi_table(statement));
  if (to_upper(statement.source) != "KAFKA")
    return Status::Unsupported("FROM {} is not offered, only FROM KAFKA", statement.source);
  ingest::RoutineLoadSpec spec;
  spec.name = statement.job;
  spec.comment = statement.comment;
  spec.user = user;
  ingest::LoadRequest& load = spec.load;
  load.database = database;
  load.table = statement.table;
  for (const LoadColumn& column : statement.columns) {
    if (column.expression.empty()) {
      load.columns.push_back(column.name);
    } else {
      load.expressions.push_back({column.name, std::string(column.expression)});
    }
  }
  load.preceding_filter = statement.preceding_filter;
  load.where = statement.where;
  load.partitions = statement.partitions;
  load.delete_condition = statement.delete_on;
  load.sequence_column = statement.sequence_column;
  if (statement.merge_type == MergeType::kDelete) load.merge_type = ingest::MergeType::kDelete;
  if (statement.merge_type == MergeType::kMerge) load.merge_type = ingest::MergeType::kMerge;
  Properties separators;
  if (statement.column_separator) separators.emplace_back("column_separator", *statement.column_separator);
  if (statement.line_delimiter) separators.emplace_back("line_delimiter", *statement.line_delimiter);
  ingest::LoadRequest read;
  FRESHET_RETURN_IF_ERROR(ingest::apply_load_properties(separators, read));
  load.column_separator = read.column_separator;
  load.line_delimiter = read.line_delimiter;
  FRESHET_RETURN_IF_ERROR(read_job_properties(statement.properties, spec));
  FRESHET_ASSIGN_OR_RETURN(spec.partition_offsets, read_source_properties(statement.source_properties, spec));
  return spec;
}

Status alter_routine_load(const AlterRoutineLoad& statement, ingest::RoutineLoadSpec& spec) {
  Properties properties = spec.job_properties;
  for (const auto& [name, value] : statement.properties) {
    if (to_lower(name) == "format")
      return Status::InvalidArgument("format cannot be changed: STOP this job and CREATE another");
    set_property(properties, name, value);
  }
  FRESHET_RETURN_IF_ERROR(read_job_properties(properties, spec));
  const std::string topic = spec.stream.topic;
  FRESHET_ASSIGN_OR_RETURN(const PartitionOffsets offsets, read_source_properties(statement.source_properties, spec));
  if (spec.stream.topic != topic) {
    spec.partition_offsets = offsets;
    spec.new_offsets.clear();
    return Status::OK();
  }
  for (const auto& [partition, offset] : offsets) {
    if (offset.empty()) return Status::InvalidArgument("kafka_partitions needs kafka_offsets: where to go on in each");
    const auto is_same = [&, partition = partition](const auto& other) { return other.first == partition; };
    std::erase_if(spec.new_offsets, is_same);
    spec.new_offsets.emplace_back(partition, offset);
  }
  return Status::OK();
}

std::string create_statement(const ingest::RoutineLoadSpec& spec) {
  const ingest::LoadRequest& load = spec.load;
  std::string out = "CREATE ROUTINE LOAD " + quoted_name(spec.name);
  if (!spec.is_multi_table()) out += " ON " + quoted_name(load.table);
  if (load.merge_type == ingest::MergeType::kDelete) out += "\nWITH DELETE";
  if (load.merge_type == ingest::MergeType::kMerge) out += "\nWITH MERGE";
  std::vector<std::string> clauses;
  const bool is_csv = load.format == ingest::LoadFormat::kCsv;
  if (is_csv) clauses.push_back("COLUMNS TERMINATED BY " + quoted(load.column_separator));
  if (is_csv) clauses.push_back("LINES TERMINATED BY " + quoted(load.line_delimiter));
  for (const auto& [name, value] : clauses_of(load)) {
    if (name == "columns") clauses.push_back("COLUMNS(" + value + ")");
    if (name == "partitions") clauses.push_back("PARTITION(" + value + ")");
  }
  if (!load.preceding_filter.empty()) clauses.push_back("PRECEDING FILTER " + load.preceding_filter);
  if (!load.where.empty()) clauses.push_back("WHERE " + load.where);
  if (!load.delete_condition.empty()) clauses.push_back("DELETE ON " + load.delete_condition);
  if (!load.sequence_column.empty()) clauses.push_back("ORDER BY " + quoted_name(load.sequence_column));
  for (size_t i = 0; i < clauses.size(); ++i) out += (i == 0 ? "\n" : ",\n") + clauses[i];
  if (!spec.job_properties.empty()) out += "\nPROPERTIES\n" + property_list(spec.job_properties);
  out += "\nFROM KAFKA\n" + property_list(spec.source_properties);
  if (!spec.comment.empty()) out += "\nCOMMENT " + quoted(spec.comment);
  return out;
}

}  // namespace freshet::query
