#pragma once

#include "query/ddl/statement.h"
#include "storage/base/result.h"
#include "storage/types/schema_change.h"

namespace freshet::query {

/// What the clauses of an ALTER TABLE do to the schema of a table, in their order; empty when all of them are COMPACT and
/// indexes. `schema`: the table's now. Unsupported for clauses that are not offered.
Result<TableChange> make_table_change(const AlterTable& statement, const TableSchema& schema);

}  // namespace freshet::query
