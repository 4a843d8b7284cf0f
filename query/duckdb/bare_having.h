#pragma once

namespace duckdb {
class SelectNode;
}

namespace freshet::query {

/// MySQL's HAVING in a query that neither groups nor aggregates is a WHERE that knows the names of the answer's columns
/// first, as JDBC's metadata queries use it; DuckDB would take it for one group of all rows. Puts it into the WHERE.
void lower_bare_having(duckdb::SelectNode& select);

}  // namespace freshet::query
