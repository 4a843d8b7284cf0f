#pragma once

#include <duckdb.hpp>
#include <duckdb/parser/sql_statement.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/duckdb/engine.h"
#include "query/session.h"
#include "storage/base/result.h"

namespace freshet::query {

/// A parsed query that may be run.
struct GuardedStatement {
  duckdb::unique_ptr<duckdb::SQLStatement> statement;
  uint16_t parameter_count = 0;
  std::vector<std::pair<std::string, std::string>> tables;  ///< (database, table) that it names, for error messages
};

/// Parses one query and allows it: only SELECT in its forms, only tables of the server and information_schema, only table
/// functions without side doors. Every table name gets its catalog and database, so that nothing of DuckDB's own is found
/// instead. InvalidArgument otherwise.
/// Views stand as the queries that they are. What it names itself must be allowed by `access` (null: all is); what stands in
/// views, not.
Result<GuardedStatement> parse_query(std::string_view sql, const std::string& database, const EngineViews& views,
                                     const EngineAccess* access);

/// Parses one expression, without subqueries and placeholders, and allows it as parse_query() does.
Result<duckdb::unique_ptr<duckdb::ParsedExpression>> parse_expression(std::string_view text);

/// Puts constants in the place of the placeholders. InvalidArgument when the numbers differ.
Status bind_parameters(GuardedStatement& statement, std::span<const Parameter> parameters);

}  // namespace freshet::query
