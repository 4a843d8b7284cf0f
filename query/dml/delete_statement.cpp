#include "query/dml/delete_statement.h"

#include "ingest/row_inserter.h"
#include "query/dml/literals.h"
#include "query/dml/open_transaction.h"
#include "query/scan/row_ids.h"

namespace freshet::query {
namespace {

/// Most rows of a DUPLICATE table that one statement deletes: 8 bytes of memory each.
constexpr size_t kMaxDeletedPlaces = 64u << 20;

std::vector<std::string> key_names(const TableSchema& schema) {
  std::vector<std::string> names;
  for (size_t i = 0; i < schema.key_count; ++i) names.push_back(schema.columns[i].name);
  return names;
}

/// What tells the rows: the key, or the place.
std::vector<SelectItem> items_of(const ChangedRows& rows, const TableSchema& schema) {
  std::vector<SelectItem> items;
  if (!schema.is_unique()) items.push_back({qualified(rows, kRowIdColumn), {}});
  for (size_t i = 0; schema.is_unique() && i < schema.key_count; ++i) {
    items.push_back({qualified(rows, schema.columns[i].name), {}});
  }
  return items;
}

/// The values of the key columns, in the order of `columns`, when the condition names the whole key and nothing else.
bool names_whole_key(const Delete& statement, const TableSchema& schema, std::vector<std::string>& columns) {
  if (!statement.equalities || !schema.is_unique() || statement.equalities->size() != schema.key_count) return false;
  for (const PointEquality& equality : *statement.equalities) {
    const std::optional<size_t> column = schema.find(equality.column);
    if (!column || *column >= schema.key_count) return false;
    columns.emplace_back(equality.column);
  }
  return true;
}

Result<std::unique_ptr<ingest::RowInserter>> begin_deletes(const WriteContext& context,
                                                           const storage::TableSnapshotPtr& table,
                                                           const std::vector<std::string>& columns,
                                                           const ingest::LoadTransaction::Options& options) {
  return ingest::RowInserter::begin(context.services.storage, table, columns, true,
                                    table->schema->sequence_column().has_value(), options);
}

Result<uint64_t> delete_by_literals(const Delete& statement, const WriteContext& context,
                                    const storage::TableSnapshotPtr& table, const std::vector<std::string>& columns) {
  std::vector<std::string> texts;
  const std::vector<InputValue> values = to_input_values(context.parameters, texts);
  std::vector<ingest::Literal> row;
  for (const PointEquality& equality : *statement.equalities) {
    if (equality.value.kind == LiteralKind::kPlaceholder) {
      FRESHET_RETURN_IF_ERROR(check_parameters(equality.value.placeholder + 1, values));
    }
    row.push_back(to_load_value(equality.value, values));
  }
  FRESHET_ASSIGN_OR_RETURN(const auto inserter, begin_deletes(context, table, columns, write_options(context, nullptr)));
  FRESHET_RETURN_IF_ERROR(inserter->append_row(row));
  return write_rows(context, *inserter);
}

Result<uint64_t> delete_by_keys(const Delete& statement, const SelectText& select, const WriteContext& context,
                                const storage::TableSnapshotPtr& table) {
  const TableSchema& schema = *table->schema;
  FRESHET_ASSIGN_OR_RETURN(const auto inserter,
                           begin_deletes(context, table, key_names(schema), write_options(context, table)));
  Block block = Block::for_schema(schema);
  const size_t distinct = statement.rows.sources.empty() ? 0 : schema.key_count;
  FRESHET_RETURN_IF_ERROR(stream_rows(context, select, distinct, first_columns(schema, schema.key_count), [&](Block& keys) {
    for (size_t i = 0; i < schema.key_count; ++i) block.columns[i] = std::move(keys.columns[i]);
    return inserter->append_columns(block);
  }));
  return write_rows(context, *inserter);
}

Result<uint64_t> delete_by_places(const Delete& statement, const SelectText& select, const WriteContext& context,
                                  const storage::TableSnapshotPtr& table) {
  const std::vector<TargetColumn> places = {{"place", {TypeKind::kBigInt}}};
  std::vector<int64_t> ids;
  FRESHET_RETURN_IF_ERROR(context.services.storage.admit_load(table->id));
  const size_t distinct = statement.rows.sources.empty() ? 0 : 1;
  FRESHET_RETURN_IF_ERROR(stream_rows(context, select, distinct, places, [&](Block& block) {
    const auto found = block.columns[0].values<int64_t>();
    if (ids.size() + found.size() > kMaxDeletedPlaces) {
      return Status::ResourceExhausted("a DELETE takes {} rows of a DUPLICATE table at most: run it in parts",
                                       kMaxDeletedPlaces);
    }
    ids.insert(ids.end(), found.begin(), found.end());
    return Status::OK();
  }));
  if (ids.empty()) return uint64_t{0};
  storage::TableSnapshotPtr read = table;
  if (!statement.rows.partitions.empty()) {
    FRESHET_ASSIGN_OR_RETURN(read, table->only_partitions(statement.rows.partitions));
  }
  storage::LoadCommit commit;
  commit.table = table->id;
  commit.schema = table->schema;
  commit.tablets = rows_of_ids(*read, std::move(ids));
  if (context.session.transaction != nullptr) return context.session.transaction->apply(commit);
  FRESHET_ASSIGN_OR_RETURN(const storage::CommitOutcome outcome, context.services.storage.commit(std::move(commit)));
  return outcome.rows_replaced;
}

Result<SelectText> select_rows(const Delete& statement, const std::string& database, const TableSchema& schema) {
  return select_of(statement.rows, database, items_of(statement.rows, schema));
}

}  // namespace

Status run_delete(const Delete& statement, const WriteContext& context, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, statement.rows.table.database));
  OkResult result;
  const auto attempt = [&](const storage::TableSnapshotPtr& table) -> Status {
    std::vector<std::string> columns;
    if (names_whole_key(statement, *table->schema, columns)) {
      FRESHET_ASSIGN_OR_RETURN(result.affected_rows, delete_by_literals(statement, context, table, columns));
      return Status::OK();
    }
    FRESHET_ASSIGN_OR_RETURN(const SelectText select, select_rows(statement, database, *table->schema));
    FRESHET_ASSIGN_OR_RETURN(result.affected_rows, table->schema->is_unique()
                                                       ? delete_by_keys(statement, select, context, table)
                                                       : delete_by_places(statement, select, context, table));
    return Status::OK();
  };
  FRESHET_RETURN_IF_ERROR(write_what_was_read(context, database, statement.rows.table.table, attempt));
  return out.ok(result);
}

Result<SelectText> explain_delete(const Delete& statement, const WriteContext& context) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, statement.rows.table.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table,
                           find_table(*context.services.storage.snapshot(), database, statement.rows.table.table));
  return select_rows(statement, database, *table->schema);
}

}  // namespace freshet::query
