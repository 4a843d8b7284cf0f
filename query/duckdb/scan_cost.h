#pragma once

#include <duckdb.hpp>

namespace freshet::query {

/// About how many bytes the plan has to read, by the rows that zone maps and partitions leave to its scans and by the widths
/// of their columns; what a product of inputs or a generating function makes counts as read. Known before the query runs. An
/// equality join, an aggregation or a sort adds nothing: each costs about what its inputs do, mostly.
double scan_cost_bytes(duckdb::ClientContext& context, duckdb::LogicalOperator& plan);

/// Tells QueryState the cost of every plan, and refuses those above QueryState::most_scan_bytes() of its query. `config`: of
/// an open instance, which has no query yet.
void register_cost_limit(duckdb::DBConfig& config);

}  // namespace freshet::query
