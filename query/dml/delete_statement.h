#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"

namespace freshet::query {

/// DELETE by any condition, also with other tables (USING). Rows of UNIQUE and AGGREGATE tables are deleted by their keys,
/// of DUPLICATE tables by their places.
Status run_delete(const Delete& statement, const WriteContext& context, ResultWriter& out);
/// What run_delete() asks the engine, for EXPLAIN.
Result<SelectText> explain_delete(const Delete& statement, const WriteContext& context);

}  // namespace freshet::query
