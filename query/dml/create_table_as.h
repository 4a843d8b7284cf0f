#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"

namespace freshet::query {

/// CREATE TABLE ... AS SELECT: the table, with the columns of the query unless it names its own, then the rows. The table is
/// there, empty, while the query runs, and dropped when that fails. REQUIRES: a query.
Status run_create_table_as(const CreateTable& statement, const WriteContext& context, ResultWriter& out);

}  // namespace freshet::query
