#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"

namespace freshet::query {

/// MERGE INTO a UNIQUE table: WHEN MATCHED THEN UPDATE or DELETE, WHEN NOT MATCHED THEN INSERT, the first clause that
/// applies. A row that several source rows match is an error. Counts rows that were inserted, changed or deleted.
Status run_merge(const Merge& statement, const WriteContext& context, ResultWriter& out);

}  // namespace freshet::query
