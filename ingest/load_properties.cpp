#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "ingest/column_list.h"
#include "ingest/json_path.h"
#include "ingest/load_request.h"
#include "ingest/trim.h"
#include "storage/types/schema.h"
#include "storage/types/table_options.h"

namespace freshet::ingest {
namespace {

constexpr uint64_t kMaxTimeoutSeconds = 259200;
constexpr size_t kMaxSeparatorBytes = 64;
constexpr size_t kMaxLabelBytes = 128;
constexpr size_t kMaxTimeZoneBytes = 64;

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Status parse_bool(std::string_view name, std::string_view value, bool& out) {
  const std::string lower = to_lower(value);
  if (lower != "true" && lower != "false") {
    if (name == "strict_mode") return Status::InvalidArgument("Invalid strict mode format. Must be bool type");
    return Status::InvalidArgument("{} must be true or false, not '{}'", name, value);
  }
  out = lower == "true";
  return Status::OK();
}

Status parse_count(std::string_view name, std::string_view value, uint64_t least, uint64_t most, uint64_t& out) {
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, out);
  if (value.empty() || error != std::errc() || rest != end || out < least || out > most) {
    return Status::InvalidArgument("{} must be a whole number from {} to {}, not '{}'", name, least, most, value);
  }
  return Status::OK();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Replaces \t, \n, \r, \\, \', \" and \xNN by the bytes they stand for; \x takes all the hex digits that follow it.
Status unescape_separator(std::string_view name, std::string_view value, std::string& out) {
  std::string bytes;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size()) {
      bytes.push_back(value[i]);
      continue;
    }
    switch (value[++i]) {
      case 't': bytes.push_back('\t'); break;
      case 'n': bytes.push_back('\n'); break;
      case 'r': bytes.push_back('\r'); break;
      case '\\':
      case '\'':
      case '"': bytes.push_back(value[i]); break;
      case 'x':
      case 'X':
        do {
          const int high = i + 1 < value.size() ? hex_digit(value[i + 1]) : -1;
          const int low = i + 2 < value.size() ? hex_digit(value[i + 2]) : -1;
          if (high < 0 || low < 0) return Status::InvalidArgument("{}: \\x needs two hex digits in '{}'", name, value);
          bytes.push_back(static_cast<char>(high * 16 + low));
          i += 2;
        } while (i + 1 < value.size() && hex_digit(value[i + 1]) >= 0);
        break;
      default: bytes.push_back('\\'); bytes.push_back(value[i]);
    }
  }
  if (bytes.empty() || bytes.size() > kMaxSeparatorBytes) {
    return Status::InvalidArgument("{} must have 1 to {} bytes", name, kMaxSeparatorBytes);
  }
  out = std::move(bytes);
  return Status::OK();
}

Status parse_single_char(std::string_view name, std::string_view value, char& out) {
  if (value.size() != 1) return Status::InvalidArgument("{} must be single-char, actually is {}", name, value);
  out = value[0];
  return Status::OK();
}

Status parse_compression(std::string_view value, Compression& compression) {
  struct Name {
    std::string_view name;
    Compression compression;
  };
  static constexpr Name kNames[] = {
      {"plain", Compression::kNone},        {"gz", Compression::kGzip},
      {"gzip", Compression::kGzip},         {"deflate", Compression::kDeflate},
      {"bz2", Compression::kBzip2},         {"lz4", Compression::kLz4Frame},
      {"lz4frame", Compression::kLz4Frame}, {"lz4_frame", Compression::kLz4Frame},
      {"zstd", Compression::kZstd},         {"snappy", Compression::kSnappyFrame},
  };
  const std::string lower = to_lower(value);
  for (const Name& known : kNames) {
    if (known.name == lower) return compression = known.compression, Status::OK();
  }
  return Status::Unsupported(
      "compress_type: {} is not offered, only GZ, DEFLATE, BZ2, LZ4 (frames), ZSTD and SNAPPY (the framing format)", value);
}

/// A format may name its compression too: csv_gz.
Status parse_format(std::string_view value, LoadFormat& format, Compression& compression) {
  const std::string lower = to_lower(value);
  if (lower == "csv") {
    format = LoadFormat::kCsv;
  } else if (lower == "csv_with_names") {
    format = LoadFormat::kCsvWithNames;
  } else if (lower == "csv_with_names_and_types") {
    format = LoadFormat::kCsvWithNamesAndTypes;
  } else if (lower == "json") {
    format = LoadFormat::kJson;
  } else if (lower == "debezium_json") {
    format = LoadFormat::kDebeziumJson;
  } else if (lower == "parquet") {
    format = LoadFormat::kParquet;
  } else if (lower == "arrow") {
    format = LoadFormat::kArrow;
  } else if (lower == "orc") {
    return Status::Unsupported("format: ORC files are not read; send the rows as parquet, arrow, csv or json");
  } else if (lower.starts_with("csv_") && parse_compression(lower.substr(4), compression).ok()) {
    format = LoadFormat::kCsv;
  } else {
    return Status::Unsupported(
        "format: '{}' is not offered, only csv, csv_with_names, csv_with_names_and_types, json, debezium_json, parquet and "
        "arrow (csv_gz and the like name their compression)",
        value);
  }
  return Status::OK();
}

