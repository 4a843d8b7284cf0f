#include "query/insert_statement.h"

#include "ingest/row_inserter.h"
#include "query/dialect/mysql_rewrite.h"
#include "query/dml/keyed_insert.h"
#include "query/dml/literals.h"
#include "query/dml/read_write.h"
#include "query/dml/typed_rows.h"
#include "query/duckdb/engine.h"

namespace freshet::query {
namespace {

Status insert_literals(const Insert& insert, std::span<const InputValue> parameters, ingest::RowInserter& inserter) {
  FRESHET_RETURN_IF_ERROR(check_parameters(insert.placeholder_count, parameters));
  std::vector<ingest::Literal> row(insert.width);
  if (insert.width == 0) {  // VALUES ()
    row.assign(inserter.targets().size(), to_load_value({LiteralKind::kDefault, 0, {}}, parameters));
    for (size_t i = 0; i < insert.row_count; ++i) FRESHET_RETURN_IF_ERROR(inserter.append_row(row));
    return Status::OK();
  }
  for (size_t first = 0; first < insert.values.size(); first += insert.width) {
    for (size_t i = 0; i < insert.width; ++i) row[i] = to_load_value(insert.values[first + i], parameters);
    FRESHET_RETURN_IF_ERROR(inserter.append_row(row));
  }
  return Status::OK();
}

Status insert_from_query(const Insert& insert, const WriteContext& context, const TableSchema& schema,
                         ingest::RowInserter& inserter) {
  const std::vector<size_t>& targets = inserter.targets();
  std::vector<TargetColumn> columns;
  for (size_t target : targets) columns.push_back(target_of(schema.columns[target]));
  std::string values;
  if (!insert.cells.empty()) {
    if (insert.width != targets.size()) return Status::InvalidArgument("Column count doesn't match value count at row 1");
    FRESHET_ASSIGN_OR_RETURN(const Fragment rows, typed_rows(insert, schema, targets));
    for (const SelectItem& part : rows) values += part.piece.empty() ? part.words : std::string(part.piece);
  }
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, rewrite_for_duckdb(insert.cells.empty() ? insert.source : values,
                                                                     rewrite_values(context.session, context.services)));
  Block block = Block::for_schema(schema);
  return context.connection.stream(sql, context.session.database, context.parameters, columns, [&](Block& rows) {
    for (size_t i = 0; i < targets.size(); ++i) block.columns[targets[i]] = std::move(rows.columns[i]);
    return inserter.append_columns(block);
  });
}

/// SET enable_unique_key_partial_update = true makes INSERT into UNIQUE tables replace only the columns it names.
bool updates_partially(const SessionState& session, const TableSchema& schema) {
  return schema.model == TableModel::kUnique && session.variables.is_on("enable_unique_key_partial_update");
}

/// Whether such an INSERT fails for keys that are not in the table: SET partial_update_new_key_behavior = ERROR, or, without
/// that variable, SET enable_insert_strict = true.
bool refuses_new_keys(const SessionState& session) {
  if (const auto behavior = session.variables.get("partial_update_new_key_behavior")) return same_name(*behavior, "error");
  return session.variables.is_on("enable_insert_strict");
}

/// SET group_commit = sync_mode (or async_mode) lets concurrent INSERT ... VALUES into a table share their commits.
bool commits_in_group(const SessionState& session, const Insert& insert) {
  const std::string mode = to_lower(session.variables.get("group_commit").value_or("off_mode"));
  return (mode == "sync_mode" || mode == "async_mode") && !insert.needs_engine && insert.partitions.empty() &&
         insert.label.empty() && insert.mode == InsertMode::kInsert;
}

/// The transaction of an INSERT and its label: one that the client gave is taken as a load's is, and free again unless the
/// INSERT commits; one that is made up is told and not kept.
class InsertLabel {
 public:
  static Result<InsertLabel> take(const Insert& insert, storage::StorageEngine& storage,
                                  const storage::TableSnapshot& table) {
    InsertLabel label(storage);
    FRESHET_ASSIGN_OR_RETURN(label.record_.transaction, storage.next_transaction_id());
    label.record_.database = table.database;
    label.record_.table = table.id;
    label.record_.label = insert.label;
    if (insert.label.empty()) {
      label.record_.label = fmt::format("label_{:x}", label.record_.transaction.value);
      return label;
    }
    FRESHET_RETURN_IF_ERROR(storage.reserve_label(table.database, insert.label, label.record_.transaction, nullptr));
    label.is_reserved_ = true;
    return label;
  }
  InsertLabel(InsertLabel&& other) noexcept
      : storage_(other.storage_),
        record_(std::move(other.record_)),
        is_reserved_(std::exchange(other.is_reserved_, false)) {}
  InsertLabel& operator=(InsertLabel&&) = delete;
  ~InsertLabel() {
    if (is_reserved_) storage_.release_label(record_.database, record_.label, record_.transaction, "the INSERT failed");
  }

