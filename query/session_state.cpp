#include "query/session_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/dml/open_transaction.h"

namespace freshet::query {
void heed_variables(SessionState& session) {
  session.autocommit = session.variables.is_on("autocommit");
  session.idle_seconds_max = session.variables.number("wait_timeout").value_or(session.idle_seconds_max);
  session.time_zone = effective_zone(session.variables.get("time_zone").value_or(""));
  session.select_rows_max = session.variables.number("sql_select_limit").value_or(UINT64_MAX);
}

storage::ServerSnapshotPtr snapshot_of(const SessionState& session, const QueryServices& services) {
  return session.transaction != nullptr ? session.transaction->view() : services.storage.snapshot();
}

SessionValues rewrite_values(const SessionState& session, const QueryServices& services) {
  SessionValues values;
  values.database = session.database;
  values.version = services.version;
  std::string_view host = session.identity.client_address;
  host = host.substr(0, host.rfind(':'));  // without the port
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  values.user = fmt::format("{}@{}", session.identity.user, host);
  values.account = fmt::format("{}@{}", session.identity.account.user, session.identity.account.host);
  values.connection_id = session.identity.connection_id;
  values.last_insert_id = session.last_insert_id;
  values.time_zone = session.time_zone;
  values.row_count = session.row_count;
  values.found_rows = session.found_rows;
  values.system_variable = [&](std::string_view name, bool global) { return variable(session, services, name, global); };
  values.user_variable = [&](std::string_view name) {
    const auto found = session.user_variables.find(std::string(name));
    return found == session.user_variables.end() ? UserVariable() : found->second;
  };
  return values;
}

std::optional<std::string> variable(const SessionState& session, const QueryServices& services, std::string_view name,
                                    bool global) {
  if (name == "port") return fmt::to_string(services.mysql_port());
  if (!global && (name == "last_insert_id" || name == "identity")) return fmt::to_string(session.last_insert_id);
  if (!global && name == "warning_count") return fmt::to_string(session.warnings.size());
  if (!global && name == "error_count") {
    return fmt::to_string(std::count_if(session.warnings.begin(), session.warnings.end(),
                                        [](const Warning& warning) { return warning.level == kErrorLevel; }));
  }
  if (!global && name == "pseudo_thread_id") return fmt::to_string(session.identity.connection_id);
  return global ? services.globals->get(name) : session.variables.get(name);
}

bool shows_hidden_columns(const SessionState& session) { return session.variables.is_on("show_hidden_columns"); }

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
