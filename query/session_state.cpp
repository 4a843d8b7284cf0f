#include "query/session_state.h"

#include "query/dml/open_transaction.h"

#include <algorithm>
#include <cctype>

namespace freshet::query {
namespace {

std::string lower(std::string_view name) {
  std::string result(name);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

}  // namespace

SessionVariables::SessionVariables()
    : values_{{"auto_increment_increment", "1"},
              {"autocommit", "1"},
              {"character_set_client", "utf8mb4"},
              {"character_set_connection", "utf8mb4"},
              {"character_set_database", "utf8mb4"},
              {"character_set_results", "utf8mb4"},
              {"character_set_server", "utf8mb4"},
              {"collation_connection", "utf8mb4_bin"},
              {"collation_database", "utf8mb4_bin"},
              {"collation_server", "utf8mb4_bin"},
              {"group_commit", "off_mode"},
              {"init_connect", ""},
              {"interactive_timeout", "28800"},
              {"license", "MIT"},
              {"lower_case_table_names", "0"},
              {"max_allowed_packet", "67108864"},
              {"net_buffer_length", "16384"},
              {"net_write_timeout", "60"},
              {"performance_schema", "0"},
              {"query_cache_size", "0"},
              {"query_cache_type", "OFF"},
              {"sql_auto_is_null", "0"},
              {"sql_mode", "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES"},
              {"sql_select_limit", "18446744073709551615"},
              {"system_time_zone", "UTC"},
              {"time_zone", "UTC"},
              {"transaction_isolation", "READ-COMMITTED"},
              {"transaction_read_only", "0"},
              {"tx_isolation", "READ-COMMITTED"},
              {"tx_read_only", "0"},
              {"version_comment", "Freshet"},
              {"wait_timeout", "28800"}} {}

std::optional<std::string> SessionVariables::get(std::string_view name) const {
  auto found = values_.find(lower(name));
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void SessionVariables::set(std::string_view name, std::string value) { values_[lower(name)] = std::move(value); }

storage::ServerSnapshotPtr snapshot_of(const SessionState& session, const QueryServices& services) {
  return session.transaction != nullptr ? session.transaction->view() : services.storage.snapshot();
}

SessionValues rewrite_values(const SessionState& session, const QueryServices& services) {
  SessionValues values;
  values.database = session.database;
  values.version = services.version;
  values.user = session.identity.user + "@" + session.identity.client_address;
  values.connection_id = session.identity.connection_id;
  values.last_insert_id = session.last_insert_id;
  values.system_variable = [&](std::string_view name, bool) -> std::optional<std::string> {
    if (name == "version") return services.version;
    return session.variables.get(name);
  };
  return values;
}

bool shows_hidden_columns(const SessionState& session) {
  const std::string value = session.variables.get("show_hidden_columns").value_or("false");
  return value == "1" || same_name(value, "true") || same_name(value, "on");
}

Result<std::string> database_of(const SessionState& session, const std::string& named) {
  if (!named.empty()) return named;
  if (!session.database.empty()) return session.database;
  return Status::InvalidArgument("No database selected");
}

Result<storage::TableSnapshotPtr> find_table(const storage::ServerSnapshot& snapshot, const std::string& database,
                                             const std::string& table) {
  storage::TableSnapshotPtr found = snapshot.find_table(database, table);
  if (found) return found;
  if (!snapshot.databases.contains(database)) return Status::NotFound("Unknown database '{}'", database);
  return Status::NotFound("Unknown table '{}.{}': Table '{}.{}' doesn't exist", database, table, database, table);
}

}  // namespace freshet::query
