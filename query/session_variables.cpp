#include "query/session_variables.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <span>

#include "query/dialect/number_text.h"
#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

constexpr uint64_t kTimeoutSecondsMax = 365 * 86400;

/// Switches of MySQL; in lists sorted by name.
constexpr auto kSwitches = std::to_array<std::string_view>({"autocommit",
                                                            "big_tables",
                                                            "enable_unique_key_partial_update",
                                                            "foreign_key_checks",
                                                            "general_log",
                                                            "have_profiling",
                                                            "implicit_transactions",
                                                            "local_infile",
                                                            "log_bin",
                                                            "low_priority_updates",
                                                            "performance_schema",
                                                            "profiling",
                                                            "read_only",
                                                            "require_secure_transport",
                                                            "show_create_table_as_mysql",
                                                            "show_hidden_columns",
                                                            "skip_networking",
                                                            "slow_query_log",
                                                            "sql_auto_is_null",
                                                            "sql_big_selects",
                                                            "sql_log_bin",
                                                            "sql_notes",
                                                            "sql_quote_show_create",
                                                            "sql_safe_updates",
                                                            "sql_warnings",
                                                            "super_read_only",
                                                            "transaction_read_only",
                                                            "tx_read_only",
                                                            "unique_checks"});

/// What nobody sets.
constexpr auto kReadOnly = std::to_array<std::string_view>({"character_set_system",
                                                            "have_openssl",
                                                            "have_profiling",
                                                            "have_ssl",
                                                            "hostname",
                                                            "license",
                                                            "log_bin",
                                                            "lower_case_file_system",
                                                            "lower_case_table_names",
                                                            "max_connections",
                                                            "performance_schema",
                                                            "port",
                                                            "protocol_version",
                                                            "skip_networking",
                                                            "socket",
                                                            "system_time_zone",
                                                            "version",
                                                            "version_comment",
                                                            "version_compile_machine",
                                                            "version_compile_os"});

static_assert(std::is_sorted(kSwitches.begin(), kSwitches.end()) && std::is_sorted(kReadOnly.begin(), kReadOnly.end()));

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

bool is_timeout(std::string_view name) { return name == "wait_timeout" || name == "interactive_timeout"; }

std::optional<bool> switch_of(std::string_view text) {
  if (text == "1" || equals_word(text, "ON") || equals_word(text, "TRUE")) return true;
  if (text == "0" || equals_word(text, "OFF") || equals_word(text, "FALSE")) return false;
  return std::nullopt;
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 ? name : "localhost";
}

}  // namespace

Status check_variable(std::string_view name, std::string& value) {
  if (contains(kReadOnly, name)) return Status::InvalidArgument("Variable '{}' is a read only variable", name);
  if (contains(kSwitches, name)) {
    const std::optional<bool> on = switch_of(value);
    if (!on) return Status::InvalidArgument("Variable '{}' can't be set to the value of '{}'", name, value);
    value = *on ? "1" : "0";
  }
  if (is_timeout(name)) {
    const std::optional<uint64_t> seconds = parse_number<uint64_t>(value);
    if (!seconds) return Status::InvalidArgument("Incorrect argument type to variable '{}'", name);
    value = fmt::to_string(std::clamp<uint64_t>(*seconds, 1, kTimeoutSecondsMax));
  }
  return Status::OK();
}

std::string shown_variable(std::string_view name, const std::string& value) {
  if (!contains(kSwitches, name)) return value;
  return value == "1" ? "ON" : "OFF";
}

std::string effective_zone(std::string_view value) {
  // CST and PRC as in Doris.
  if (equals_word(value, "CST") || equals_word(value, "PRC")) return "Asia/Shanghai";
  for (std::string_view utc : {"", "UTC", "GMT", "SYSTEM", "DEFAULT", "ETC/UTC", "+00:00", "-00:00"}) {
    if (equals_word(value, utc)) return {};
  }
  return std::string(value);
}

