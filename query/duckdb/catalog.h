#pragma once

#include <duckdb.hpp>
#include <functional>
#include <memory>

#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// Gives the newest visible snapshot of the server. Any thread.
using SnapshotProvider = std::function<storage::ServerSnapshotPtr()>;

/// Name under which the server's databases are attached to a DuckDB instance: `freshet.<database>.<table>`.
inline constexpr const char* kCatalogName = "freshet";

/// Makes `ATTACH '' AS freshet (TYPE freshet)` show the databases and tables of `snapshots`, read-only.
///
/// A transaction pins one ServerSnapshot when it first touches the catalog; entries are made from it on demand and live as
/// long as the transaction. The catalog has no version, so that no plan outlives its snapshot.
void register_catalog(duckdb::DBConfig& config, SnapshotProvider snapshots);

}  // namespace freshet::query
