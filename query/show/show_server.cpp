#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "query/access/seen.h"
#include "query/connection_admin.h"
#include "query/journal/statement_journal.h"
#include "query/show/like_pattern.h"
#include "query/show/row_filter.h"
#include "query/show/show_statement.h"
#include "query/table_facts.h"

namespace freshet::query {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<TextCell>>;

uint64_t statements_of(const StatementJournal& journal, StatementClass kind) {
  const auto counts = journal.latencies(kind).counts;
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

Rows status_rows(const SessionState& session, const QueryServices& services) {
  const std::vector<ConnectionInfo> connections = services.connections.list();
  const auto running =
      std::count_if(connections.begin(), connections.end(), [](const ConnectionInfo& info) { return info.is_running; });
  uint64_t questions = 0, errors = 0;
  for (const StatementClass kind : kStatementClasses) {
    questions += statements_of(services.journal, kind);
    errors += services.journal.errors(kind);
  }
  const uint64_t reads = statements_of(services.journal, StatementClass::kPoint) +
                         statements_of(services.journal, StatementClass::kSmall) +
                         statements_of(services.journal, StatementClass::kBig);
  const uint64_t newest = connections.empty() ? 0 : connections.back().id;
  return {{"Com_select", fmt::to_string(reads)},
          {"Com_write", fmt::to_string(statements_of(services.journal, StatementClass::kWrite))},
          {"Compression", session.identity.is_compressed ? "ON" : "OFF"},
          {"Connections", fmt::to_string(newest)},
          {"Open_tables", fmt::to_string(services.storage.snapshot()->tables.size())},
          {"Queries", fmt::to_string(questions)},
          {"Questions", fmt::to_string(questions)},
          {"Slow_queries", fmt::to_string(services.journal.slow_statements())},
          {"Ssl_cipher", session.identity.tls_cipher},
          {"Ssl_version", session.identity.tls_version},
          {"Statement_errors", fmt::to_string(errors)},
          {"Threads_connected", fmt::to_string(connections.size())},
          {"Threads_running", fmt::to_string(running)},
          {"Uptime", fmt::to_string(services.globals->uptime_seconds())}};
}

Rows variable_rows(bool global, const SessionState& session, const QueryServices& services) {
  Rows rows;
  const VariableMap values = global ? services.globals->all() : session.variables.all();
  for (const auto& [name, value] : values) rows.push_back({name, shown_variable(name, value)});
  rows.push_back({"port", fmt::to_string(services.mysql_port())});
  std::sort(rows.begin(), rows.end());
  return rows;
}

uint64_t all_stored_bytes(const storage::ServerSnapshot& snapshot) {
  uint64_t bytes = 0;
  for (const auto& [id, table] : snapshot.tables) bytes += stored_bytes(*table);
  return bytes;
}

size_t tablet_count(const storage::ServerSnapshot& snapshot) {
  size_t count = 0;
  for (const auto& [id, table] : snapshot.tables) count += table->tablets.size();
  return count;
}

Status show_frontends(const Show& show, const QueryServices& services, ResultWriter& out) {
  return write_shown(
      show,
      Names{"Name", "Host", "EditLogPort", "HttpPort", "QueryPort", "RpcPort", "ArrowFlightSqlPort", "Role", "IsMaster",
            "ClusterId", "Join", "Alive", "ReplayedJournalId", "LastStartTime", "LastHeartbeat", "IsHelper", "ErrMsg",
            "Version", "CurrentConnected"},
      {{"freshet", "127.0.0.1", "-1", fmt::to_string(services.http_port()), fmt::to_string(services.mysql_port()), "-1",
        "-1", "FOLLOWER", "true", "1", "true", "true", fmt::to_string(services.storage.snapshot()->commit.value),
        std::nullopt, std::nullopt, "true", "", services.version, "Yes"}},
      out);
}

Status show_backends(const Show& show, const QueryServices& services, ResultWriter& out) {
  const storage::ServerSnapshotPtr snapshot = services.storage.snapshot();
  return write_shown(show,
                     Names{"BackendId",
                           "Host",
                           "HeartbeatPort",
                           "BePort",
                           "HttpPort",
                           "BrpcPort",
                           "ArrowFlightSqlPort",
                           "LastStartTime",
                           "LastHeartbeat",
                           "Alive",
                           "SystemDecommissioned",
                           "TabletNum",
                           "DataUsedCapacity",
                           "TrashUsedCapacity",
                           "AvailCapacity",
                           "TotalCapacity",
                           "UsedPct",
                           "MaxDiskUsedPct",
                           "RemoteUsedCapacity",
                           "Tag",
                           "ErrMsg",
                           "Version",
                           "Status",
                           "HeartbeatFailureCounter",
                           "NodeRole"},
                     {{"1",
                       "127.0.0.1",
                       "-1",
                       "-1",
                       fmt::to_string(services.load_port()),
                       "-1",
                       "-1",
                       std::nullopt,
                       std::nullopt,
                       "true",
                       "false",
                       fmt::to_string(tablet_count(*snapshot)),
                       fmt::to_string(all_stored_bytes(*snapshot)),
                       "0",
                       std::nullopt,
                       std::nullopt,
                       std::nullopt,
                       std::nullopt,
                       "0",
                       R"({"location" : "default"})",
                       "",
                       services.version,
                       "{}",
                       "0",
                       "mix"}},
                     out);
}

/// Tables of each database.
std::map<std::string, std::vector<storage::TableSnapshotPtr>> tables_by_database(const storage::ServerSnapshot& snapshot) {
  std::map<std::string, std::vector<storage::TableSnapshotPtr>> tables;
  for (const auto& [name, id] : snapshot.databases) tables[name];
  for (const auto& [id, table] : snapshot.tables) tables[table->database_name].push_back(table);
  return tables;
}

Status show_proc_databases(const Show& show, const storage::ServerSnapshot& snapshot, ResultWriter& out) {
  Rows rows;
  for (const auto& [name, tables] : tables_by_database(snapshot)) {
    uint64_t bytes = 0;
    for (const auto& table : tables) bytes += stored_bytes(*table);
    rows.push_back(
        {fmt::to_string(snapshot.databases.at(name).value), name, fmt::to_string(tables.size()), fmt::to_string(bytes)});
  }
  return write_shown(show, Names{"DbId", "DbName", "TableNum", "Size"}, std::move(rows), out);
}

/// `database`: its name or its id.
Status show_proc_tables(const Show& show, std::string_view database, const storage::ServerSnapshot& snapshot,
                        ResultWriter& out) {
  Rows rows;
  bool is_known = false;
  for (const auto& [name, tables] : tables_by_database(snapshot)) {
    if (name != database && fmt::to_string(snapshot.databases.at(name).value) != database) continue;
    is_known = true;
    for (const auto& table : tables) {
      rows.push_back({fmt::to_string(table->id.value), table->name, fmt::to_string(table->partitions->partitions().size()),
                      fmt::to_string(table->tablets.size()), "NORMAL", "OLAP"});
    }
  }
  if (!is_known) return Status::NotFound("Unknown database '{}'", database);
  return write_shown(show, Names{"TableId", "TableName", "PartitionNum", "TabletNum", "State", "Type"}, std::move(rows),
                     out);
}

Status show_proc_statistic(const Show& show, const storage::ServerSnapshot& snapshot, ResultWriter& out) {
  Rows rows;
  for (const auto& [name, tables] : tables_by_database(snapshot)) {
    size_t partitions = 0, tablets = 0;
    for (const auto& table : tables) {
      partitions += table->partitions->partitions().size();
      tablets += table->tablets.size();
    }
    rows.push_back({fmt::to_string(snapshot.databases.at(name).value), name, fmt::to_string(tables.size()),
                    fmt::to_string(partitions), fmt::to_string(tablets)});
  }
  return write_shown(show, Names{"DbId", "DbName", "TableNum", "PartitionNum", "TabletNum"}, std::move(rows), out);
}

/// Names and values; LIKE is about the names.
Status write_named(const Show& show, Rows rows, ResultWriter& out) {
  if (show.like) std::erase_if(rows, [&](const auto& row) { return !like_matches(*show.like, *row.front()); });
  return write_shown(show, Names{"Variable_name", "Value"}, std::move(rows), out);
}

}  // namespace

Status show_status(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  return write_named(show, status_rows(session, services), out);
}

Status show_variables(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  return write_named(show, variable_rows(show.global, session, services), out);
}

Status show_nodes(const Show& show, const QueryServices& services, ResultWriter& out) {
  return show.kind == ShowKind::kFrontends ? show_frontends(show, services, out) : show_backends(show, services, out);
}

Status show_proc(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  const storage::ServerSnapshotPtr snapshot = seen_snapshot(session, services.storage.snapshot());
  std::string_view path = show.name;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/") {
    Rows rows;
    for (const char* name : {"backends", "current_queries", "dbs", "frontends", "statistic"}) rows.push_back({name});
    return write_shown(show, Names{"name"}, std::move(rows), out);
  }
  if (path == "/dbs") return show_proc_databases(show, *snapshot, out);
  if (path.starts_with("/dbs/")) return show_proc_tables(show, path.substr(5), *snapshot, out);
  if (path == "/statistic") return show_proc_statistic(show, *snapshot, out);
  if (path == "/frontends") return show_frontends(show, services, out);
  if (path == "/backends") return show_backends(show, services, out);
  if (path == "/current_queries") return show_processlist(show, session, services, out);
  return Status::InvalidArgument("Proc path '{}' doesn't exist: SHOW PROC '/' lists those that do", path);
}

}  // namespace freshet::query
