#include "query/session.h"

#include <fmt/format.h>

#include <chrono>

#include "query/access/account_access.h"
#include "query/access/read_access.h"
#include "query/access/statement_access.h"
#include "query/accounts/denied.h"
#include "query/catalogue/catalogue_table.h"
#include "query/connection_admin.h"
#include "query/cursors.h"
#include "query/ddl/parser.h"
#include "query/dialect/mysql_rewrite.h"
#include "query/dialect/token_cursor.h"
#include "query/discarded_rows.h"
#include "query/dml/conflict_queues.h"
#include "query/dml/create_table_as.h"
#include "query/dml/delete_statement.h"
#include "query/dml/merge_statement.h"
#include "query/dml/open_transaction.h"
#include "query/dml/savepoint_statement.h"
#include "query/dml/update_statement.h"
#include "query/found_rows.h"
#include "query/insert_statement.h"
#include "query/journal/statement_journal.h"
#include "query/label_statements.h"
#include "query/limited_rows.h"
#include "query/one_value.h"
#include "query/point_read.h"
#include "query/routine_load_statements.h"
#include "query/session_factory.h"
#include "query/set_statement.h"
#include "query/show/show_statement.h"
#include "query/statement_handles.h"
#include "query/statement_kind.h"
#include "query/table_maintenance.h"
#include "query/table_statements.h"
#include "query/view_statements.h"
#include "query/workload/group_statements.h"
#include "query/workload/lane_connection.h"
#include "query/workload/statement_limits.h"

namespace freshet::query {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

/// Whether a query says itself how many rows it wants, which goes before sql_select_limit.
bool has_limit(std::string_view text) {
  auto cursor = TokenCursor::open(text);
  if (!cursor.ok()) return false;
  for (int depth = 0; !cursor->at_end(); cursor->take()) {
    depth += cursor->at_operator("(") ? 1 : cursor->at_operator(")") ? -1 : 0;
    if (depth == 0 && cursor->at("LIMIT")) return true;
  }
  return false;
}

/// One connection's session: routes each statement to the point path, to Freshet's own statements, or to the engine.
class SessionImpl : public Session {
 public:
  SessionImpl(const QueryServices& services, const SessionIdentity& identity)
      : services_(services),
        connection_(std::make_unique<LaneConnection>(services.lanes, [this] { return limits(); })),
        rights_(services.users, identity.account),
        cursors_(
            services.lanes, [this] { return limits(); }, services.open_cursors_max) {
    state_.identity = identity;
    begin_state();
    connection_->read_as(access_);
  }

  Status execute(std::string_view sql, ResultWriter& out) override {
    return journaled(sql, &out, [&] {
      const Status known = rights_.refresh(state_.rights);
      return known.ok() ? run_text(sql, {}, out) : known;
    });
  }
  Result<PreparedInfo> prepare(std::string_view sql) override;
  Status execute_prepared(uint32_t id, std::span<const Parameter> parameters, ResultWriter& out) override;
  void close_prepared(uint32_t id) override {
    prepared_.close(id);
    cursors_.close(id);
  }
  Result<std::optional<std::vector<ResultColumn>>> open_cursor(uint32_t id, std::span<const Parameter> parameters) override;
  Result<bool> fetch(uint32_t id, uint64_t rows, ResultWriter& out) override {
    limited_ = {{}, false, std::chrono::steady_clock::now()};
    return cursors_.fetch(id, rows, out);
  }
  void close_cursor(uint32_t id) override { cursors_.close(id); }
  SessionFlags flags() const override { return {state_.autocommit, state_.transaction != nullptr}; }
  uint64_t idle_seconds_max() const override { return state_.idle_seconds_max; }
  Status use_database(std::string_view name) override;
  const std::string& current_database() const override { return state_.database; }
  Result<std::vector<std::string>> split(std::string_view text) const override;
  void cancel() override {
    connection_->interrupt();
    cursors_.interrupt();
  }
  void forget_cancel() override {
    connection_->forget_interrupt();
    cursors_.forget_interrupt();
  }
  QueryProgress progress() const override { return cursors_.progress().value_or(connection_->progress()); }
  void reset() override {
    prepared_.clear();
    cursors_.close_all();
    state_.transaction = nullptr;
    state_.last_insert_id = 0;
    state_.row_count = 0;
    state_.found_rows = 0;
    state_.user_variables.clear();
    begin_state();
    connection_->show_hidden_columns(shows_hidden_columns(state_));
  }

