#pragma once

#include <span>

#include "query/duckdb/functions/row_function.h"

namespace freshet::query {

/// MySQL's functions by subject.
std::span<const RowFunctionEntry> number_row_functions();
std::span<const BoundFunctionEntry> number_functions();
std::span<const BoundFunctionEntry> control_functions();
std::span<const BoundFunctionEntry> cast_functions();
std::span<const RowFunctionEntry> cast_row_functions();
std::span<const RowFunctionEntry> text_row_functions();
std::span<const BoundFunctionEntry> text_functions();
std::span<const RowFunctionEntry> date_row_functions();
std::span<const BoundFunctionEntry> date_functions();
std::span<const RowFunctionEntry> json_row_functions();
std::span<const RowFunctionEntry> address_row_functions();

/// True when MySQL's function of this name, in lower case, is one of ours.
bool is_mysql_function(std::string_view name);
void register_mysql_functions(duckdb::DatabaseInstance& instance);

}  // namespace freshet::query
