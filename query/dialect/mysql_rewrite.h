#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet::query {

/// What SET @name left.
struct UserVariable {
  std::optional<std::string> value;  ///< nothing: NULL
  bool is_number = false;
};

/// What a statement can ask of its session. The functions may be empty: then every variable is unknown.
struct SessionValues {
  std::string database;  ///< empty: DATABASE() is NULL
  std::string version;
  std::string user;     ///< who is there: "ann@10.0.0.7"
  std::string account;  ///< that they are known as: "ann@%"
  uint64_t connection_id = 0;
  uint64_t last_insert_id = 0;
  std::string time_zone;  ///< an offset or a name; empty: UTC
  int64_t row_count = 0;
  uint64_t found_rows = 0;
  bool strict_casts = false;  ///< a CAST of what is no such value is an error, not 0 or NULL
  /// Value of @@name, name in lower case; nothing when there is no such variable.
  std::function<std::optional<std::string>(std::string_view name, bool global)> system_variable;
  /// Value of @name, name in lower case.
  std::function<UserVariable(std::string_view name)> user_variable;
};

/// Begins the "version" by which the catalog knows that a table is read in some of its partitions; their names follow,
/// between commas.
inline constexpr std::string_view kPartitionsVersion = "partitions ";

/// A SELECT (or the SELECT part of another statement) in MySQL's or Doris's dialect -> the same in DuckDB's.
///
/// One pass over the tokens, with a rule for each word, operator and function that DuckDB reads otherwise; all else is
/// passed on as it is. Expressions of the outermost select list that have no alias get one, their own text, as MySQL names
/// its columns. Placeholders keep their order. Two differences are settings of the engine, not text: division by zero is
/// NULL (ieee_floating_point_ops = false), and NULLs come first in ascending order (default_null_order =
/// 'nulls_first_on_asc_last_on_desc').
///
/// InvalidArgument for syntax errors and unknown variables; Unsupported for operators that DuckDB would silently read as
/// something else (^, XOR, :=). Safe to call from any thread if the session's functions are.
Result<std::string> rewrite_for_duckdb(std::string_view text, const SessionValues& session);

/// `text` as a DuckDB string literal, and `name` as a DuckDB identifier.
std::string duckdb_string(std::string_view text);
std::string duckdb_name(std::string_view name);

}  // namespace freshet::query