Status parse_label(std::string_view value, std::string& label) {
  const bool is_good = value.size() <= kMaxLabelBytes && std::all_of(value.begin(), value.end(), [](char c) {
                         return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                                c == '_' || c == ':' || c == '.';
                       });
  if (!is_good) {
    return Status::InvalidArgument("label must match ^[-_A-Za-z0-9:.]{{1,{}}}$, but it is '{}'", kMaxLabelBytes,
                                   value.substr(0, 2 * kMaxLabelBytes));
  }
  label = value;
  return Status::OK();
}

Status parse_ratio(std::string_view value, double& ratio) {
  double number = -1;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || rest != end || !(number >= 0 && number <= 1)) {
    return Status::InvalidArgument("max_filter_ratio must be a number from 0 to 1, not '{}'", value);
  }
  ratio = number;
  return Status::OK();
}

/// Whether a time zone is UTC by one of its names.
bool is_utc(std::string_view zone) {
  static constexpr std::string_view kNames[] = {"utc",  "etc/utc", "gmt",    "etc/gmt", "z",
                                                "zulu", "+00:00",  "-00:00", "+0:00"};
  const std::string lower = to_lower(zone);
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view name) { return name == lower; });
}

/// Whether the text has the form of a time zone: "Asia/Shanghai", "CST", "+08:00".
bool looks_like_time_zone(std::string_view zone) {
  const auto is_part = [](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || c == '_' || c == '/' || c == '+' || c == '-' || c == ':';
  };
  return zone.size() <= kMaxTimeZoneBytes && std::all_of(zone.begin(), zone.end(), is_part);
}

/// All properties by lower-case name; the last of a name counts, and an empty value is as good as none.
using Properties = std::unordered_map<std::string, std::string>;

class PropertyReader {
 public:
  PropertyReader(const Properties& properties, LoadRequest& request) : properties_(properties), request_(request) {}

  Status read() {
    FRESHET_RETURN_IF_ERROR(read_general());
    FRESHET_RETURN_IF_ERROR(read_merge_type());
    FRESHET_RETURN_IF_ERROR(read_csv());
    FRESHET_RETURN_IF_ERROR(read_json());
    FRESHET_RETURN_IF_ERROR(read_group_commit());
    FRESHET_RETURN_IF_ERROR(read_partial_update());
    FRESHET_RETURN_IF_ERROR(read_time_zone());
    FRESHET_RETURN_IF_ERROR(check_without_effect());
    return check_not_offered();
  }

 private:
  const std::string* find(const std::string& name) const {
    const auto found = properties_.find(name);
    return found == properties_.end() || found->second.empty() ? nullptr : &found->second;
  }
  Status read_bool(const std::string& name, bool& out) const {
    const std::string* value = find(name);
    return value == nullptr ? Status::OK() : parse_bool(name, *value, out);
  }
  Status refuse_when_true(const std::string& name, std::string_view why) const {
    bool is_set = false;
    FRESHET_RETURN_IF_ERROR(read_bool(name, is_set));
    return is_set ? Status::Unsupported("{}: {}", name, why) : Status::OK();
  }

  bool is_json() const { return request_.format == LoadFormat::kJson || request_.format == LoadFormat::kDebeziumJson; }

  Status read_general() {
    if (const auto* value = find("label")) FRESHET_RETURN_IF_ERROR(parse_label(*value, request_.label));
    if (const auto* value = find("format"))
      FRESHET_RETURN_IF_ERROR(parse_format(*value, request_.format, request_.compression));
    if (const auto* value = find("columns")) {
      FRESHET_RETURN_IF_ERROR(parse_column_list("columns", *value, request_.columns, request_.expressions));
    }
    if (const auto* value = find("compress_type")) FRESHET_RETURN_IF_ERROR(parse_compression(*value, request_.compression));
    if (const auto* value = find("where")) request_.where = *value;
    if (const auto* value = find("hidden_columns")) {
      FRESHET_RETURN_IF_ERROR(parse_names("hidden_columns", *value, request_.hidden_columns));
    }
    if (const auto* value = find("max_filter_ratio"))
      FRESHET_RETURN_IF_ERROR(parse_ratio(*value, request_.max_filter_ratio));
    if (const auto* value = find("timeout")) {
      FRESHET_RETURN_IF_ERROR(parse_count("timeout", *value, 1, kMaxTimeoutSeconds, request_.timeout_seconds));
    }
    if (const auto* value = find("comment")) request_.comment = *value;
    if (const auto* value = find(std::string(kSequenceColProperty))) request_.sequence_column = *value;
    FRESHET_RETURN_IF_ERROR(read_bool("two_phase_commit", request_.two_phase_commit));
    // A mirror of a table must not hold a NULL where a value could not be read.
    request_.strict_mode = request_.format == LoadFormat::kDebeziumJson;
    return read_bool("strict_mode", request_.strict_mode);
  }

