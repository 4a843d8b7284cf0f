#pragma once

#include <span>

#include "query/ddl/statement.h"
#include "query/session_state.h"
#include "query/value_cells.h"

namespace freshet::query {

class DuckConnection;

/// INSERT and REPLACE. Rows of literals go straight into a load; rows of a SELECT come from the engine. A row of a UNIQUE
/// table replaces the row of its key. All rows of one statement become visible together.
Status run_insert(const Insert& insert, std::span<const Parameter> parameters, SessionState& session,
                  const QueryServices& services, DuckConnection& connection, ResultWriter& out);

}  // namespace freshet::query
