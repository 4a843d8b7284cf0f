#pragma once

#include <duckdb/function/scalar_function.hpp>

namespace freshet::query {

/// SLEEP(seconds) of MySQL, once for each row: 0, unless the statement is ended meanwhile.
duckdb::ScalarFunction sleep_function();

}  // namespace freshet::query
