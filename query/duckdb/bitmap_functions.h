#pragma once

#include <duckdb.hpp>

namespace freshet::query {

/// Adds what Doris has for BITMAP columns to an open instance, under the type logical_type({kBitmap}):
///
/// to_bitmap, bitmap_hash, bitmap_hash64, bitmap_empty, bitmap_from_string; bitmap_to_string, bitmap_count, bitmap_contains,
/// bitmap_min, bitmap_max; bitmap_and, bitmap_or, bitmap_xor (of two or more), bitmap_not and bitmap_and_not (the first less
/// the second), each also with _count; bitmap_has_any, bitmap_has_all; the aggregates bitmap_union, bitmap_intersect,
/// bitmap_union_count, bitmap_union_int, bitmap_agg; the dialect makes intersect_count of these. Values that are no numbers
/// from 0 to 2^64 - 1 make to_bitmap empty, and bitmap_from_string NULL. A set that is damaged, or too long for a text,
/// fails the query.
void register_bitmap_functions(duckdb::DatabaseInstance& instance);

}  // namespace freshet::query
