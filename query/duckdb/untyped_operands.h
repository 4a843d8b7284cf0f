#pragma once

#include <duckdb.hpp>
#include <duckdb/parser/parsed_expression.hpp>
#include <functional>
#include <string>

namespace freshet::query {

/// Whether a column is a text whose meaning the expression decides.
using IsUntyped = std::function<bool(const std::string& name)>;

/// Reads untyped columns as MySQL does where the expression needs a number (arithmetic, numeric functions, comparison with
/// numbers, members of bitmaps) or a time (beside an INTERVAL): TRY_CAST to DOUBLE, UBIGINT or TIMESTAMP around them.
void read_untyped_operands(duckdb::unique_ptr<duckdb::ParsedExpression>& expression, const IsUntyped& is_untyped);

}  // namespace freshet::query
