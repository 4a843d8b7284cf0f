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
  Users* users = nullptr;  ///< null: every session may do everything
};

/// Session variables that clients read or set. Unknown ones may be set (Doris has hundreds that drivers and tools set) and
/// read back.
class SessionVariables {
 public:
  SessionVariables();
  /// Nothing for an unknown variable. Names in any case.
  std::optional<std::string> get(std::string_view name) const;
  void set(std::string_view name, std::string value);
  const std::map<std::string, std::string>& all() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
};

/// What a session remembers between statements.
struct SessionState {
  SessionIdentity identity;
  std::shared_ptr<const Rights> rights;  ///< as they were when the running statement began; never null then
  std::string database;
  SessionVariables variables;
  std::shared_ptr<OpenTransaction> transaction;  ///< after BEGIN, until COMMIT or ROLLBACK; else null
  uint64_t last_insert_id = 0;
};

/// What the session's statements read: its transaction's view, or the newest snapshot.
storage::ServerSnapshotPtr snapshot_of(const SessionState& session, const QueryServices& services);
/// What the rewrite for the engine may ask of a session. Refers to `session` and `services`, which must outlive it.
SessionValues rewrite_values(const SessionState& session, const QueryServices& services);
/// SET show_hidden_columns = true: `*` and DESC mean hidden columns too; names mean them always.
bool shows_hidden_columns(const SessionState& session);
/// The database a statement means: `named`, or the current one. InvalidArgument "No database selected" when there is none.
Result<std::string> database_of(const SessionState& session, const std::string& named);
/// The table in `snapshot`; NotFound "Unknown database" or "Unknown table" with the closest name.
Result<storage::TableSnapshotPtr> find_table(const storage::ServerSnapshot& snapshot, const std::string& database,
                                             const std::string& table);

}  // namespace freshet::query