GlobalVariables::GlobalVariables(const std::string& version, uint64_t idle_seconds_max, uint64_t connections_max)
    : values_{{"auto_increment_increment", "1"},
              {"auto_increment_offset", "1"},
              {"autocommit", "1"},
              {"big_tables", "0"},
              {"character_set_client", "utf8mb4"},
              {"character_set_connection", "utf8mb4"},
              {"character_set_database", "utf8mb4"},
              {"character_set_filesystem", "binary"},
              {"character_set_results", "utf8mb4"},
              {"character_set_server", "utf8mb4"},
              {"character_set_system", "utf8mb4"},
              {"collation_connection", "utf8mb4_bin"},
              {"collation_database", "utf8mb4_bin"},
              {"collation_server", "utf8mb4_bin"},
              {"default_storage_engine", "Freshet"},
              {"default_week_format", "0"},
              {"div_precision_increment", "4"},
              {"enable_unique_key_partial_update", "0"},
              {"foreign_key_checks", "1"},
              {"general_log", "0"},
              {"group_commit", "off_mode"},
              {"group_concat_max_len", "1048576"},
              {"have_openssl", "YES"},
              {"have_profiling", "0"},
              {"have_ssl", "YES"},
              {"hostname", host_name()},
              {"implicit_transactions", "0"},
              {"init_connect", ""},
              {"interactive_timeout", fmt::to_string(idle_seconds_max)},
              {"lc_messages", "en_US"},
              {"lc_time_names", "en_US"},
              {"license", "MIT"},
              {"local_infile", "0"},
              {"log_bin", "0"},
              {"lower_case_file_system", "OFF"},
              {"lower_case_table_names", "0"},
              {"max_allowed_packet", "67108864"},
              {"max_connections", fmt::to_string(connections_max)},
              {"max_execution_time", "0"},
              {"net_buffer_length", "16384"},
              {"net_read_timeout", "30"},
              {"net_write_timeout", "60"},
              {"performance_schema", "0"},
              {"profiling", "0"},
              {"protocol_version", "10"},
              {"query_cache_size", "0"},
              {"query_cache_type", "OFF"},
              {"read_only", "0"},
              {"server_id", "1"},
              {"show_create_table_as_mysql", "0"},
              {"show_hidden_columns", "0"},
              {"slow_query_log", "1"},
              {"socket", ""},
              {"sql_auto_is_null", "0"},
              {"sql_big_selects", "1"},
              {"sql_log_bin", "0"},
              {"sql_mode", "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES"},
              {"sql_notes", "1"},
              {"sql_quote_show_create", "1"},
              {"sql_safe_updates", "0"},
              {"sql_select_limit", "18446744073709551615"},
              {"sql_warnings", "0"},
              {"super_read_only", "0"},
              {"system_time_zone", "UTC"},
              {"time_zone", "UTC"},
              {"transaction_isolation", "READ-COMMITTED"},
              {"transaction_read_only", "0"},
              {"tx_isolation", "READ-COMMITTED"},
              {"tx_read_only", "0"},
              {"unique_checks", "1"},
              {"version", version},
              {"version_comment", "Freshet"},
              {"version_compile_machine", "x86_64"},
              {"version_compile_os", "Linux"},
              {"wait_timeout", fmt::to_string(idle_seconds_max)}} {}

std::optional<std::string> GlobalVariables::get(std::string_view name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void GlobalVariables::set(std::string_view name, std::string value) {
  const std::lock_guard<std::mutex> lock(mutex_);
  values_[std::string(name)] = std::move(value);
}

VariableMap GlobalVariables::all() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return values_;
}

uint64_t GlobalVariables::uptime_seconds() const {
  const auto elapsed = std::chrono::steady_clock::now() - made_;
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
}

std::optional<std::string> SessionVariables::get(std::string_view name) const {
  const auto found = values_.find(to_lower(name));
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void SessionVariables::set(std::string_view name, std::string value) { values_[to_lower(name)] = std::move(value); }

bool SessionVariables::is_on(std::string_view name) const { return switch_of(get(name).value_or("0")).value_or(false); }

std::optional<uint64_t> SessionVariables::number(std::string_view name) const {
  const std::optional<std::string> value = get(name);
  return value ? parse_number<uint64_t>(*value) : std::nullopt;
}

}  // namespace freshet::query
