#pragma once

#include "query/ddl/statement.h"
#include "storage/types/schema.h"

namespace freshet::query {

/// Gives a new table the hidden columns that its properties ask for, behind the others, and marks its sequence column.
/// InvalidArgument when a property names no such column or type. REQUIRES: check_table_properties() passed.
Status add_hidden_columns(const Properties& properties, TableSchema& schema);

/// The type of a hidden sequence column from the text of function_column.sequence_type.
Result<DataType> parse_sequence_type(std::string_view text);

}  // namespace freshet::query
