#pragma once

#include <string>

#include "query/catalogue/catalogue_table.h"
#include "query/session_state.h"

/// What of the server a session's account is to know of: lists are narrowed to it, without an error.
namespace freshet::query {

/// The snapshot with the databases and tables alone in which the account may do something.
storage::ServerSnapshotPtr seen_snapshot(const SessionState& session, storage::ServerSnapshotPtr snapshot);
/// The account's own connections, and with PROCESS all.
bool sees_connection(const SessionState& session, const ConnectionInfo& connection);
/// Loads are known to who may load into the table; `table` empty: into the database.
bool sees_loads(const SessionState& session, const std::string& database, const std::string& table);
/// Narrows what information_schema is made of.
void narrow_to_seen(const SessionState& session, storage::ServerSnapshotPtr& snapshot, CatalogueSources& sources);

}  // namespace freshet::query
