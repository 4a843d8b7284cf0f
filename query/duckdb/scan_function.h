#pragma once

#include <duckdb.hpp>
#include <duckdb/catalog/catalog_entry/table_catalog_entry.hpp>

#include <optional>

#include "query/scan/row_ids.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// What the engine calls a hidden column, or a second name of a column: a virtual column.
duckdb::column_t hidden_column_id(size_t position);
/// ... and kRowIdColumn.
duckdb::column_t row_id_column();
/// Position in the table's schema of a column that the engine names; nothing when it is none of the table's.
std::optional<size_t> column_position(const TableSchema& schema, duckdb::column_t column);

/// The table function behind every table of the catalog: a parallel scan of one TableSnapshot with projection, filters (also
/// those that joins and top-n find at run time), zone-map pruning, statistics and an exact row count. It applies every
/// filter that it is given: nothing above checks again. Errors of the storage go through QueryState.
duckdb::TableFunction scan_function();

/// What a scan of `table` is bound to; holds the snapshot.
duckdb::unique_ptr<duckdb::FunctionData> bind_scan(storage::TableSnapshotPtr table, duckdb::TableCatalogEntry& entry);

/// The table that a bound function scans; null when it is another function.
const storage::TableSnapshot* scanned_table(const duckdb::TableFunction& function, const duckdb::FunctionData* binding);

/// Rows that a bound scan reads, as far as its plan tells: those that zone maps and partitions cannot rule out. Nothing when
/// it is another function.
std::optional<uint64_t> planned_rows(const duckdb::TableFunction& function, const duckdb::FunctionData* binding);

/// Bounds and NULLs of a column, from the zone maps; null when little is known or the column is virtual.
duckdb::unique_ptr<duckdb::BaseStatistics> column_statistics(const storage::TableSnapshot& table, duckdb::column_t column);

}  // namespace freshet::query
