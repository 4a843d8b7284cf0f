#pragma once

#include <duckdb.hpp>
#include <optional>
#include <string_view>

#include "query/scan/pruning.h"
#include "storage/types/column.h"
#include "storage/types/data_type.h"

namespace freshet::query {

/// The DuckDB type that holds the values of a column, in the same bytes.
duckdb::LogicalType logical_type(const DataType& type);
/// Whether values are sets of numbers (BitmapValue).
bool is_bitmap(const duckdb::LogicalType& type);
/// The type under which a computed DuckDB value is shown to clients. Types without a counterpart are shown as text.
DataType data_type(const duckdb::LogicalType& type);

/// A constant for zone maps; nothing for NULL, NaN and types that have no zones.
std::optional<ZoneValue> zone_value_of(const duckdb::Value& value);
/// A stored value: `raw` as in Column::raw_at or Column::bytes_at.
duckdb::Value stored_value(const DataType& type, std::string_view raw);
/// A row of a column, NULL included.
duckdb::Value stored_value(const Column& column, size_t row);

}  // namespace freshet::query
