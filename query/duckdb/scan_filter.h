#pragma once

#include <duckdb.hpp>
#include <duckdb/planner/filter/constant_filter.hpp>
#include <duckdb/planner/filter/dynamic_filter.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "query/scan/pruning.h"

namespace freshet::query {

/// The zone-map side of a pushed-down filter. Dynamic filters are read as they are now.
ZoneCondition zone_condition(const duckdb::TableFilter& filter);
/// True when the filter may become stricter while the scan runs.
bool is_dynamic(const duckdb::TableFilter& filter);

/// What a dynamic filter asks at this moment; nothing before its source has found a bound.
std::optional<duckdb::ConstantFilter> current_filter(const duckdb::DynamicFilter& filter);

/// Conditions that follow from expressions over the columns of one LogicalGet, for EXPLAIN and planning before DuckDB has
/// made filters of them: comparisons of a column with a constant, IN lists, IS NULL, and their conjunctions. `column_of`
/// maps a bound column reference to a column, or to a column id of 0 when it is none of the table's.
std::vector<ColumnCondition> conditions_of(const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& expressions,
                                           const std::function<ColumnId(const duckdb::ColumnBinding&)>& column_of);

}  // namespace freshet::query