  /// What is stored; nothing for a label that is made up.
  std::optional<storage::LabelRecord> record(uint64_t rows) {
    if (!is_reserved_) return std::nullopt;
    record_.loaded_rows = rows;
    return record_;
  }
  void keep() { is_reserved_ = false; }
  std::string info(std::string_view status) const { return info_text(record_.label, status, record_.transaction); }
  LastInsert last(std::string status) const {
    return {record_.transaction.value, record_.label, {}, {}, std::move(status), 0};
  }
  static std::string info_text(const std::string& label, std::string_view status, TransactionId transaction) {
    return fmt::format("{{'label':'{}', 'status':'{}', 'txnId':'{}'}}", label, status, transaction.value);
  }

 private:
  explicit InsertLabel(storage::StorageEngine& storage) : storage_(storage) {}

  storage::StorageEngine& storage_;
  storage::LabelRecord record_;
  bool is_reserved_ = false;
};

/// REPLACE counts a row that it replaces twice: it is deleted and inserted.
uint64_t affected_rows(const Insert& insert, uint64_t rows, uint64_t replaced) {
  return insert.mode == InsertMode::kReplace ? rows + replaced : rows;
}

Status check_modes(const Insert& insert, const SessionState& session, const storage::TableSnapshot& table) {
  if (session.transaction != nullptr && !insert.label.empty()) {
    return Status::Unsupported("an INSERT between BEGIN and COMMIT has no label of its own: BEGIN WITH LABEL {}",
                               insert.label);
  }
  if (insert.mode != InsertMode::kOverwrite || !table.schema->is_aggregate()) return Status::OK();
  return Status::Unsupported("INSERT OVERWRITE of an AGGREGATE table is not offered: TRUNCATE {}.{} and INSERT",
                             table.database_name, table.name);
}

/// Reads `snapshot`.
Status collect_rows(const Insert& insert, const storage::ServerSnapshotPtr& snapshot, const WriteContext& context,
                    const TableSchema& schema, ingest::RowInserter& inserter) {
  if (insert.needs_engine) {
    const ReadAt pinned(context.connection, context.session, snapshot);
    return insert_from_query(insert, context, schema, inserter);
  }
  std::vector<std::string> texts;
  return insert_literals(insert, to_input_values(context.parameters, texts), inserter);
}

}  // namespace

Status run_insert(const Insert& insert, const WriteContext& context, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, insert.table.database));
  storage::ServerSnapshotPtr snapshot = snapshot_of(context.session, context.services);
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*snapshot, database, insert.table.table));
  if (looks_at_keys(insert, *table->schema)) return run_keyed_insert(insert, context, out);
  return insert_into(insert, std::move(snapshot), table, context, out);
}

Status insert_into(const Insert& insert, storage::ServerSnapshotPtr snapshot, const storage::TableSnapshotPtr& table,
                   const WriteContext& context, ResultWriter& out) {
  SessionState& session = context.session;
  storage::StorageEngine& storage = context.services.storage;
  FRESHET_RETURN_IF_ERROR(check_modes(insert, session, *table));
  FRESHET_ASSIGN_OR_RETURN(InsertLabel label, InsertLabel::take(insert, storage, *table));
  FRESHET_ASSIGN_OR_RETURN(
      const auto inserter,
      ingest::RowInserter::begin(storage, table, insert.columns, false, updates_partially(session, *table->schema),
                                 write_options(context, nullptr), refuses_new_keys(session)));
  if (!insert.partitions.empty()) FRESHET_RETURN_IF_ERROR(inserter->restrict_to(insert.partitions));
  if (insert.mode == InsertMode::kOverwrite) inserter->replace_all();
  FRESHET_RETURN_IF_ERROR(collect_rows(insert, snapshot, context, *table->schema, *inserter));
  OkResult result;
  const uint64_t rows = inserter->row_count();
  if (session.transaction != nullptr) {
    FRESHET_ASSIGN_OR_RETURN(const uint64_t replaced, write_rows(context, *inserter));
    result.affected_rows = affected_rows(insert, rows, replaced);
    result.info = label.info("PREPARE");
    session.last_insert = label.last("PREPARE");
  } else if (rows > 0 && commits_in_group(session, insert)) {
    FRESHET_ASSIGN_OR_RETURN(const storage::GroupOutcome group, inserter->commit_in_group());
    result.affected_rows = rows;
    result.info = InsertLabel::info_text(group.label, "PREPARE", group.transaction);
    session.last_insert = {group.transaction.value, group.label, "", "", "PREPARE", 0};
  } else {
    const Result<storage::CommitOutcome> outcome = inserter->commit(label.record(rows));
    // With an unknown outcome the label may be stored: it stays taken until a restart decides.
    if (outcome.ok() || outcome.status().code() == StatusCode::kUnknownOutcome) label.keep();
    FRESHET_RETURN_IF_ERROR(outcome.status());
    result.affected_rows = affected_rows(insert, rows, outcome->rows_replaced);
    result.info = label.info("VISIBLE");
    session.last_insert = label.last("VISIBLE");
  }
  session.last_insert->database = table->database_name;
  session.last_insert->table = table->name;
  session.last_insert->rows = rows;
  const uint64_t generated = inserter->first_sequence();
  if (generated != 0) session.last_insert_id = generated;
  result.last_insert_id = generated != 0 ? generated : inserter->given_sequence();
  return out.ok(result);
}

}  // namespace freshet::query
