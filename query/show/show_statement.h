#pragma once

#include "query/ddl/statement.h"
#include "query/dml/read_write.h"
#include "query/session_state.h"

namespace freshet::query {

/// Answers SHOW and DESCRIBE from the newest snapshot, in the form that MySQL or Doris gives them; WHERE, ORDER BY and LIMIT
/// narrow them: see row_filter.h. Unsupported names what is not offered.
Status run_show(const Show& show, const WriteContext& context, ResultWriter& out);

/// The columns of a table or a view; DESC table ALL.
Status show_columns(const Show& show, const WriteContext& context, ResultWriter& out);
Status show_table_status(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);
/// The sizes of a database's tables, or of one.
Status show_data(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);

/// Variables of the session, or with GLOBAL those that sessions begin with.
Status show_variables(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);
Status show_status(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);
/// FRONTENDS and BACKENDS: this server, in Doris's columns.
Status show_nodes(const Show& show, const QueryServices& services, ResultWriter& out);
/// SHOW PROC '/path': the paths that tell of databases, nodes and queries.
Status show_proc(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);

/// The connections of the server and what they run.
Status show_processlist(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);

/// All groups, or those whose names fit LIKE, with the queries that run and wait.
Status show_workload_groups(const Show& show, const QueryLanes& lanes, ResultWriter& out);

/// The tablets of a table with their ids, sizes and rowsets.
Status show_tablets(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);

/// The partitions of a table: Doris's columns. WHERE PartitionName = or LIKE narrows them.
Status show_partitions(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);

/// The versions of a table, newest first; `LIMIT n` narrows them, 1000 otherwise.
Status show_versions(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);

/// The loads of a database by label, as Doris's transactions (kept for storage.label_keep_seconds) and as its load jobs; and
/// those that have ended since the start, whatever became of them. WHERE, ORDER BY and LIMIT narrow them: see row_filter.h.
Status show_transaction(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);
Status show_load(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);
Status show_stream_load(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);

/// The lines of SHOW ROUTINE LOAD: Doris's 23 columns.
Status show_routine_load(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out);
/// What running jobs read, by SHOW ROUTINE LOAD TASK WHERE JobName = 'j'.
Status show_routine_load_task(const Show& show, const SessionState& session, const QueryServices& services,
                              ResultWriter& out);
Status show_create_routine_load(const Show& show, const SessionState& session, const QueryServices& services,
                                ResultWriter& out);

}  // namespace freshet::query
