#include "query/duckdb/engine.h"

#include <algorithm>
#include <atomic>
#include <duckdb.hpp>
#include <duckdb/main/pending_query_result.hpp>
#include <duckdb/main/prepared_statement.hpp>
#include <duckdb/main/stream_query_result.hpp>
#include <duckdb/parser/statement/explain_statement.hpp>
#include <mutex>
#include <optional>

#include "query/duckdb/error_text.h"
#include "query/duckdb/instance.h"
#include "query/duckdb/query_state.h"
#include "query/duckdb/result_bridge.h"
#include "query/duckdb/row_transform.h"
#include "query/duckdb/shown_columns.h"
#include "query/duckdb/statement_guard.h"
#include "query/duckdb/task_loop.h"
#include "query/duckdb/types.h"

namespace freshet::query {
namespace {

class Connection final : public RuledConnection {
 public:
  explicit Connection(InstanceHolder& holder) : holder_(holder) {}

  Status query(std::string_view sql, const std::string& database, ResultWriter& out) override {
    return query_with_parameters(sql, database, {}, out);
  }

  Status query_with_parameters(std::string_view sql, const std::string& database, std::span<const Parameter> parameters,
                               ResultWriter& out) override {
    return run(sql, database, parameters, [&](duckdb::QueryResult& result) -> Status {
      const std::vector<ResultColumn> columns = result_columns(result.names, result.types);
      FRESHET_RETURN_IF_ERROR(out.columns(columns));
      FRESHET_RETURN_IF_ERROR(for_each_chunk(
          result, [&](duckdb::DataChunk& chunk) { return write_rows(chunk, 0, chunk.size(), columns, out); }));
      return out.rows_end(0);
    });
  }

  Status stream(std::string_view sql, const std::string& database, std::span<const Parameter> parameters,
                std::span<const TargetColumn> targets, const std::function<Status(Block&)>& on_block) override {
    return run(sql, database, parameters, [&](duckdb::QueryResult& result) -> Status {
      if (result.types.size() != targets.size()) {
        return Status::InvalidArgument("Column count doesn't match: the query gives {} columns, {} are expected",
                                       result.types.size(), targets.size());
      }
      return for_each_chunk(result, [&](duckdb::DataChunk& chunk) -> Status {
        Block block;
        FRESHET_RETURN_IF_ERROR(to_block(chunk, targets, block));
        return on_block(block);
      });
    });
  }

  Result<std::vector<ResultColumn>> open_rows(std::string_view sql, const std::string& database,
                                              std::span<const Parameter> parameters) override {
    rows_.emplace();
    FRESHET_ASSIGN_OR_RETURN(rows_->statement, parse_query(sql, database, holder_.views(), access_));
    FRESHET_RETURN_IF_ERROR(bind_parameters(rows_->statement, parameters));
    FRESHET_ASSIGN_OR_RETURN(rows_->result, start(rows_->statement));
    rows_->columns = result_columns(rows_->result->names, rows_->result->types);
    return rows_->columns;
  }

  Result<bool> next_rows(uint64_t count, ResultWriter& out) override {
    bool is_over = false;
    FRESHET_RETURN_IF_ERROR(caught(rows_->statement, *rows_->result, [&]() -> Status {
      while (count > 0) {
        if (rows_->chunk == nullptr || rows_->next_row == rows_->chunk->size()) {
          FRESHET_ASSIGN_OR_RETURN(rows_->chunk, next_chunk(*rows_->result));
          rows_->next_row = 0;
          is_over = rows_->chunk == nullptr;
          if (is_over) return Status::OK();
        }
        const duckdb::idx_t rows = std::min<duckdb::idx_t>(count, rows_->chunk->size() - rows_->next_row);
        FRESHET_RETURN_IF_ERROR(write_rows(*rows_->chunk, rows_->next_row, rows, rows_->columns, out));
        rows_->next_row += rows;
        count -= rows;
      }
      return Status::OK();
    }));
    return is_over;
  }

  void show_hidden_columns(bool shows) override {
    shows_hidden_columns_ = shows;
    if (connection_ != nullptr) ShownColumns::of(*connection_->context).with_hidden = shows;
  }

  void read_as(const EngineAccess& access) override { access_ = &access; }

  Result<StatementShape> describe(std::string_view sql, const std::string& database) override {
    FRESHET_ASSIGN_OR_RETURN(GuardedStatement guarded, parse_query(sql, database, holder_.views(), access_));
    FRESHET_ASSIGN_OR_RETURN(std::optional<StatementShape> shape, prepare(guarded));
    if (shape) return std::move(*shape);
    // Some placeholder's type is open until it has a value: NULLs leave the other columns as they are.
    FRESHET_ASSIGN_OR_RETURN(guarded, parse_query(sql, database, holder_.views(), access_));
    const uint16_t parameter_count = guarded.parameter_count;
    FRESHET_RETURN_IF_ERROR(bind_parameters(guarded, std::vector<Parameter>(parameter_count)));
    FRESHET_ASSIGN_OR_RETURN(shape, prepare(guarded));
    if (!shape) return Status::Internal("the statement's columns cannot be told");
    shape->parameter_count = parameter_count;
    return std::move(*shape);
  }