  Status read_merge_type() {
    const std::string* value = find("merge_type");
    const std::string type = value == nullptr ? "append" : to_lower(*value);
    const bool has_condition = find("delete") != nullptr;
    if (type == "merge") {
      if (!has_condition) return Status::InvalidArgument("Excepted DELETE ON clause when merge type is MERGE.");
      request_.merge_type = MergeType::kMerge;
      request_.delete_condition = *find("delete");
      return Status::OK();
    }
    if (has_condition) return Status::InvalidArgument("Not support DELETE ON clause when merge type is not MERGE.");
    if (type == "append") {
      request_.merge_type = MergeType::kAppend;
    } else if (type == "delete") {
      request_.merge_type = MergeType::kDelete;
    } else {
      return Status::InvalidArgument("merge_type must be APPEND, DELETE or MERGE, not '{}'", *value);
    }
    if (request_.merge_type == MergeType::kDelete && !request_.hidden_columns.empty()) {
      return Status::InvalidArgument("merge_type DELETE makes every row a delete: hidden_columns cannot be set beside it");
    }
    return Status::OK();
  }

  Status read_csv() {
    if (const auto* value = find("column_separator")) {
      FRESHET_RETURN_IF_ERROR(unescape_separator("column_separator", *value, request_.column_separator));
    }
    if (const auto* value = find("line_delimiter")) {
      FRESHET_RETURN_IF_ERROR(unescape_separator("line_delimiter", *value, request_.line_delimiter));
    }
    if (const auto* value = find("enclose")) FRESHET_RETURN_IF_ERROR(parse_single_char("enclose", *value, request_.enclose));
    if (const auto* value = find("escape")) FRESHET_RETURN_IF_ERROR(parse_single_char("escape", *value, request_.escape));
    if (const auto* value = find("skip_lines")) {
      FRESHET_RETURN_IF_ERROR(parse_count("skip_lines", *value, 0, UINT32_MAX, request_.skip_lines));
    }
    FRESHET_RETURN_IF_ERROR(read_bool("trim_double_quotes", request_.trim_double_quotes));
    FRESHET_RETURN_IF_ERROR(read_bool("empty_field_as_null", request_.empty_field_as_null));
    if (!names_columns(request_.format) && request_.column_separator == request_.line_delimiter) {
      return Status::InvalidArgument("column_separator and line_delimiter must differ");
    }
    return Status::OK();
  }

  Status read_json() {
    FRESHET_RETURN_IF_ERROR(read_bool("strip_outer_array", request_.strip_outer_array));
    FRESHET_RETURN_IF_ERROR(read_bool("read_json_by_line", request_.read_json_by_line));
    FRESHET_RETURN_IF_ERROR(read_bool("num_as_string", request_.num_as_string));
    bool fuzzy_parse = false;
    FRESHET_RETURN_IF_ERROR(read_bool("fuzzy_parse", fuzzy_parse));
    for (const char* name : {"jsonpaths", "json_root", "strip_outer_array"}) {
      if (request_.format != LoadFormat::kDebeziumJson || find(name) == nullptr) continue;
      return Status::InvalidArgument("{}: not with format debezium_json, whose events say where their rows are", name);
    }
    if (find("strip_outer_array") == nullptr && find("read_json_by_line") == nullptr) request_.read_json_by_line = true;
    if (const auto* value = find("json_root")) {
      FRESHET_RETURN_IF_ERROR(JsonPath::parse(*value).status().with_context("json_root"));
      request_.json_root = *value;
    }
    if (const auto* value = find("jsonpaths")) {
      FRESHET_ASSIGN_OR_RETURN(request_.jsonpaths, parse_json_path_list(*value));
    }
    return Status::OK();
  }

  Status read_group_commit() {
    const std::string* value = find("group_commit");
    if (value == nullptr) return Status::OK();
    const std::string mode = to_lower(*value);
    if (mode != "async_mode" && mode != "sync_mode" && mode != "off_mode") {
      return Status::InvalidArgument("group_commit can only be [async_mode, sync_mode, off_mode]");
    }
    request_.group_commit = mode != "off_mode";
    return Status::OK();
  }

