#pragma once

#include "query/ddl/statement.h"
#include "query/session_state.h"

namespace freshet::query {

// CREATE, DROP, TRUNCATE of databases and tables: each is durable and visible when it returns.

Status run_create_database(const CreateDatabase& statement, const QueryServices& services, ResultWriter& out);
Status run_drop_database(const DropDatabase& statement, SessionState& session, const QueryServices& services,
                         ResultWriter& out);
/// The table, without an answer to the client. AlreadyExists also for the name of a view.
Result<storage::TableSnapshotPtr> create_table(const CreateTable& statement, const SessionState& session,
                                               const QueryServices& services);
Status run_create_table(const CreateTable& statement, SessionState& session, const QueryServices& services,
                        ResultWriter& out);
Status run_create_table_like(const CreateTableLike& statement, const SessionState& session, const QueryServices& services,
                             ResultWriter& out);
Status run_drop_table(const DropTable& statement, const SessionState& session, const QueryServices& services,
                      ResultWriter& out);
Status run_truncate_table(const TruncateTable& statement, const SessionState& session, const QueryServices& services,
                          ResultWriter& out);
/// ALTER TABLE: all its changes as one, then COMPACT. Indexes have no effect.
Status run_alter_table(const AlterTable& statement, SessionState& session, const QueryServices& services, ResultWriter& out);
Status run_rename_tables(const RenameTables& statement, const SessionState& session, const QueryServices& services,
                         ResultWriter& out);
Status run_replace_table(const ReplaceTable& statement, const SessionState& session, const QueryServices& services,
                         ResultWriter& out);
/// CREATE INDEX: zone maps and key filters serve instead; the table must exist.
Status run_create_index(const CreateIndex& statement, SessionState& session, const QueryServices& services,
                        ResultWriter& out);

}  // namespace freshet::query
