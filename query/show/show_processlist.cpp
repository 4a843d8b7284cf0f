#include <fmt/format.h>

#include "query/access/seen.h"
#include "query/connection_admin.h"
#include "query/show/row_filter.h"
#include "query/show/show_statement.h"
#include "query/value_cells.h"

namespace freshet::query {

namespace {

/// What SHOW PROCESSLIST shows of a statement without FULL, as in MySQL.
constexpr size_t kShortStatementBytes = 100;

}  // namespace

std::string percent_done(const QueryProgress& progress) {
  if (progress.rows_to_scan == 0) return "0.000";
  return fmt::format("{:.3f}",
                     100.0 * static_cast<double>(progress.rows_scanned) / static_cast<double>(progress.rows_to_scan));
}

std::string state_of(const ConnectionInfo& connection) {
  if (!connection.is_running) return "";
  const QueryProgress& progress = connection.progress;
  if (progress.rows_to_scan == 0) return "running";
  return fmt::format("scanned {} of {} rows", progress.rows_scanned, progress.rows_to_scan);
}

Status show_processlist(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  std::vector<std::vector<TextCell>> rows;
  for (const ConnectionInfo& info : services.connections.list()) {
    if (!sees_connection(session, info)) continue;
    const std::string_view statement(info.statement);
    rows.push_back(
        {fmt::to_string(info.id), info.user, info.client_address, info.database.empty() ? TextCell() : info.database,
         info.is_running ? "Query" : "Sleep", fmt::to_string(info.seconds), state_of(info),
         info.is_running ? TextCell(statement.substr(0, show.full ? statement.npos : kShortStatementBytes)) : TextCell(),
         percent_done(info.progress)});
  }
  const std::string names[] = {"Id", "User", "Host", "db", "Command", "Time", "State", "Info", "Progress"};
  return write_shown(show, names, std::move(rows), out);
}

}  // namespace freshet::query