  Result<std::string> explain(std::string_view sql, const std::string& database, bool analyze) override {
    FRESHET_ASSIGN_OR_RETURN(GuardedStatement guarded, parse_query(sql, database, holder_.views(), access_));
    guarded.statement = duckdb::make_uniq<duckdb::ExplainStatement>(
        std::move(guarded.statement),
        analyze ? duckdb::ExplainType::EXPLAIN_ANALYZE : duckdb::ExplainType::EXPLAIN_STANDARD);
    std::string text;
    const Status status = run(std::move(guarded), [&](duckdb::QueryResult& result) {
      return for_each_chunk(result, [&](duckdb::DataChunk& chunk) {
        for (duckdb::idx_t row = 0; row < chunk.size(); ++row) text += chunk.GetValue(1, row).ToString();
        return Status::OK();
      });
    });
    if (!status.ok()) return status;
    return text;
  }

  void interrupt() override {
    interrupted_.store(true);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (connection_ != nullptr) connection_->Interrupt();
  }
  void forget_interrupt() override { interrupted_.store(false); }
  void set_rules(StatementRules rules) override {
    rules_ = std::move(rules);
    was_too_big_ = false;
  }
  bool was_too_big() const override { return was_too_big_; }
  double scan_bytes() const override { return state_ ? state_->scan_bytes() : 0; }
  bool is_interrupted() const override { return interrupted_.load(); }
  void read_at(storage::ServerSnapshotPtr snapshot, storage::ServerSnapshotPtr committed) override {
    snapshot_ = std::move(snapshot);
    committed_ = std::move(committed);
  }
  QueryProgress progress() const override {
    duckdb::shared_ptr<QueryState> state;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      state = state_;
    }
    return state ? state->progress() : QueryProgress();
  }

 private:
  using Consumer = std::function<Status(duckdb::QueryResult&)>;
  using ResultPointer = duckdb::unique_ptr<duckdb::QueryResult>;
  using ChunkPointer = duckdb::unique_ptr<duckdb::DataChunk>;

  /// A query whose rows are taken piece by piece.
  struct OpenRows {
    GuardedStatement statement;
    ResultPointer result;
    std::vector<ResultColumn> columns;
    ChunkPointer chunk;
    duckdb::idx_t next_row = 0;  ///< of the chunk
  };

  Status run(std::string_view sql, const std::string& database, std::span<const Parameter> parameters,
             const Consumer& consume) {
    FRESHET_ASSIGN_OR_RETURN(GuardedStatement guarded, parse_query(sql, database, holder_.views(), access_));
    FRESHET_RETURN_IF_ERROR(bind_parameters(guarded, parameters));
    return run(std::move(guarded), consume);
  }

  /// Connects to the instance of this moment.
  Status connect() {
    FRESHET_ASSIGN_OR_RETURN(auto instance, holder_.get());
    if (instance == instance_) return Status::OK();
    auto connection = std::make_unique<duckdb::Connection>(*instance);
    ShownColumns::of(*connection->context).with_hidden = shows_hidden_columns_;
    duckdb::shared_ptr<QueryState> state = QueryState::of(*connection->context);
    const std::lock_guard<std::mutex> lock(mutex_);
    state_ = std::move(state);
    connection_ = std::move(connection);
    instance_ = std::move(instance);
    return Status::OK();
  }

  /// Nothing when a placeholder has no type yet.
  Result<std::optional<StatementShape>> prepare(GuardedStatement& guarded) {
    StatementShape shape;
    shape.parameter_count = guarded.parameter_count;
    try {
      FRESHET_RETURN_IF_ERROR(connect());
      state_->begin(snapshot_, committed_, access_);
      const auto prepared = connection_->Prepare(std::move(guarded.statement));
      if (prepared->HasError()) return failure(prepared->error, guarded);
      if (!prepared->GetStatementProperties().bound_all_parameters) return std::optional<StatementShape>();
      shape.columns = result_columns(prepared->GetNames(), prepared->GetTypes());
      return std::optional<StatementShape>(std::move(shape));
    } catch (const std::exception& error) {
      return failure(duckdb::ErrorData(error), guarded);
    }
  }

  /// Runs a statement and hands over its result as a stream; closes it whatever happens.
  Status run(GuardedStatement guarded, const Consumer& consume) {
    FRESHET_ASSIGN_OR_RETURN(const ResultPointer result, start(guarded));
    return caught(guarded, *result, [&] { return consume(*result); });
  }

