#pragma once

#include "query/ddl/statement.h"
#include "query/dml/open_transaction.h"

namespace freshet::query {

/// SAVEPOINT, ROLLBACK TO and RELEASE SAVEPOINT. `open`: null without a transaction; then a savepoint ends with its own
/// statement, as in MySQL, and the others answer NotFound.
Status run_savepoint(const Transaction& statement, OpenTransaction* open);

}  // namespace freshet::query
