#pragma once

#include "query/duckdb/functions/operands.h"

namespace freshet::query {

/// DATE_ADD and DATE_SUB of (value, amount, 'unit'): a day stays one when the unit is made of days, a text is a text.
Bound bind_date_add(duckdb::ClientContext& context, BoundList& arguments);
Bound bind_date_sub(duckdb::ClientContext& context, BoundList& arguments);
/// (amount, 'unit') as the engine's INTERVAL, for frames of windows.
Bound bind_interval(duckdb::ClientContext& context, BoundList& arguments);

}  // namespace freshet::query
