#pragma once

#include "query/ddl/statement.h"
#include "query/session_state.h"

namespace freshet::query {

/// SAVEPOINT, ROLLBACK TO and RELEASE SAVEPOINT. Without a transaction a savepoint ends with its own statement, as in MySQL,
/// but is Unsupported after SET autocommit = 0, since nothing could be taken back later; the others answer NotFound.
Status run_savepoint(const Transaction& statement, const SessionState& session);

}  // namespace freshet::query
