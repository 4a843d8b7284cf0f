#pragma once

#include <string_view>

#include "query/ddl/statement.h"
#include "storage/base/result.h"

namespace freshet::query {

/// Parses one statement of MySQL's or Doris's dialect; a semicolon may end it.
///
/// InvalidArgument with "You have an error in your SQL syntax: expected ... near '...' at line L, column C"; Unsupported for
/// statements that are understood but not offered. SELECT and its like are not parsed further (see Query). The text must
/// outlive the statement: it keeps views of it. Safe to call from any thread.
Result<Statement> parse_statement(std::string_view text);

}  // namespace freshet::query
