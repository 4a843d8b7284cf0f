#pragma once

#include <functional>
#include <span>
#include <string>

#include "ingest/row_inserter.h"
#include "query/dml/select_text.h"
#include "query/session_state.h"
#include "query/target_column.h"

namespace freshet::query {

class DuckConnection;

/// What a statement that changes rows works with. Refers to parts of the session, which outlive it.
struct WriteContext {
  std::span<const Parameter> parameters;
  SessionState& session;
  const QueryServices& services;
  DuckConnection& connection;
};

/// Runs `attempt` with a table, while the connection reads the very snapshot that the table is of. When the commit in it
/// answers Conflict, since others changed the rows that were read, it runs again on the next snapshot, in its turn behind
/// other such statements, at most QueryServices::write_attempts times; then the answer is Conflict (MySQL's 1213).
Status write_what_was_read(const WriteContext& context, const std::string& database, const std::string& table,
                           const std::function<Status(const storage::TableSnapshotPtr&)>& attempt);

/// Streams the answer of `select` as blocks for these columns. `distinct`: so many columns from the first on are a key of
/// which one row is answered, whichever; 0 = all rows.
Status stream_rows(const WriteContext& context, const SelectText& select, size_t distinct,
                   std::span<const TargetColumn> targets, const std::function<Status(Block&)>& on_block);

/// The text that stream_rows() gives to the engine.
Result<std::string> engine_text(const WriteContext& context, const SelectText& select, size_t distinct);

/// Columns [0, count) of a schema.
std::vector<TargetColumn> first_columns(const TableSchema& schema, size_t count);

/// Makes a connection read one snapshot for as long as this lives; null: that of `session`'s transaction or, without one,
/// the newest of each query.
class ReadAt {
 public:
  ReadAt(DuckConnection& connection, const SessionState& session, storage::ServerSnapshotPtr snapshot);
  ~ReadAt();
  ReadAt(const ReadAt&) = delete;
  ReadAt& operator=(const ReadAt&) = delete;

 private:
  DuckConnection& connection_;
};

/// How a statement's rows are collected: `read_from` as in LoadTransaction::Options.
ingest::LoadTransaction::Options write_options(const WriteContext& context, storage::TableSnapshotPtr read_from);
/// Commits the rows of a statement, or adds them to the session's transaction; answers how many rows they replace.
Result<uint64_t> write_rows(const WriteContext& context, ingest::RowInserter& inserter);

}  // namespace freshet::query
