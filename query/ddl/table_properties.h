#pragma once

#include "query/ddl/statement.h"
#include "storage/base/status.h"
#include "storage/types/schema.h"

namespace freshet::query {

/// Checks the properties of a CREATE TABLE: known ones pass, those that would promise what is not kept are refused with the
/// reason, unknown ones with the closest known name. `schema` has its columns and model.
Status check_table_properties(const Properties& properties, const TableSchema& schema);
/// True for a property that has no choice here, and is shown by SHOW CREATE TABLE whatever was given.
bool is_fixed_property(std::string_view name);
/// True for a property that ALTER TABLE cannot set.
bool is_property_of_creation(std::string_view name);
/// True for a property whose value is a list of columns, separated by commas.
bool is_column_property(std::string_view name);

}  // namespace freshet::query
