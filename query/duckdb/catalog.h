#pragma once

#include <duckdb.hpp>
#include <functional>
#include <memory>
#include <variant>

#include "query/catalogue/catalogue_table.h"
#include "storage/base/result.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// Gives the newest visible snapshot of the server. Any thread.
using SnapshotProvider = std::function<storage::ServerSnapshotPtr()>;

/// Which older version of a table a query asks for: a commit number, or microseconds since 1970 (UTC).
using VersionPoint = std::variant<CommitNumber, int64_t>;
/// Gives `table`, of a snapshot at commit `newest`, as it was then. Any thread.
using HistoryProvider = std::function<Result<storage::TableSnapshotPtr>(const storage::TableSnapshot& table,
                                                                        CommitNumber newest, const VersionPoint& point)>;

/// Name under which the server's databases are attached to a DuckDB instance: `freshet.<database>.<table>`.
inline constexpr const char* kCatalogName = "freshet";

/// Makes `ATTACH '' AS freshet (TYPE freshet)` show the databases and tables of `snapshots`, read-only, and
/// information_schema, made of them and of `catalogue`.
///
/// A transaction pins one ServerSnapshot when it first touches the catalog; entries are made from it on demand and live as
/// long as the transaction. `t AT (VERSION => n)` and `t AT (TIMESTAMP => '...')` ask `history` for an older version. The
/// catalog has no version, so that no plan outlives its snapshot.
void register_catalog(duckdb::DBConfig& config, SnapshotProvider snapshots, HistoryProvider history,
                      CatalogueSources catalogue);

}  // namespace freshet::query
