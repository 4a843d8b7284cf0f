#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/routine_load.h"
#include "ingest/stream_load.h"
#include "query/accounts/users.h"
#include "query/dialect/mysql_rewrite.h"
#include "query/session.h"
#include "query/session_variables.h"
#include "storage/engine/storage_engine.h"

namespace freshet::query {

class ConflictQueues;
class ConnectionAdmin;
class StatementJournal;
class OpenTransaction;
class QueryLanes;
class Views;

/// Time limits of statements where a session has not set others.
struct TimeLimits {
  std::chrono::seconds query{900};     ///< session variable query_timeout
  std::chrono::seconds write{14'400};  ///< session variable insert_timeout
};

/// What statements act on. Built by main.cpp; outlives every session.
struct QueryServices {
  storage::StorageEngine& storage;
  ingest::LoadManager& loads;
  ingest::RoutineLoadManager& routine_loads;
  QueryLanes& lanes;
  ConnectionAdmin& connections;
  StatementJournal& journal;
  Views* views;
  std::string version;                   ///< what VERSION() answers
  std::function<uint16_t()> http_port;   ///< for ErrorLogUrls
  std::function<uint16_t()> load_port;   ///< where backends take loads
  std::function<uint16_t()> mysql_port;  ///< both are known when the servers listen
  /// So often a statement is run whose rows others change meanwhile.
  uint64_t write_attempts = 20;
  uint64_t transaction_bytes = 256ull << 20;  ///< rows that a transaction holds until its COMMIT
  TimeLimits time_limits = {};
  /// Of all sessions; make_session_factory() makes it.
  std::shared_ptr<ConflictQueues> conflict_queues = nullptr;
  uint64_t idle_seconds_max = 28800;                    ///< what wait_timeout begins with
  uint64_t open_cursors_max = 64;                       ///< of one session
  uint64_t connections_max = 1024;                      ///< of the MySQL protocol
  std::function<uint16_t(const Status&)> error_number;  ///< MySQL's, for SHOW WARNINGS
  /// Of all sessions; make_session_factory() makes them.
  std::shared_ptr<GlobalVariables> globals = nullptr;
  Users* users = nullptr;  ///< null: every session may do everything
};

/// A line of SHOW WARNINGS.
struct Warning {
  std::string_view level;  ///< kNoteLevel or kErrorLevel
  uint16_t code = 0;       ///< MySQL's number
  std::string message;
};
inline constexpr std::string_view kNoteLevel = "Note";
inline constexpr std::string_view kErrorLevel = "Error";
inline constexpr uint16_t kNoteCode = 1105;  ///< of notes that have no number of their own

/// The line of SHOW LAST INSERT.
struct LastInsert {
  uint64_t transaction = 0;
  std::string label;
  std::string database;
  std::string table;
  std::string status;
  uint64_t rows = 0;
};

/// What a session remembers between statements.
struct SessionState {
  SessionIdentity identity;
  std::shared_ptr<const Rights> rights;  ///< as they were when the running statement began; never null then
  std::string database;
  SessionVariables variables;
  std::map<std::string, UserVariable> user_variables;  ///< names in lower case
  std::shared_ptr<OpenTransaction> transaction;        ///< after BEGIN, until COMMIT or ROLLBACK; else null
  uint64_t last_insert_id = 0;
  int64_t row_count = 0;    ///< ROW_COUNT(): of the statement before, -1 when it had rows or failed
  uint64_t found_rows = 0;  ///< FOUND_ROWS(): of the last answer with rows
  std::optional<LastInsert> last_insert;
  std::vector<Warning> warnings;       ///< of the last statement that was no SHOW of them
  std::vector<Warning> next_warnings;  ///< of the statement that runs
  // What variables say, by heed_variables().
  bool autocommit = true;
  uint64_t idle_seconds_max = 0;
  std::string time_zone;                  ///< as SessionValues::time_zone
  uint64_t select_rows_max = UINT64_MAX;  ///< of a query without LIMIT
};

/// Reads what the session itself follows of its variables. To be called when they have changed.
void heed_variables(SessionState& session);
/// What the session's statements read: its transaction's view, or the newest snapshot.
storage::ServerSnapshotPtr snapshot_of(const SessionState& session, const QueryServices& services);
/// What the rewrite for the engine may ask of a session. Refers to `session` and `services`, which must outlive it.
SessionValues rewrite_values(const SessionState& session, const QueryServices& services);
/// The value of @@name, `name` in lower case; nothing for an unknown variable.
std::optional<std::string> variable(const SessionState& session, const QueryServices& services, std::string_view name,
                                    bool global);
/// SET show_hidden_columns = true: `*` and DESC mean hidden columns too; names mean them always.
bool shows_hidden_columns(const SessionState& session);
/// The database a statement means: `named`, or the current one. InvalidArgument "No database selected" when there is none.
Result<std::string> database_of(const SessionState& session, const std::string& named);
/// The table in `snapshot`; NotFound "Unknown database" or "Unknown table" with the closest name.
Result<storage::TableSnapshotPtr> find_table(const storage::ServerSnapshot& snapshot, const std::string& database,
                                             const std::string& table);

}  // namespace freshet::query