 private:
  /// Variables as after the login.
  void begin_state();
  /// Runs a statement and reports it; `out`: what takes its rows, if they are counted.
  template <typename Run>
  Status journaled(std::string_view text, const ResultWriter* out, Run run);
  void begin_transaction(std::string label);
  /// After SET autocommit = 0 where implicit_transactions is on, statements about rows begin one, as in MySQL.
  void begin_implicitly();
  Status run_variables(const Set& set, std::span<const Parameter> parameters, ResultWriter& out);
  Status run_prepared(Prepared& prepared, std::span<const Parameter> parameters, ResultWriter& out);
  /// The same once the statement's database is the current one.
  Status run_where_prepared(Prepared& prepared, std::span<const Parameter> parameters, ResultWriter& out);
  Status run_text(std::string_view sql, std::span<const Parameter> parameters, ResultWriter& out);
  Status run_statement(const Statement& statement, std::span<const Parameter> parameters, ResultWriter& out);
  Status run_query(const Query& query, std::span<const Parameter> parameters, ResultWriter& out);
  /// Counts the rows that the query would have without its LIMIT, for FOUND_ROWS().
  Status count_rows(const UnlimitedQuery& query, std::span<const Parameter> parameters);
  Status run_do(const Do& statement, std::span<const Parameter> parameters, ResultWriter& out);
  /// What ROW_COUNT() and FOUND_ROWS() tell of the statement that has just ended; `out` as for journaled().
  void remember_counts(const Status& status, const ResultWriter* out);
  Status run_named(const NamedStatement& named, ResultWriter& out);
  Status run_explain(const Explain& explain, ResultWriter& out);
  Status run_transaction(const Transaction& transaction, ResultWriter& out);
  Result<StatementLimits> limits() const;
  /// All of a statement that writes: what it waits for, too, ends with insert_timeout and with cancel().
  template <typename Work>
  Status write_within_limits(Work work);
  /// Ends the transaction, if there is one, whether it can commit or not.
  Status commit_transaction();
  /// The engine's query behind an UPDATE or DELETE; nothing for other statements.
  Result<std::optional<std::string>> query_behind(const Statement& statement);
  WriteContext write_context(std::span<const Parameter> parameters) { return {parameters, state_, services_, *connection_}; }
  /// The point read that `select` is now, or nothing.
  std::optional<PointRead> bind_point(const PointSelect& select, const storage::ServerSnapshot& snapshot,
                                      storage::TableSnapshotPtr& table) const;
  Result<std::string> for_engine(std::string_view sql) const {
    return rewrite_for_duckdb(sql, rewrite_values(state_, services_));
  }

  const QueryServices& services_;
  SessionState state_;
  const EngineAccess access_ = read_access(state_);
  std::unique_ptr<LaneConnection> connection_;
  SessionRights rights_;
  StatementHandles prepared_;
  std::string named_text_;  ///< what PREPARE took from a variable last
  Cursors cursors_;
  StatementClass running_ = StatementClass::kOther;  ///< what the running statement has turned out to be
  LimitedStatement limited_;                         ///< the running statement
  bool keeps_warnings_ = false;                      ///< it does not replace those of the statement before it
  std::optional<uint64_t> counted_rows_;             ///< by count_rows() of the running statement
};

void SessionImpl::begin_state() {
  state_.variables = SessionVariables(services_.globals->all());
  if (state_.identity.is_interactive) {
    state_.variables.set("wait_timeout", state_.variables.get("interactive_timeout").value_or(""));
  }
  heed_variables(state_);
}

template <typename Run>
Status SessionImpl::journaled(std::string_view text, const ResultWriter* out, Run run) {
  const auto began = std::chrono::steady_clock::now();
  const std::string database = state_.database;
  running_ = StatementClass::kOther;
  limited_ = {text, false, began};
  keeps_warnings_ = false;
  counted_rows_.reset();
  state_.next_warnings.clear();
  const Status status = run();
  if (!status.ok() && services_.error_number) {
    state_.next_warnings.push_back({kErrorLevel, services_.error_number(status), status.message()});
  }
  if (!keeps_warnings_ || !status.ok()) state_.warnings.swap(state_.next_warnings);
  remember_counts(status, out);
  // What PREPARE read and EXECUTE ran is in `limited_`.
  services_.journal.record({running_, std::chrono::steady_clock::now() - began, state_.identity, database, limited_.text,
                            status.ok() && out != nullptr ? out->row_count() : 0, status});
  return status;
}

void SessionImpl::remember_counts(const Status& status, const ResultWriter* out) {
  state_.row_count = status.ok() && out != nullptr ? out->told_changes() : -1;
  const bool has_rows = status.ok() && out != nullptr && state_.row_count < 0;
  if (has_rows && !keeps_warnings_) state_.found_rows = counted_rows_.value_or(out->row_count());
}

Status SessionImpl::run_text(std::string_view sql, std::span<const Parameter> parameters, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const Statement statement, parse_statement(sql));
  return run_statement(statement, parameters, out);
}

