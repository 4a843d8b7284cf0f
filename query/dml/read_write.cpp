#include "query/dml/read_write.h"

#include <chrono>
#include <thread>

#include "query/dialect/mysql_rewrite.h"
#include "query/dml/conflict_queues.h"
#include "query/dml/open_transaction.h"
#include "query/duckdb/engine.h"

namespace freshet::query {
namespace {

/// The commit that a statement conflicts with may not be visible yet: it is being synced. One that fails never will be.
constexpr std::chrono::milliseconds kVisibleWait{2000};
constexpr std::chrono::microseconds kVisiblePoll{200};

/// Returns when the visible table is another one than `read`, or after kVisibleWait.
Status wait_for_change(const WriteContext& context, const storage::TableSnapshot& read) {
  const auto deadline = std::chrono::steady_clock::now() + kVisibleWait;
  while (std::chrono::steady_clock::now() < deadline) {
    const storage::ServerSnapshotPtr snapshot = context.services.storage.snapshot();
    const auto table = snapshot->tables.find(read.id);
    if (table == snapshot->tables.end() || table->second.get() != &read) return Status::OK();
    if (context.connection.is_interrupted()) return Status::Cancelled("Query execution was interrupted");
    std::this_thread::sleep_for(kVisiblePoll);
  }
  return Status::OK();
}

}  // namespace

ReadAt::ReadAt(DuckConnection& connection, const SessionState& session, storage::ServerSnapshotPtr snapshot)
    : connection_(connection) {
  storage::ServerSnapshotPtr committed;
  if (session.transaction != nullptr) {
    if (snapshot == nullptr) snapshot = session.transaction->view();
    committed = session.transaction->base();
  }
  connection_.read_at(std::move(snapshot), std::move(committed));
}
ReadAt::~ReadAt() { connection_.read_at(nullptr, nullptr); }

ingest::LoadTransaction::Options write_options(const WriteContext& context, storage::TableSnapshotPtr read_from) {
  ingest::LoadTransaction::Options options;
  options.read_from = std::move(read_from);
  options.is_cancelled = [&connection = context.connection] { return connection.is_interrupted(); };
  // What a transaction collects stays in memory until its COMMIT: twice the limit is never written as segments.
  if (context.session.transaction != nullptr) options.memtable_bytes = 4 * context.session.transaction->limit_bytes();
  return options;
}

Result<uint64_t> write_rows(const WriteContext& context, ingest::RowInserter& inserter) {
  if (context.session.transaction == nullptr) {
    FRESHET_ASSIGN_OR_RETURN(const storage::CommitOutcome outcome, inserter.commit());
    return outcome.rows_replaced;
  }
  if (inserter.row_count() == 0) return uint64_t{0};
  FRESHET_ASSIGN_OR_RETURN(const storage::LoadCommit load, inserter.take_in_memory());
  return context.session.transaction->apply(load);
}

Status write_what_was_read(const WriteContext& context, const std::string& database, const std::string& table,
                           const std::function<Status(const storage::TableSnapshotPtr&)>& attempt) {
  if (context.session.transaction != nullptr) {
    const storage::ServerSnapshotPtr view = context.session.transaction->view();
    FRESHET_ASSIGN_OR_RETURN(const storage::TableSnapshotPtr read, find_table(*view, database, table));
    const ReadAt pinned(context.connection, context.session, view);
    return attempt(read);
  }
  const uint64_t attempts = context.services.write_attempts;
  ConflictQueues::Turn turn;
  bool has_turn = false;
  Status status;
  for (uint64_t i = 0; i < attempts; ++i) {
    storage::ServerSnapshotPtr snapshot = context.services.storage.snapshot();
    FRESHET_ASSIGN_OR_RETURN(storage::TableSnapshotPtr read, find_table(*snapshot, database, table));
    if (!has_turn) {
      FRESHET_ASSIGN_OR_RETURN(turn, context.services.conflict_queues->take_turn(
                                         read->id, i > 0, [&] { return context.connection.is_interrupted(); }));
      has_turn = turn.is_held();
      if (has_turn) {
        snapshot = context.services.storage.snapshot();
        FRESHET_ASSIGN_OR_RETURN(read, find_table(*snapshot, database, table));
      }
    }
    const ReadAt pinned(context.connection, context.session, std::move(snapshot));
    status = attempt(read);
    if (status.code() != StatusCode::kConflict) return status;
    FRESHET_RETURN_IF_ERROR(wait_for_change(context, *read));
  }
  return Status::Conflict("{} (it was run {} times, the limit query.write_attempts)", status.message(), attempts);
}

Result<std::string> engine_text(const WriteContext& context, const SelectText& select, size_t distinct) {
  FRESHET_ASSIGN_OR_RETURN(std::string sql,
                           rewrite_for_duckdb(select.text(), rewrite_values(context.session, context.services)));
  if (distinct == 0) return sql;
  std::string key;
  for (size_t i = 0; i < distinct; ++i) key += fmt::format("{}__c{}", i == 0 ? "" : ", ", i);
  return fmt::format("SELECT DISTINCT ON ({}) * FROM ({}\n)", key, sql);
}

Status stream_rows(const WriteContext& context, const SelectText& select, size_t distinct,
                   std::span<const TargetColumn> targets, const std::function<Status(Block&)>& on_block) {
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, engine_text(context, select, distinct));
  FRESHET_ASSIGN_OR_RETURN(const auto parameters, select.parameters(context.parameters));
  return context.connection.stream(sql, context.session.database, parameters, targets, on_block);
}

std::vector<TargetColumn> first_columns(const TableSchema& schema, size_t count) {
  std::vector<TargetColumn> columns;
  for (size_t i = 0; i < count; ++i) columns.push_back(target_of(schema.columns[i]));
  return columns;
}

}  // namespace freshet::query
