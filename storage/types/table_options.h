#pragma once

#include <cstdint>
#include <string_view>

#include "storage/base/result.h"
#include "storage/types/schema.h"

namespace freshet {

/// Table property: for how many seconds older versions of a table can be queried. 0, the default: not at all.
inline constexpr std::string_view kHistoryRetentionProperty = "history_retention_seconds";
inline constexpr uint64_t kMaxHistoryRetentionSeconds = 10ull * 365 * 86400;

/// Table property: the value column by which one of the rows of a key stays (types/sequence.h).
inline constexpr std::string_view kSequenceColProperty = "function_column.sequence_col";
/// Table property: the type of a hidden column for the same.
inline constexpr std::string_view kSequenceTypeProperty = "function_column.sequence_type";

/// Table property: the table takes flexible partial updates.
inline constexpr std::string_view kSkipBitmapProperty = "enable_unique_key_skip_bitmap_column";

/// The number in a property's text; InvalidArgument when it is no whole number of at most kMaxHistoryRetentionSeconds.
Result<uint64_t> parse_history_retention(std::string_view text);
/// What the table's property says; 0 when it has none.
uint64_t history_retention_seconds(const TableSchema& schema);

}  // namespace freshet
