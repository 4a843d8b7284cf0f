#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

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

/// Table properties: rows are stored once more, whole, for reads of many columns by key ("true": all columns; or the names
/// of some); and about how many bytes of them are read at once.
inline constexpr std::string_view kRowStoreProperty = "store_row_column";
inline constexpr std::string_view kRowStoreColumnsProperty = "row_store_columns";
inline constexpr std::string_view kRowStorePageProperty = "row_store_page_size";
inline constexpr uint32_t kDefaultRowPageBytes = 16 * 1024;
inline constexpr uint32_t kLeastRowPageBytes = 4 * 1024;
inline constexpr uint32_t kMostRowPageBytes = 1024 * 1024;

/// What the row store of a table holds.
struct RowStoreOptions {
  std::vector<size_t> columns;  ///< positions, ascending; empty: the table has none
  uint32_t page_bytes = kDefaultRowPageBytes;
};
/// By the table's properties. Tables of kDuplicate have none, since no row of theirs is read by its key.
RowStoreOptions row_store_options(const TableSchema& schema);
/// The number in the text of kRowStorePageProperty.
Result<uint32_t> parse_row_page_bytes(std::string_view text);

/// The number in a property's text; InvalidArgument when it is no whole number of at most kMaxHistoryRetentionSeconds.
Result<uint64_t> parse_history_retention(std::string_view text);
/// What the table's property says; 0 when it has none.
uint64_t history_retention_seconds(const TableSchema& schema);

}  // namespace freshet
