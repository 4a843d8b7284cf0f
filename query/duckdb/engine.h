#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ingest/row_transform.h"
#include "query/catalogue/catalogue_table.h"
#include "query/duckdb/worker_class.h"
#include "query/result_writer.h"
#include "query/session.h"
#include "query/target_column.h"
#include "storage/base/result.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/block.h"

namespace freshet::query {

/// A named query, in DuckDB's dialect.
struct EngineView {
  std::string name;
  std::string sql;
  std::string database;              ///< of names in `sql` that have none
  std::vector<std::string> columns;  ///< their names; empty: those of the query
};

/// The views that queries see; may be called from any thread, and may be empty.
struct EngineViews {
  std::function<Result<std::optional<EngineView>>(const std::string& database, const std::string& name)> find;
};

/// What a connection's queries may read. Called on any thread, while a query is bound or runs.
struct EngineAccess {
  /// OK, or why a table or view must not be read.
  std::function<Status(const std::string& database, const std::string& table)> may_read;
  /// Takes away what information_schema must not show.
  std::function<void(storage::ServerSnapshotPtr& snapshot, CatalogueSources& sources)> narrow;
};

struct DuckEngineOptions {
  uint64_t memory_bytes = 0;        ///< most that all its queries together hold before they spill; 0 = DuckDB's default
  uint32_t threads = 0;             ///< workers of all its queries together, callers included; 0 = one for each core
  std::string temp_directory;       ///< where queries spill; empty = they fail instead
  uint64_t temp_bytes = 0;          ///< most that they spill, all together; 0 = DuckDB's default: nine tenths of free space
  WorkerClass workers = {};         ///< of its workers; the threads that call have their own
  CatalogueSources catalogue = {};  ///< for information_schema
  EngineViews views = {};
};

/// What a statement will answer.
struct StatementShape {
  std::vector<ResultColumn> columns;
  uint16_t parameter_count = 0;
};

/// One client's access to a DuckEngine. One statement at a time; interrupt() may come from any thread.
///
/// Statements are texts in DuckDB's dialect, one each, and only queries (SELECT, WITH, VALUES); anything else, and every
/// function that reaches outside the server's tables, is refused. A table named without a database belongs to
/// `database`. Errors: InvalidArgument (syntax, unknown columns and functions, bad casts), NotFound ("Unknown table ..."),
/// Cancelled, ResourceExhausted (memory), or what the storage said. No error harms the connection or the engine.
class DuckConnection {
 public:
  virtual ~DuckConnection() = default;

  /// Streams the answer of a query to `out`: columns(), rows, rows_end(). Every query sees one snapshot of the server.
  virtual Status query(std::string_view sql, const std::string& database, ResultWriter& out) = 0;
  /// The same with values for the placeholders `?`, in order.
  virtual Status query_with_parameters(std::string_view sql, const std::string& database,
                                       std::span<const Parameter> parameters, ResultWriter& out) = 0;

  /// Streams the answer as blocks whose columns have the types of `targets`, for INSERT ... SELECT. InvalidArgument when the
  /// query has another number of columns, a value does not convert, or a text is longer than its target allows.
  /// `on_block` may move the block away; when it fails, the query ends with its error.
  virtual Status stream(std::string_view sql, const std::string& database, std::span<const Parameter> parameters,
                        std::span<const TargetColumn> targets, const std::function<Status(Block&)>& on_block) = 0;

  /// From now on `*` means hidden columns too, or not.
  virtual void show_hidden_columns(bool shows) = 0;
  /// From now on queries read what `access` lets them, which must outlive the connection; before, everything.
  virtual void read_as(const EngineAccess& access) = 0;
  /// Names and types of the answer and the number of placeholders, without running the query.
  virtual Result<StatementShape> describe(std::string_view sql, const std::string& database) = 0;
  /// The plan as text; with `analyze` the query is run and the plan shows what happened.
  virtual Result<std::string> explain(std::string_view sql, const std::string& database, bool analyze) = 0;

