#pragma once

namespace duckdb {
class PendingQueryResult;
}

namespace freshet::query {

/// Works on a query until its first rows are ready or it has failed; Execute() answers at once then. DuckDB's own loop is
/// not for processors that others want too: while other threads work on the last pieces, it asks for more without a pause.
void work_until_ready(duckdb::PendingQueryResult& query);

}  // namespace freshet::query