template <typename Work>
Status SessionImpl::write_within_limits(Work work) {
  limited_.is_write = true;
  return connection_->within_limits([&](const StatementLimits&) { return work(); });
}

Status SessionImpl::run_statement(const Statement& statement, std::span<const Parameter> parameters, ResultWriter& out) {
  running_ = class_of(statement);
  limited_.is_write = running_ == StatementClass::kWrite || std::holds_alternative<CreateTable>(statement);
  FRESHET_RETURN_IF_ERROR(check_access(statement, state_, services_));
  keeps_warnings_ = tells_of_warnings(statement);
  // As in MySQL, a statement that is about tables rather than rows ends the transaction first.
  if (ends_transaction(statement)) FRESHET_RETURN_IF_ERROR(commit_transaction());
  if (running_ != StatementClass::kOther) begin_implicitly();
  return std::visit(
      Overloaded{
          [&](const Query& query) { return run_query(query, parameters, out); },
          [&](const Do& statement) { return run_do(statement, parameters, out); },
          [&](const Insert& insert) {
            return write_within_limits([&] { return run_insert(insert, write_context(parameters), out); });
          },
          [&](const Delete& statement) {
            return write_within_limits([&] { return run_delete(statement, write_context(parameters), out); });
          },
          [&](const Update& update) {
            return write_within_limits([&] { return run_update(update, write_context(parameters), out); });
          },
          [&](const Merge& merge) {
            return write_within_limits([&] { return run_merge(merge, write_context(parameters), out); });
          },
          [&](const CreateDatabase& create) { return run_create_database(create, services_, out); },
          [&](const DropDatabase& drop) { return run_drop_database(drop, state_, services_, out); },
          [&](const CreateTable& create) {
            return create.query.empty() ? run_create_table(create, state_, services_, out)
                                        : run_create_table_as(create, write_context(parameters), out);
          },
          [&](const CreateTableLike& create) { return run_create_table_like(create, state_, services_, out); },
          [&](const DropTable& drop) { return run_drop_table(drop, state_, services_, out); },
          [&](const CreateView& create) { return run_create_view(create, write_context(parameters), out); },
          [&](const DropView& drop) { return run_drop_view(drop, write_context(parameters), out); },
          [&](const TruncateTable& truncate) { return run_truncate_table(truncate, state_, services_, out); },
          [&](const CreateIndex& create) { return run_create_index(create, state_, services_, out); },
          [&](const DropIndex&) { return out.ok({}); },
          [&](const AlterTable& alter) { return run_alter_table(alter, state_, services_, out); },
          [&](const RenameTables& rename) { return run_rename_tables(rename, state_, services_, out); },
          [&](const ReplaceTable& replace) { return run_replace_table(replace, state_, services_, out); },
          [&](const Show& show) { return run_show(show, write_context(parameters), out); },
          [&](const Explain& explain) { return run_explain(explain, out); },
          [&](const CreateRoutineLoad& create) { return run_create_routine_load(create, state_, services_, out); },
          [&](const AlterRoutineLoad& alter) { return run_alter_routine_load(alter, state_, services_, out); },
          [&](const ControlRoutineLoad& control) { return run_control_routine_load(control, state_, services_, out); },
          [&](const CleanLabel& clean) { return run_clean_label(clean, services_, out); },
          [&](const Use& use) -> Status {
            FRESHET_RETURN_IF_ERROR(use_database(use.database));
            OkResult result;
            result.database = state_.database;
            return out.ok(result);
          },
          [&](const Set& set) { return run_variables(set, parameters, out); },
          [&](const ChangeWorkloadGroup& change) {
            return run_change_workload_group(change, services_.lanes.groups(), out);
          },
          [&](const SetUserProperties& set) { return run_set_user_properties(set, state_, services_.lanes.groups(), out); },
          [&](const Transaction& transaction) { return run_transaction(transaction, out); },
          [&](const NamedStatement& named) { return run_named(named, out); },
          [&](const Sync&) { return out.ok({}); },
          [&](const Kill& kill) {
            const Status killed = kill.query_only ? services_.connections.kill_query(kill.connection_id)
                                                  : services_.connections.kill_connection(kill.connection_id);
            return killed.ok() ? out.ok({}) : killed;
          },
          [&](const AccountStatement& statement) { return run_account_statement(statement, state_, services_, out); },
          [&](const MaintainTables& maintain) {
            return write_within_limits([&] { return run_maintain_tables(maintain, write_context(parameters), out); });
          },
          [&](const NoOperation&) { return out.ok({}); },
      },
      statement);
}