  /// Begins a statement, whose result is a stream.
  Result<ResultPointer> start(GuardedStatement& guarded) {
    try {
      FRESHET_RETURN_IF_ERROR(connect());
      state_->begin(snapshot_, committed_, access_,
                    rules_.most_scan_bytes ? static_cast<double>(*rules_.most_scan_bytes) : QueryState::kNoLimit);
      const auto pending = connection_->PendingQuery(std::move(guarded.statement), true);
      if (pending->HasError()) return failure(pending->GetErrorObject(), guarded);
      // DuckDB forgets at the beginning of a query what came before.
      if (interrupted_.load()) connection_->Interrupt();
      work_until_ready(*pending);
      if (pending->HasError()) return failure(pending->GetErrorObject(), guarded);
      ResultPointer result = pending->Execute();
      if (result->HasError()) return failure(result->GetErrorObject(), guarded);
      if (rules_.begins_to_answer && !rules_.begins_to_answer()) return Status::Cancelled("Query execution was interrupted");
      return result;
    } catch (const std::exception& error) {
      return failure(duckdb::ErrorData(error), guarded);
    }
  }

  /// Runs `step`, which fetches of `result`: its status, or what DuckDB throws or notes in the result meanwhile.
  template <typename Step>
  Status caught(const GuardedStatement& guarded, duckdb::QueryResult& result, Step step) {
    try {
      const Status status = step();
      if (result.HasError()) return failure(result.GetErrorObject(), guarded);
      return status;
    } catch (const std::exception& error) {
      return failure(duckdb::ErrorData(error), guarded);
    }
  }

  /// The next rows; null at the end, and when the result has an error, which caught() finds.
  Result<ChunkPointer> next_chunk(duckdb::QueryResult& result) {
    ChunkPointer chunk = result.Fetch();
    if (result.HasError() || chunk == nullptr || chunk->size() == 0) return ChunkPointer();
    if (interrupted_.load()) return Status::Cancelled("Query execution was interrupted");
    return chunk;
  }

  Status for_each_chunk(duckdb::QueryResult& result, const std::function<Status(duckdb::DataChunk&)>& take) {
    for (;;) {
      FRESHET_ASSIGN_OR_RETURN(const ChunkPointer chunk, next_chunk(result));
      if (chunk == nullptr) return Status::OK();
      FRESHET_RETURN_IF_ERROR(take(*chunk));
    }
  }

  /// The storage's own error when it had one.
  Status failure(const duckdb::ErrorData& error, const GuardedStatement& guarded) {
    was_too_big_ = state_ && state_->is_too_big();
    const Status storage_error = state_ ? state_->error() : Status::OK();
    return storage_error.ok() ? status_of(error, guarded.tables) : storage_error;
  }

  std::vector<ResultColumn> result_columns(const duckdb::vector<std::string>& names,
                                           const duckdb::vector<duckdb::LogicalType>& types) const {
    std::vector<ResultColumn> columns = state_->columns();
    if (columns.size() != types.size()) {
      columns.assign(types.size(), ResultColumn{});
      for (size_t i = 0; i < types.size(); ++i) columns[i].type = data_type(types[i]);
    }
    for (size_t i = 0; i < names.size(); ++i) columns[i].name = names[i];
    return columns;
  }

  InstanceHolder& holder_;
  bool shows_hidden_columns_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<duckdb::DuckDB> instance_;
  std::unique_ptr<duckdb::Connection> connection_;  ///< changed under mutex_, by the thread that runs statements alone
  duckdb::shared_ptr<QueryState> state_;            ///< as connection_
  storage::ServerSnapshotPtr snapshot_;             ///< what statements read; null: the newest
  storage::ServerSnapshotPtr committed_;  ///< what it is made on, with changes that only its readers see; null: none
  std::optional<OpenRows> rows_;          ///< of open_rows()
  StatementRules rules_;
  bool was_too_big_ = false;
  const EngineAccess* access_ = nullptr;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace

std::string engine_type_name(const DataType& type) {
  const duckdb::LogicalType engine_type = logical_type(type);
  return is_bitmap(engine_type) ? std::string() : engine_type.ToString();
}

struct DuckEngine::Instance {
  Instance(SnapshotProvider snapshots, HistoryProvider history, const DuckEngineOptions& options)
      : holder(std::move(snapshots), std::move(history), options) {}
  InstanceHolder holder;
};

DuckEngine::DuckEngine(std::unique_ptr<Instance> instance) : instance_(std::move(instance)) {}
DuckEngine::~DuckEngine() = default;

Result<std::unique_ptr<DuckEngine>> DuckEngine::open(SnapshotProvider snapshots, HistoryProvider history,
                                                     const DuckEngineOptions& options) {
  auto instance = std::make_unique<Instance>(std::move(snapshots), std::move(history), options);
  FRESHET_RETURN_IF_ERROR(instance->holder.get().status());
  return std::unique_ptr<DuckEngine>(new DuckEngine(std::move(instance)));
}

std::unique_ptr<RuledConnection> DuckEngine::connect() { return std::make_unique<Connection>(instance_->holder); }

std::unique_ptr<ingest::RowTransforms> DuckEngine::row_transforms() { return make_row_transforms(instance_->holder); }

bool DuckEngine::set_memory_limit(uint64_t bytes) { return instance_->holder.set_memory_limit(bytes); }

DuckEngine::Usage DuckEngine::usage() { return instance_->holder.usage(); }

}  // namespace freshet::query
