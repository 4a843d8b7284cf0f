#pragma once

#include "query/duckdb/engine.h"
#include "query/session_state.h"

namespace freshet::query {

/// What the engine shows to a session: tables and views that its account may SELECT from, asked when a query is bound, so
/// that views, subqueries, EXPLAIN and prepared statements have no other way; a view needs the privilege for itself alone.
/// Refers to `session`, which must outlive it.
EngineAccess read_access(const SessionState& session);

/// The same for a table that is read without the engine.
Status check_read(const SessionState& session, const std::string& database, const std::string& table);

}  // namespace freshet::query