std::optional<PointRead> SessionImpl::bind_point(const PointSelect& select, const storage::ServerSnapshot& snapshot,
                                                 storage::TableSnapshotPtr& table) const {
  if (select.star && shows_hidden_columns(state_)) return std::nullopt;
  const Result<std::string> database = database_of(state_, std::string(select.database));
  if (!database.ok()) return std::nullopt;
  table = snapshot.find_table(*database, std::string(select.table));
  if (!table) return std::nullopt;
  return PointRead::bind(select, *table);
}

Status SessionImpl::run_query(const Query& query, std::span<const Parameter> parameters, ResultWriter& out) {
  const storage::ServerSnapshotPtr snapshot = snapshot_of(state_, services_);
  if (query.point) {
    storage::TableSnapshotPtr table;
    if (const auto read = bind_point(*query.point, *snapshot, table)) {
      FRESHET_RETURN_IF_ERROR(check_read(state_, table->database_name, table->name));
      std::vector<std::string> texts;
      running_ = StatementClass::kPoint;
      FRESHET_ASSIGN_OR_RETURN(const bool answered, read->run(*table, to_input_values(parameters, texts), out));
      if (answered) return Status::OK();
      running_ = StatementClass::kSmall;
    }
  }
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, for_engine(query.text));
  const auto counted = find_counted_query(query.text);
  const ReadAt pinned(*connection_, state_, counted ? snapshot : nullptr);
  if (counted && counted->has_limit) FRESHET_RETURN_IF_ERROR(count_rows(*counted, parameters));
  LimitedRows limited(out, state_.select_rows_max);
  const bool is_limited = state_.select_rows_max != UINT64_MAX && !has_limit(query.text);
  ResultWriter& rows = is_limited ? static_cast<ResultWriter&>(limited) : out;
  const Status status = connection_->query_with_parameters(sql, state_.database, parameters, rows);
  if (connection_->ran_big()) running_ = StatementClass::kBig;
  return limited.end(status);
}

Status SessionImpl::count_rows(const UnlimitedQuery& query, std::span<const Parameter> parameters) {
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, for_engine(query.text));
  std::vector<Parameter> others(parameters.begin(), parameters.end());
  if (others.size() >= query.first_limit_placeholder + query.limit_placeholders) {
    const auto first = others.begin() + static_cast<ptrdiff_t>(query.first_limit_placeholder);
    others.erase(first, first + static_cast<ptrdiff_t>(query.limit_placeholders));
  }
  OneValue count;
  FRESHET_RETURN_IF_ERROR(
      connection_->query_with_parameters(fmt::format("SELECT count(*) FROM ({}\n)", sql), state_.database, others, count));
  FRESHET_RETURN_IF_ERROR(count.check());
  counted_rows_ = count.text() ? std::stoull(*count.text()) : 0;
  return Status::OK();
}

Status SessionImpl::run_do(const Do& statement, std::span<const Parameter> parameters, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, for_engine(statement.query));
  const ReadAt pinned(*connection_, state_, nullptr);
  DiscardedRows rows;
  FRESHET_RETURN_IF_ERROR(connection_->query_with_parameters(sql, state_.database, parameters, rows));
  return out.ok({});
}

