#pragma once

#include "query/duckdb/functions/operands.h"
#include "query/functions/intervals.h"

namespace freshet::query {

/// The moment or day at which the unit of `value` began: Doris's DATE_TRUNC. A day stays one unless the unit is shorter.
/// REQUIRES: a simple unit.
Bound begin_of_unit(duckdb::ClientContext& context, Bound value, IntervalUnit unit);

}  // namespace freshet::query
