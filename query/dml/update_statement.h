#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"

namespace freshet::query {

/// UPDATE of the value columns of a UNIQUE table, also with other tables (FROM, or MySQL's joins) and WITH. All expressions
/// see the row as it was. Rows whose values stay as they are are not written. A row that several rows of the other tables
/// match takes the values of one of them.
Status run_update(const Update& statement, const WriteContext& context, ResultWriter& out);
/// What run_update() asks the engine, for EXPLAIN.
Result<SelectText> explain_update(const Update& statement, const WriteContext& context);

}  // namespace freshet::query
