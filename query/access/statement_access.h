#pragma once

#include "query/ddl/statement.h"
#include "query/session_state.h"

namespace freshet::query {

/// Whether the session's account may run a statement. What its queries read is checked where their tables are bound
/// (read_access.h), and what it lists is narrowed to what the account sees; all else is checked here, before anything is
/// looked up, so that a refusal does not tell what there is. NotAuthorized with MySQL's texts (denied.h).
Status check_access(const Statement& statement, const SessionState& session, const QueryServices& services);

/// The privileges that a load of rows into a table needs.
Status check_load(const SessionState& session, const std::string& database, const std::string& table);

}  // namespace freshet::query