Result<std::optional<std::string>> SessionImpl::query_behind(const Statement& statement) {
  const WriteContext context = write_context({});
  std::optional<SelectText> select;
  if (const auto* update = std::get_if<Update>(&statement)) {
    FRESHET_ASSIGN_OR_RETURN(select, explain_update(*update, context));
  } else if (const auto* deleted = std::get_if<Delete>(&statement)) {
    FRESHET_ASSIGN_OR_RETURN(select, explain_delete(*deleted, context));
  } else {
    return std::optional<std::string>();
  }
  FRESHET_ASSIGN_OR_RETURN(std::string sql, engine_text(context, *select, 0));
  return std::optional<std::string>(std::move(sql));
}

Status SessionImpl::run_explain(const Explain& explain, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const Statement inner, parse_statement(explain.inner));
  const Query* query = std::get_if<Query>(&inner);
  std::string text;
  FRESHET_ASSIGN_OR_RETURN(const auto behind, query_behind(inner));
  if (query == nullptr && !behind) return Status::Unsupported("EXPLAIN is offered for SELECT, UPDATE and DELETE only");
  const storage::ServerSnapshotPtr snapshot = snapshot_of(state_, services_);
  const ReadAt pinned(*connection_, state_, snapshot);
  storage::TableSnapshotPtr table;
  std::optional<PointRead> point;
  if (query != nullptr && query->point && (point = bind_point(*query->point, *snapshot, table))) {
    FRESHET_RETURN_IF_ERROR(check_read(state_, table->database_name, table->name));
    text = fmt::format("SHORT-CIRCUIT\n  {}.{}: {}", table->database_name, table->name, point->description());
    if (explain.analyze) text += "\n  What is spared, as the engine would read it:\n";
  }
  if (!point || explain.analyze) {
    FRESHET_ASSIGN_OR_RETURN(const std::string sql, behind ? Result<std::string>(*behind) : for_engine(query->text));
    FRESHET_ASSIGN_OR_RETURN(const std::string plan, connection_->explain(sql, state_.database, explain.analyze));
    text += plan;
  }
  std::vector<std::vector<TextCell>> rows;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    rows.push_back({text.substr(begin, end - begin)});
    begin = end + 1;
  }
  return write_text_rows(std::vector<std::string>{"Explain String"}, rows, out);
}

Result<StatementLimits> SessionImpl::limits() const { return statement_limits(state_, services_.lanes.groups(), limited_); }

void SessionImpl::begin_transaction(std::string label) {
  state_.transaction = std::make_shared<OpenTransaction>(services_.storage, services_.transaction_bytes, std::move(label));
}

void SessionImpl::begin_implicitly() {
  if (state_.autocommit || state_.transaction != nullptr || !state_.variables.is_on("implicit_transactions")) return;
  begin_transaction({});
}

Status SessionImpl::commit_transaction() {
  const std::shared_ptr<OpenTransaction> transaction = std::exchange(state_.transaction, nullptr);
  if (transaction == nullptr) return Status::OK();
  return write_within_limits([&] { return transaction->commit([this] { return connection_->is_interrupted(); }); });
}

Status SessionImpl::run_variables(const Set& set, std::span<const Parameter> parameters, ResultWriter& out) {
  const bool had_autocommit = state_.autocommit;
  FRESHET_RETURN_IF_ERROR(run_set(set, write_context(parameters), out));
  // As in MySQL.
  return had_autocommit || !state_.autocommit ? Status::OK() : commit_transaction();
}

Status SessionImpl::run_transaction(const Transaction& transaction, ResultWriter& out) {
  switch (transaction.action) {
    case TransactionAction::kBegin:
      FRESHET_RETURN_IF_ERROR(commit_transaction());
      begin_transaction(transaction.label);
      break;
    case TransactionAction::kCommit: FRESHET_RETURN_IF_ERROR(commit_transaction()); break;
    case TransactionAction::kRollback: state_.transaction = nullptr; break;
    case TransactionAction::kSetSavepoint: begin_implicitly(); [[fallthrough]];
    case TransactionAction::kReturnToSavepoint:
    case TransactionAction::kReleaseSavepoint: FRESHET_RETURN_IF_ERROR(run_savepoint(transaction, state_)); break;
  }
  return out.ok({});
}

