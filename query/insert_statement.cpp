#include "query/insert_statement.h"

#include <algorithm>

#include "ingest/block_builder.h"
#include "ingest/load_transaction.h"
#include "query/dialect/mysql_rewrite.h"
#include "query/duckdb/engine.h"
#include "storage/base/wall_clock.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

/// Rows of one block on their way into a load.
constexpr size_t kBlockRows = 16384;
constexpr size_t kDeleteSign = SIZE_MAX - 1;

InputValue to_input(const Literal& literal, std::span<const InputValue> parameters) {
  switch (literal.kind) {
    case LiteralKind::kNull: return {InputValue::Kind::kNull, {}};
    case LiteralKind::kDefault: return {InputValue::Kind::kDefault, {}};
    case LiteralKind::kNumber: return {InputValue::Kind::kNumber, literal.text};
    case LiteralKind::kString: return {InputValue::Kind::kString, literal.text};
    case LiteralKind::kPlaceholder: return parameters[literal.placeholder];
  }
  return {};
}

/// Where the values of a row go: for each value the position in the schema, or kDeleteSign.
Result<std::vector<size_t>> target_columns(const Insert& insert, const storage::TableSnapshot& table) {
  const TableSchema& schema = *table.schema;
  std::vector<size_t> targets;
  if (insert.columns.empty()) {
    for (size_t i = 0; i < schema.columns.size(); ++i) targets.push_back(i);
    return targets;
  }
  for (const std::string& name : insert.columns) {
    if (same_name(name, kDeleteSignColumn)) {
      targets.push_back(kDeleteSign);
      continue;
    }
    const std::optional<size_t> column = schema.find(name);
    if (!column) {
      const std::optional<std::string> closest = schema.closest_name(name);
      return Status::InvalidArgument("Unknown column '{}' in table {}.{}{}", name, table.database_name, table.name,
                                     closest ? "; did you mean '" + *closest + "'?" : "");
    }
    if (std::find(targets.begin(), targets.end(), *column) != targets.end()) {
      return Status::InvalidArgument("Column '{}' specified twice", name);
    }
    targets.push_back(*column);
  }
  return targets;
}

/// Fills blocks of a table from rows of input values.
class RowInserter {
 public:
  static Result<std::unique_ptr<RowInserter>> create(const QueryServices& services, const storage::TableSnapshotPtr& table,
                                                     std::vector<size_t> targets) {
    std::vector<size_t> given;
    for (size_t target : targets) {
      if (target != kDeleteSign) given.push_back(target);
    }
    std::sort(given.begin(), given.end());
    FRESHET_ASSIGN_OR_RETURN(ingest::BlockBuilder builder,
                             ingest::BlockBuilder::create(services.storage, table, std::move(given), false));
    return std::unique_ptr<RowInserter>(new RowInserter(services, table, std::move(targets), std::move(builder)));
  }

