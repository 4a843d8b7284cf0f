#pragma once

#include <span>

#include "query/duckdb/functions/operands.h"
#include "query/duckdb/functions/row_function.h"

namespace freshet::query {

/// `left` beside `right`, by MySQL's rules: texts beside numbers are numbers, texts beside days are days, and so on.
/// Operands of one kind are compared as the engine does, so that its filters and joins find them again.
Bound compare(duckdb::ClientContext& context, duckdb::ExpressionType type, Bound left, Bound right);

/// eq, ne, lt, le, gt, ge, same (<=>), in, between, like, not_like, regexp.
std::span<const BoundFunctionEntry> comparison_functions();
std::span<const RowFunctionEntry> comparison_row_functions();

}  // namespace freshet::query
