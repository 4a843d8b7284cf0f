#pragma once

#include <duckdb.hpp>
#include <duckdb/parser/parsed_expression.hpp>
#include <functional>
#include <string>

namespace freshet::query {

/// Whether a column is a text whose meaning the expression decides.
using IsUntyped = std::function<bool(const std::string& name)>;

/// Reads untyped columns as numbers where the expression needs some (arithmetic but with an INTERVAL, numeric functions,
/// comparison with numbers, members of bitmaps): TRY_CAST to DOUBLE or UBIGINT around them, so that what is none is NULL.
void read_untyped_operands(duckdb::unique_ptr<duckdb::ParsedExpression>& expression, const IsUntyped& is_untyped);

}  // namespace freshet::query