  Status read_partial_update() {
    FRESHET_RETURN_IF_ERROR(read_bool("partial_columns", request_.partial_columns));
    if (const std::string* value = find("unique_key_update_mode")) {
      const std::string mode = to_lower(*value);
      if (mode != "upsert" && mode != "update_fixed_columns" && mode != "update_flexible_columns") {
        return Status::InvalidArgument(
            "Invalid unique_key_partial_mode {}, must be one of 'UPSERT', 'UPDATE_FIXED_COLUMNS' or "
            "'UPDATE_FLEXIBLE_COLUMNS'",
            *value);
      }
      request_.flexible_columns = mode == "update_flexible_columns";
      request_.partial_columns = mode != "upsert";
      if (request_.flexible_columns) FRESHET_RETURN_IF_ERROR(check_flexible());
    }
    if (const std::string* value = find("partial_update_new_key_behavior")) {
      const std::string behavior = to_lower(*value);
      if (behavior != "append" && behavior != "error") {
        return Status::InvalidArgument("Invalid partial_update_new_key_behavior {}, must be one of ['APPEND', 'ERROR']",
                                       *value);
      }
      if (behavior == "error") request_.partial_new_keys = NewKeys::kRefused;
    } else if (request_.strict_mode && find("strict_mode") != nullptr) {
      request_.partial_new_keys = NewKeys::kRejected;
    }
    return Status::OK();
  }

  Status check_flexible() const {
    if (!is_json()) {
      return Status::InvalidArgument("flexible partial update only support json format as input file currently");
    }
    for (const char* name :
         {"columns", "jsonpaths", "hidden_columns", "function_column.sequence_col", "merge_type", "where"}) {
      if (find(name) == nullptr) continue;
      return Status::InvalidArgument("Don't support flexible partial update when '{}' is specified", name);
    }
    bool is_fuzzy = false;
    FRESHET_RETURN_IF_ERROR(read_bool("fuzzy_parse", is_fuzzy));
    if (is_fuzzy) return Status::InvalidArgument("Don't support flexible partial update when 'fuzzy_parse' is enabled");
    return Status::OK();
  }

  Status read_time_zone() {
    const std::string* zone = find("timezone");
    if (zone == nullptr) zone = find("time_zone");
    if (zone == nullptr || is_utc(*zone)) return Status::OK();
    if (!looks_like_time_zone(*zone)) return Status::InvalidArgument("timezone: '{}' is no time zone", *zone);
    request_.time_zone = *zone;
    return Status::OK();
  }

  /// What steers a cluster, or is only an advice: taken when it is well-formed.
  Status check_without_effect() {
    FRESHET_RETURN_IF_ERROR(read_bool("load_to_single_tablet", request_.single_tablet));
    for (const char* name : {"memtable_on_sink_node", "enable_profile", "skip_record_to_audit_log_table"}) {
      bool ignored = false;
      FRESHET_RETURN_IF_ERROR(read_bool(name, ignored));
    }
    for (const char* name : {"exec_mem_limit", "load_mem_limit", "send_batch_parallelism", "load_stream_per_node"}) {
      uint64_t ignored = 0;
      if (const auto* value = find(name)) FRESHET_RETURN_IF_ERROR(parse_count(name, *value, 1, INT64_MAX, ignored));
    }
    return Status::OK();
  }

  Status check_not_offered() {
    if (find("partitions") != nullptr && find("temporary_partitions") != nullptr) {
      return Status::InvalidArgument("Can not specify both partitions and temporary partitions");
    }
    for (const char* name : {"temporary_partitions", "sql"}) {
      if (find(name) != nullptr) return Status::Unsupported("{}: not offered; send the load without it", name);
    }
    if (const auto* value = find("partitions"))
      FRESHET_RETURN_IF_ERROR(parse_names("partitions", *value, request_.partitions));
    return refuse_when_true("negative", "negative loads are not offered");
  }

  const Properties& properties_;
  LoadRequest& request_;
};

}  // namespace

Status apply_load_properties(const std::vector<std::pair<std::string, std::string>>& properties, LoadRequest& request) {
  Properties by_name;
  for (const auto& [name, value] : properties) {
    // A separator may consist of blanks, so only names whose blanks mean nothing are trimmed.
    const std::string lower = to_lower(name);
    const bool keeps_blanks = lower == "column_separator" || lower == "line_delimiter" || lower == "enclose" ||
                              lower == "escape" || lower == "comment";
    by_name[lower] = keeps_blanks ? value : std::string(trim(value));
  }
  return PropertyReader(by_name, request).read();
}

}  // namespace freshet::ingest
