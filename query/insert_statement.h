#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"

namespace freshet::query {

/// INSERT, REPLACE and INSERT OVERWRITE. Rows of literals go straight into a load; rows of a SELECT come from the engine. A
/// row of a UNIQUE table replaces the row of its key. All rows of one statement become visible together.
Status run_insert(const Insert& insert, const WriteContext& context, ResultWriter& out);
/// The same into `table`, whatever its name is by now, without a look at the rows of its keys; queries read `snapshot`.
Status insert_into(const Insert& insert, storage::ServerSnapshotPtr snapshot, const storage::TableSnapshotPtr& table,
                   const WriteContext& context, ResultWriter& out);

}  // namespace freshet::query