  Status add_row(std::span<const Literal> row, std::span<const InputValue> parameters) {
    ++row_count_;
    uint8_t is_delete = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      InputValue value = to_input(row[i], parameters);
      if (targets_[i] == kDeleteSign) {
        is_delete = value.kind != InputValue::Kind::kNull && value.text != "0";
        continue;
      }
      const ColumnSchema& schema = table_->schema->columns[targets_[i]];
      Column& column = block_.columns[targets_[i]];
      FRESHET_RETURN_IF_ERROR(value.kind == InputValue::Kind::kDefault
                                  ? append_default_value(schema, column)
                                  : append_input_value(value, schema, row_count_, column));
    }
    has_deletes_ |= is_delete != 0;
    delete_signs_.push_back(is_delete);
    return delete_signs_.size() == kBlockRows ? flush() : Status::OK();
  }

  /// Takes a block whose columns are in the order of the targets.
  Status add_block(Block block) {
    const size_t rows = block.row_count();
    row_count_ += rows;
    for (size_t i = 0; i < targets_.size(); ++i) {
      const ColumnSchema& schema = table_->schema->columns[targets_[i]];
      if (!schema.nullable && !schema.auto_increment && block.columns[i].has_nulls()) {
        return Status::InvalidArgument("Column '{}' cannot be null", schema.name);
      }
      block_.columns[targets_[i]] = std::move(block.columns[i]);
    }
    delete_signs_.assign(rows, 0);
    return flush();
  }

  Result<storage::CommitOutcome> commit() {
    FRESHET_RETURN_IF_ERROR(flush());
    return load_.commit(std::nullopt, {});
  }
  uint64_t row_count() const { return row_count_; }
  uint64_t first_auto_increment() const { return first_auto_increment_; }

 private:
  RowInserter(const QueryServices& services, const storage::TableSnapshotPtr& table, std::vector<size_t> targets,
              ingest::BlockBuilder builder)
      : table_(table),
        targets_(std::move(targets)),
        builder_(std::move(builder)),
        load_(services.storage, table, {}),
        block_(Block::for_schema(*table->schema)) {}

  static Status append_default_value(const ColumnSchema& schema, Column& column) {
    if (schema.auto_increment) {
      column.append_null();
      return Status::OK();
    }
    return append_default(schema, WallClock().unix_micros(), column);
  }

  Status flush() {
    const size_t rows = delete_signs_.size();
    if (rows == 0) return Status::OK();
    FRESHET_RETURN_IF_ERROR(builder_.complete(block_, rows));
    if (has_deletes_) {
      if (!table_->schema->is_unique()) return Status::InvalidArgument("table {} has no unique key: it takes no deletes", table_->name);
      block_.delete_signs = delete_signs_;
    }
    FRESHET_RETURN_IF_ERROR(check_keys(rows));
    remember_auto_increment();
    FRESHET_RETURN_IF_ERROR(load_.append(block_));
    block_.clear();
    delete_signs_.clear();
    return Status::OK();
  }

  Status check_keys(size_t rows) const {
    if (!builder_.may_have_long_keys()) return Status::OK();
    for (size_t row = 0; row < rows; ++row) {
      const size_t key_bytes = builder_.key_bytes(block_, row);
      if (key_bytes > kMaxKeyBytes) return Status(StatusCode::kInvalidArgument, ingest::describe_long_key(key_bytes));
    }
    return Status::OK();
  }

  void remember_auto_increment() {
    for (size_t i = 0; i < table_->schema->columns.size() && first_auto_increment_ == 0; ++i) {
      if (!table_->schema->columns[i].auto_increment || block_.columns[i].is_null(0)) continue;
      if (block_.columns[i].type().physical() == PhysicalType::kInt64) {
        first_auto_increment_ = static_cast<uint64_t>(block_.columns[i].values<int64_t>()[0]);
      } else if (block_.columns[i].type().physical() == PhysicalType::kInt32) {
        first_auto_increment_ = static_cast<uint64_t>(block_.columns[i].values<int32_t>()[0]);
      }
    }
  }

  const storage::TableSnapshotPtr table_;
  const std::vector<size_t> targets_;
  ingest::BlockBuilder builder_;
  ingest::LoadTransaction load_;
  Block block_;
  std::vector<uint8_t> delete_signs_;
  bool has_deletes_ = false;
  uint64_t row_count_ = 0;
  uint64_t first_auto_increment_ = 0;
};

Status check_offered(const Insert& insert, const SessionState& session) {
  if (session.in_transaction) {
    return Status::Unsupported("writes between BEGIN and COMMIT are not offered: each statement commits by itself");
  }
  if (insert.mode == InsertMode::kOverwrite) {
    return Status::Unsupported("INSERT OVERWRITE is not offered: TRUNCATE TABLE and INSERT instead");
  }
  if (!insert.on_duplicate.empty()) {
    return Status::Unsupported("ON DUPLICATE KEY UPDATE is not offered: an INSERT into a UNIQUE table replaces the row of its key");
  }
  if (!insert.label.empty()) return Status::Unsupported("INSERT ... WITH LABEL is not offered: load by Stream Load to use a label");
  return Status::OK();
}

Status insert_from_query(const Insert& insert, const std::vector<size_t>& targets, const storage::TableSnapshot& table,
                         const SessionState& session, const QueryServices& services, DuckConnection& connection,
                         RowInserter& inserter) {
  if (std::find(targets.begin(), targets.end(), kDeleteSign) != targets.end()) {
    return Status::Unsupported("{} cannot come from a SELECT", kDeleteSignColumn);
  }
  std::vector<DataType> types;
  for (size_t target : targets) types.push_back(table.schema->columns[target].type);
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, rewrite_for_duckdb(insert.source, rewrite_values(session, services)));
  return connection.stream(sql, session.database, types, [&](Block block) { return inserter.add_block(std::move(block)); });
}

}  // namespace

