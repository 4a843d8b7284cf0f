#pragma once

#include <duckdb.hpp>

namespace freshet::query {

/// Gives aggregates over BITMAP columns the meaning that Doris gives them: COUNT(DISTINCT b) counts the numbers that are in
/// any of the sets, and those that compare or add values are refused with what to use instead. To be called on an open
/// instance.
void register_bitmap_aggregates(duckdb::DBConfig& config);

}  // namespace freshet::query