Status SessionImpl::use_database(std::string_view name) {
  const bool is_catalogue = equals_word(name, to_upper(kInformationSchema));
  const std::string database(is_catalogue ? kInformationSchema : name);
  FRESHET_RETURN_IF_ERROR(rights_.refresh(state_.rights));
  if (!is_catalogue && !state_.rights->sees(database)) return denied_database(state_.identity.account, database);
  if (!is_catalogue && !services_.storage.snapshot()->databases.contains(database))
    return Status::NotFound("Unknown database '{}'", database);
  state_.database = database;
  return Status::OK();
}

Result<std::vector<std::string>> SessionImpl::split(std::string_view text) const {
  FRESHET_ASSIGN_OR_RETURN(const auto statements, split_statements(text));
  return std::vector<std::string>(statements.begin(), statements.end());
}

Result<PreparedInfo> SessionImpl::prepare(std::string_view sql) {
  FRESHET_RETURN_IF_ERROR(prepared_.check_room());
  FRESHET_RETURN_IF_ERROR(rights_.refresh(state_.rights));
  Prepared prepared;
  prepared.text = sql;
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> placeholders, placeholder_offsets(prepared.text));
  if (placeholders.size() > UINT16_MAX) {
    return Status::InvalidArgument("Prepared statement contains too many placeholders: {}, the limit is {}",
                                   placeholders.size(), UINT16_MAX);
  }
  prepared.parameter_count = static_cast<uint16_t>(placeholders.size());
  prepared.database = state_.database;
  PreparedInfo info;
  info.parameter_count = prepared.parameter_count;
  FRESHET_ASSIGN_OR_RETURN(const Statement statement, parse_statement(prepared.text));
  if (std::holds_alternative<NamedStatement>(statement)) {
    return Status::Unsupported("This command is not supported in the prepared statement protocol yet");
  }
  prepared.is_use = std::holds_alternative<Use>(statement);
  if (const Query* query = std::get_if<Query>(&statement)) {
    storage::TableSnapshotPtr table;
    if (query->point) {
      prepared.point_select = parse_point_select(prepared.text);
      const storage::ServerSnapshotPtr snapshot = services_.storage.snapshot();
      prepared.point_read = bind_point(*prepared.point_select, *snapshot, table);
    }
    if (prepared.point_read) {
      FRESHET_RETURN_IF_ERROR(check_read(state_, table->database_name, table->name));
      info.columns.assign(prepared.point_read->columns().begin(), prepared.point_read->columns().end());
    } else {
      FRESHET_ASSIGN_OR_RETURN(const std::string engine_sql, for_engine(prepared.text));
      FRESHET_ASSIGN_OR_RETURN(StatementShape shape, connection_->describe(engine_sql, state_.database));
      info.columns = std::move(shape.columns);
    }
  }
  info.id = prepared_.add(std::move(prepared));
  return info;
}

Status SessionImpl::run_named(const NamedStatement& named, ResultWriter& out) {
  if (named.action == NamedAction::kExecute) {
    FRESHET_ASSIGN_OR_RETURN(const uint32_t id, prepared_.find_name(named.name, "EXECUTE"));
    const std::vector<Parameter> parameters = parameters_of(named.variables, state_);
    FRESHET_ASSIGN_OR_RETURN(Prepared* const prepared, prepared_.find(id, parameters.size()));
    limited_.text = prepared->text;
    return run_prepared(*prepared, parameters, out);
  }
  // As in MySQL, a name is free again before something else gets it, also when that fails.
  const Status closed = prepared_.close_name(named.name);
  if (named.action == NamedAction::kDeallocate) return closed.ok() ? out.ok({}) : closed;
  named_text_ = named.variables.empty() ? named.text : statement_in(named.variables.front(), state_);
  // The journal then knows which parts of an error's message are secret.
  if (!named.variables.empty()) limited_.text = named_text_;
  FRESHET_ASSIGN_OR_RETURN(const PreparedInfo info, prepare(named_text_));
  prepared_.give_name(named.name, info.id);
  return out.ok({});
}

