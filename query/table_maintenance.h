#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"
#include "query/result_writer.h"

namespace freshet::query {

/// CHECK, ANALYZE, OPTIMIZE and REPAIR TABLE, answered by rows of Table, Op, Msg_type and Msg_text as in MySQL, and CHECKSUM
/// TABLE, by Table and Checksum.
///
/// CHECK reads every page of the table's segment files and compares its checksums, and each key with the key filter, the
/// row store with the columns; it ends at kMaxShownProblems. OPTIMIZE asks for a compaction of each tablet and does
/// not wait for it. ANALYZE and REPAIR have nothing to do: statistics are made when rows are written, and a damaged file is
/// restored from a backup. CHECKSUM answers NULL, as for every table that keeps none. Cancelled when the statement is.
Status run_maintain_tables(const MaintainTables& statement, const WriteContext& context, ResultWriter& out);

inline constexpr size_t kMaxShownProblems = 100;

}  // namespace freshet::query
