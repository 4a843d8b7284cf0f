#pragma once

#include <cstdint>
#include <duckdb.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <optional>

namespace freshet::query {

/// How many digits of a second the moments have that a call answers; nothing when its arguments decide it.
std::optional<uint8_t> fraction_digits(duckdb::ClientContext& context, const duckdb::BoundFunctionExpression& call);

}  // namespace freshet::query
