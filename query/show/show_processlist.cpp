#include <fmt/format.h>

#include "query/access/seen.h"
#include "query/connection_admin.h"
#include "query/show/show_statement.h"
#include "query/value_cells.h"

namespace freshet::query {

namespace {

/// What SHOW PROCESSLIST shows of a statement without FULL, as in MySQL.
constexpr size_t kShortStatementBytes = 100;

}  // namespace

Status show_processlist(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  std::vector<std::vector<TextCell>> rows;
  for (const ConnectionInfo& info : services.connections.list()) {
    if (!sees_connection(session, info)) continue;
    const std::string_view statement(info.statement);
    rows.push_back(
        {fmt::to_string(info.id), info.user, info.client_address, info.database.empty() ? TextCell() : info.database,
         info.is_running ? "Query" : "Sleep", fmt::to_string(info.seconds), info.is_running ? "running" : "",
         info.is_running ? TextCell(statement.substr(0, show.full ? statement.npos : kShortStatementBytes)) : TextCell()});
  }
  const std::string names[] = {"Id", "User", "Host", "db", "Command", "Time", "State", "Info"};
  return write_text_rows(names, rows, out);
}

}  // namespace freshet::query