Status SessionImpl::execute_prepared(uint32_t id, std::span<const Parameter> parameters, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(Prepared* const prepared, prepared_.find(id, parameters.size()));
  return journaled(prepared->text, &out, [&] { return run_prepared(*prepared, parameters, out); });
}

Result<std::optional<std::vector<ResultColumn>>> SessionImpl::open_cursor(uint32_t id,
                                                                          std::span<const Parameter> parameters) {
  using Opened = std::optional<std::vector<ResultColumn>>;
  FRESHET_RETURN_IF_ERROR(rights_.refresh(state_.rights));
  FRESHET_ASSIGN_OR_RETURN(const Prepared* const prepared, prepared_.find(id, parameters.size()));
  FRESHET_ASSIGN_OR_RETURN(const Statement statement, parse_statement(prepared->text));
  const Query* query = std::get_if<Query>(&statement);
  if (query == nullptr || prepared->point_read || state_.select_rows_max != UINT64_MAX || find_counted_query(query->text)) {
    return Opened();
  }
  Opened columns;
  const auto open = [&]() -> Status {
    running_ = StatementClass::kBig;
    FRESHET_ASSIGN_OR_RETURN(const std::string sql, for_engine(query->text));
    begin_implicitly();
    const bool is_within = state_.transaction != nullptr;
    FRESHET_ASSIGN_OR_RETURN(
        columns, cursors_.open(id, sql, prepared->database, parameters, is_within ? state_.transaction->view() : nullptr,
                               is_within ? state_.transaction->base() : nullptr, shows_hidden_columns(state_), access_));
    return Status::OK();
  };
  FRESHET_RETURN_IF_ERROR(journaled(prepared->text, nullptr, open));
  return columns;
}

Status SessionImpl::run_prepared(Prepared& prepared, std::span<const Parameter> parameters, ResultWriter& out) {
  if (prepared.is_use || prepared.database.empty() || prepared.database == state_.database)
    return run_where_prepared(prepared, parameters, out);
  std::string current = std::exchange(state_.database, prepared.database);
  const Status status = run_where_prepared(prepared, parameters, out);
  state_.database = std::move(current);
  return status;
}

Status SessionImpl::run_where_prepared(Prepared& prepared, std::span<const Parameter> parameters, ResultWriter& out) {
  FRESHET_RETURN_IF_ERROR(rights_.refresh(state_.rights));
  if (prepared.point_select) {
    begin_implicitly();
    const storage::ServerSnapshotPtr snapshot = snapshot_of(state_, services_);
    storage::TableSnapshotPtr table;
    const auto by_name = prepared.point_read ? snapshot->find_table(prepared.point_select->database.empty()
                                                                        ? state_.database
                                                                        : std::string(prepared.point_select->database),
                                                                    std::string(prepared.point_select->table))
                                             : nullptr;
    if (by_name && prepared.point_read->fits(*by_name)) {
      table = by_name;
    } else {
      prepared.point_read = bind_point(*prepared.point_select, *snapshot, table);
    }
    if (prepared.point_read) {
      FRESHET_RETURN_IF_ERROR(check_read(state_, table->database_name, table->name));
      std::vector<std::string> texts;
      running_ = StatementClass::kPoint;
      FRESHET_ASSIGN_OR_RETURN(const bool answered,
                               prepared.point_read->run(*table, to_input_values(parameters, texts), out));
      if (answered) return Status::OK();
    }
  }
  return run_text(prepared.text, parameters, out);
}

class SessionFactoryImpl : public SessionFactory {
 public:
  explicit SessionFactoryImpl(QueryServices services) : services_(std::move(services)) {
    services_.conflict_queues = std::make_shared<ConflictQueues>();
    services_.globals =
        std::make_shared<GlobalVariables>(services_.version, services_.idle_seconds_max, services_.connections_max);
    for (const auto& [name, value] : limit_variables(services_.time_limits)) services_.globals->set(name, value);
  }
  std::unique_ptr<Session> open(const SessionIdentity& identity) override {
    return std::make_unique<SessionImpl>(services_, identity);
  }

 private:
  QueryServices services_;
};

}  // namespace

std::unique_ptr<SessionFactory> make_session_factory(QueryServices services) {
  return std::make_unique<SessionFactoryImpl>(std::move(services));
}

}  // namespace freshet::query
