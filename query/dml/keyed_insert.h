#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"

namespace freshet::query {

/// True for the forms of INSERT whose rows depend on those that their keys have: ON DUPLICATE KEY UPDATE and IGNORE, into a
/// UNIQUE table. Elsewhere there are no duplicates.
bool looks_at_keys(const Insert& insert, const TableSchema& schema);

/// INSERT ... ON DUPLICATE KEY UPDATE: rows of new keys are inserted, those of others updated; VALUES(c), or the row alias,
/// is the value that would have been inserted. A statement names each key once. Counts as MySQL: 1 for a new row, 2 for a
/// changed one. INSERT IGNORE: rows of keys that exist are passed over, and so are later ones of a key.
Status run_keyed_insert(const Insert& insert, const WriteContext& context, ResultWriter& out);

}  // namespace freshet::query