  /// Statements to come read this snapshot; null: each the newest of its moment. `committed`: what a transaction's own
  /// changes in it were made on, from which older versions are counted; null: there are none.
  virtual void read_at(storage::ServerSnapshotPtr snapshot, storage::ServerSnapshotPtr committed) = 0;

  /// Ends the running statement, and those to come, with Cancelled, until forget_interrupt(). So an interrupt that is meant
  /// for a statement is not lost when it comes before the statement's first step.
  virtual void interrupt() = 0;
  virtual void forget_interrupt() = 0;
  virtual bool is_interrupted() const = 0;
  /// Of the running statement, else of the last. Any thread.
  virtual QueryProgress progress() const = 0;
};

/// What a statement may do before it has begun to answer.
struct StatementRules {
  /// Nothing: as much as it wants. A statement whose plan has more to read (scan_cost_bytes) ends before it runs.
  std::optional<uint64_t> most_scan_bytes;
  /// Asked once, before the first row or block goes out; false ends the statement with Cancelled. May be empty.
  std::function<bool()> begins_to_answer;
};

/// A connection to one engine: its statements can be judged before they run and before they answer, and read piece by piece.
class RuledConnection : public DuckConnection {
 public:
  /// For the statements to come.
  virtual void set_rules(StatementRules rules) = 0;
  /// Whether a statement since set_rules() ended for its plan.
  virtual bool was_too_big() const = 0;
  /// About what the last statement had to read, by its plan.
  virtual double scan_bytes() const = 0;

  /// Begins a query whose rows next_rows() gives piece by piece, as far as they are asked for; the columns. Such a
  /// connection runs no other statement.
  virtual Result<std::vector<ResultColumn>> open_rows(std::string_view sql, const std::string& database,
                                                      std::span<const Parameter> parameters) = 0;
  /// Writes the next rows, at most `count`, row by row alone. True when there were fewer. REQUIRES: open_rows() was OK.
  virtual Result<bool> next_rows(uint64_t count, ResultWriter& out) = 0;
};

/// What DuckDB calls the type of a column; empty for sets, which nothing is cast to.
std::string engine_type_name(const DataType& type);

/// Runs SQL over snapshots of the storage in one DuckDB instance with its own limits on memory and threads, closed to the
/// outside: no files, no extensions, no settings. A defect of DuckDB that spoils the instance costs the queries that run at
/// that moment: the next statement of each connection gets a new one. Any thread. Must outlive its connections.
class DuckEngine {
 public:
  using SnapshotProvider = std::function<storage::ServerSnapshotPtr()>;
  /// Gives a table of the snapshot at commit `newest` as it was at a version, or at microseconds since 1970 (UTC).
  using HistoryProvider = std::function<Result<storage::TableSnapshotPtr>(
      const storage::TableSnapshot& table, CommitNumber newest, const std::variant<CommitNumber, int64_t>& point)>;

  /// `snapshots` gives the newest visible snapshot; it is called once for each query, `history` once for each older version
  /// of a table in it, both from any thread.
  static Result<std::unique_ptr<DuckEngine>> open(SnapshotProvider snapshots, HistoryProvider history,
                                                  const DuckEngineOptions& options);
  ~DuckEngine();

  std::unique_ptr<RuledConnection> connect();
  /// Evaluates the expressions of loads. It must not outlive the engine.
  std::unique_ptr<ingest::RowTransforms> row_transforms();

  /// For queries that run and those to come. What running ones hold beyond it is spilled where that is possible at once;
  /// else the limit stays as it was, and false is answered.
  bool set_memory_limit(uint64_t bytes);
  struct Usage {
    uint64_t memory_bytes = 0;
    uint64_t memory_limit_bytes = 0;
    uint64_t spilled_bytes = 0;
  };
  Usage usage();

 private:
  struct Instance;
  explicit DuckEngine(std::unique_ptr<Instance> instance);
  std::unique_ptr<Instance> instance_;
};

}  // namespace freshet::query
