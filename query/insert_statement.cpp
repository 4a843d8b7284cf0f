#include "query/insert_statement.h"

#include "ingest/row_inserter.h"
#include "query/dialect/mysql_rewrite.h"
#include "query/dml/literals.h"
#include "query/dml/read_write.h"
#include "query/duckdb/engine.h"

namespace freshet::query {
namespace {

Status check_offered(const Insert& insert) {
  if (insert.mode == InsertMode::kOverwrite) {
    return Status::Unsupported("INSERT OVERWRITE is not offered: TRUNCATE TABLE and INSERT instead");
  }
  if (!insert.on_duplicate.empty()) {
    return Status::Unsupported(
        "ON DUPLICATE KEY UPDATE is not offered: an INSERT into a UNIQUE table replaces the row of its key");
  }
  if (!insert.label.empty()) return Status::Unsupported("INSERT ... WITH LABEL is not offered: use Stream Load for a label");
  return Status::OK();
}

Status insert_literals(const Insert& insert, std::span<const InputValue> parameters, ingest::RowInserter& inserter) {
  FRESHET_RETURN_IF_ERROR(check_parameters(insert.placeholder_count, parameters));
  std::vector<ingest::Literal> row(insert.width);
  for (size_t first = 0; first < insert.values.size(); first += insert.width) {
    for (size_t i = 0; i < insert.width; ++i) row[i] = to_load_value(insert.values[first + i], parameters);
    FRESHET_RETURN_IF_ERROR(inserter.append_row(row));
  }
  return Status::OK();
}

Status insert_from_query(const Insert& insert, std::span<const Parameter> parameters, const TableSchema& schema,
                         const SessionState& session, const QueryServices& services, DuckConnection& connection,
                         ingest::RowInserter& inserter) {
  const std::vector<size_t>& targets = inserter.targets();
  std::vector<DataType> types;
  for (size_t target : targets) types.push_back(schema.columns[target].type);
  FRESHET_ASSIGN_OR_RETURN(const std::string sql, rewrite_for_duckdb(insert.source, rewrite_values(session, services)));
  Block block = Block::for_schema(schema);
  return connection.stream(sql, session.database, parameters, types, [&](Block& rows) {
    for (size_t i = 0; i < targets.size(); ++i) block.columns[targets[i]] = std::move(rows.columns[i]);
    return inserter.append_columns(block);
  });
}

bool is_set(const SessionState& session, std::string_view variable) {
  const std::string value = to_lower(session.variables.get(variable).value_or("false"));
  return value == "true" || value == "1" || value == "on";
}

/// SET enable_unique_key_partial_update = true makes INSERT into UNIQUE tables replace only the columns it names.
bool updates_partially(const SessionState& session, const TableSchema& schema) {
  return schema.model == TableModel::kUnique && is_set(session, "enable_unique_key_partial_update");
}

/// Whether such an INSERT fails for keys that are not in the table: SET partial_update_new_key_behavior = ERROR, or, without
/// that variable, SET enable_insert_strict = true.
bool refuses_new_keys(const SessionState& session) {
  if (const auto behavior = session.variables.get("partial_update_new_key_behavior")) return same_name(*behavior, "error");
  return is_set(session, "enable_insert_strict");
}

/// SET group_commit = sync_mode (or async_mode) lets concurrent INSERT ... VALUES into a table share their commits.
bool commits_in_group(const SessionState& session, const Insert& insert) {
  const std::string mode = to_lower(session.variables.get("group_commit").value_or("off_mode"));
  return (mode == "sync_mode" || mode == "async_mode") && !insert.needs_engine && insert.partitions.empty();
}

}  // namespace

Status run_insert(const Insert& insert, std::span<const Parameter> parameters, SessionState& session,
                  const QueryServices& services, DuckConnection& connection, ResultWriter& out) {
  FRESHET_RETURN_IF_ERROR(check_no_transaction(session));
  FRESHET_RETURN_IF_ERROR(check_offered(insert));
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, insert.table.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, insert.table.table));
  FRESHET_ASSIGN_OR_RETURN(const auto inserter, ingest::RowInserter::begin(services.storage, table, insert.columns, false,
                                                                           updates_partially(session, *table->schema), {},
                                                                           refuses_new_keys(session)));
  if (!insert.partitions.empty()) FRESHET_RETURN_IF_ERROR(inserter->restrict_to(insert.partitions));
  std::vector<std::string> texts;
  FRESHET_RETURN_IF_ERROR(
      insert.needs_engine ? insert_from_query(insert, parameters, *table->schema, session, services, connection, *inserter)
                          : insert_literals(insert, to_input_values(parameters, texts), *inserter));
  OkResult result;
  result.affected_rows = inserter->row_count();
  FRESHET_RETURN_IF_ERROR(inserter->commit(commits_in_group(session, insert)).status());
  result.last_insert_id = session.last_insert_id = inserter->first_sequence();
  return out.ok(result);
}

}  // namespace freshet::query
