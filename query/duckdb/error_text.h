#pragma once

#include <duckdb.hpp>
#include <span>
#include <string>
#include <utility>

#include "storage/base/status.h"

namespace freshet::query {

/// What a DuckDB error is to Freshet's users: a code, and the message without DuckDB's own prefix and source lines.
/// `tables`: (database, table) pairs that the statement names, to say which one is unknown.
Status status_of(const duckdb::ErrorData& error, std::span<const std::pair<std::string, std::string>> tables);

}  // namespace freshet::query
