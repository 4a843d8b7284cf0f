#pragma once

#include <duckdb.hpp>

namespace freshet::query {

/// Lets every plan tell QueryState what its result's columns are in Freshet's types: a DATETIME(0) column stays one though
/// DuckDB knows only microseconds, a LARGEINT is told from a sum, and plain columns name their table.
/// `config`: of an open instance, which has no query yet. The same look at the plan turns NULLS FIRST to NULLS LAST where a
/// column has no NULL, which lets top-n skip pages.
void register_column_origins(duckdb::DBConfig& config);

}  // namespace freshet::query