Status run_insert(const Insert& insert, std::span<const InputValue> parameters, SessionState& session,
                  const QueryServices& services, DuckConnection& connection, ResultWriter& out) {
  FRESHET_RETURN_IF_ERROR(check_offered(insert, session));
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, insert.table.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, insert.table.table));
  FRESHET_ASSIGN_OR_RETURN(const std::vector<size_t> targets, target_columns(insert, *table));
  if (!insert.needs_engine && insert.width != targets.size()) {
    return Status::InvalidArgument("Column count doesn't match value count at row 1: {} columns, {} values", targets.size(),
                                   insert.width);
  }
  if (insert.placeholder_count > parameters.size()) {
    return Status::InvalidArgument("the statement has {} parameters, {} were given", insert.placeholder_count, parameters.size());
  }
  FRESHET_RETURN_IF_ERROR(services.storage.admit_load(table->id));
  FRESHET_ASSIGN_OR_RETURN(const auto inserter, RowInserter::create(services, table, targets));
  if (insert.needs_engine) {
    FRESHET_RETURN_IF_ERROR(insert_from_query(insert, targets, *table, session, services, connection, *inserter));
  } else {
    const std::span<const Literal> values(insert.values);
    for (size_t row = 0; row < insert.row_count; ++row) {
      FRESHET_RETURN_IF_ERROR(inserter->add_row(values.subspan(row * insert.width, insert.width), parameters));
    }
  }
  FRESHET_RETURN_IF_ERROR(inserter->commit().status());
  session.last_insert_id = inserter->first_auto_increment();
  OkResult result;
  result.affected_rows = inserter->row_count();
  result.last_insert_id = session.last_insert_id;
  return out.ok(result);
}

Status run_delete(const Delete& statement, std::span<const InputValue> parameters, SessionState& session,
                  const QueryServices& services, ResultWriter& out) {
  if (session.in_transaction) {
    return Status::Unsupported("writes between BEGIN and COMMIT are not offered: each statement commits by itself");
  }
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, statement.table.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, statement.table.table));
  const TableSchema& schema = *table->schema;
  if (!schema.is_unique() || !statement.simple || !statement.equalities || statement.equalities->size() != schema.key_count) {
    return Status::Unsupported("DELETE needs a UNIQUE table and a value for each of its key columns (WHERE {} = ...)",
                               schema.columns.front().name);
  }
  std::vector<size_t> given;
  for (size_t i = 0; i < schema.key_count; ++i) given.push_back(i);
  FRESHET_ASSIGN_OR_RETURN(ingest::BlockBuilder builder, ingest::BlockBuilder::create(services.storage, table, given, true));
  Block block = Block::for_schema(schema);
  for (const PointEquality& equality : *statement.equalities) {
    const std::optional<size_t> column = schema.find(equality.column);
    if (!column || *column >= schema.key_count) {
      return Status::Unsupported("DELETE by column '{}' is not offered: it is no key column", equality.column);
    }
    if (equality.value.kind == LiteralKind::kPlaceholder && equality.value.placeholder >= parameters.size()) {
      return Status::InvalidArgument("the statement has more parameters than were given");
    }
    FRESHET_RETURN_IF_ERROR(append_input_value(to_input(equality.value, parameters), schema.columns[*column], 1, block.columns[*column]));
  }
  FRESHET_RETURN_IF_ERROR(services.storage.admit_load(table->id));
  FRESHET_RETURN_IF_ERROR(builder.complete(block, 1));
  block.delete_signs.assign(1, 1);
  ingest::LoadTransaction load(services.storage, table, {});
  FRESHET_RETURN_IF_ERROR(load.append(block));
  FRESHET_ASSIGN_OR_RETURN(const storage::CommitOutcome outcome, load.commit(std::nullopt, {}));
  OkResult result;
  result.affected_rows = outcome.rows_replaced;
  return out.ok(result);
}

}  // namespace freshet::query
