#include "query/dml/create_table_as.h"

#include "query/ddl/parser_rules.h"
#include "query/dialect/mysql_rewrite.h"
#include "query/duckdb/engine.h"
#include "query/insert_statement.h"
#include "query/table_statements.h"

namespace freshet::query {
namespace {

/// Texts of queries have no length; as VARCHAR they can be keys.
constexpr std::string_view kTextType = "VARCHAR(65533)";

Result<std::vector<ColumnDefinition>> columns_of(std::string_view query, const WriteContext& context) {
  FRESHET_ASSIGN_OR_RETURN(const std::string sql,
                           rewrite_for_duckdb(query, rewrite_values(context.session, context.services)));
  FRESHET_ASSIGN_OR_RETURN(const StatementShape shape, context.connection.describe(sql, context.session.database));
  if (shape.parameter_count != 0) return Status::Unsupported("CREATE TABLE AS takes no parameters");
  std::vector<ColumnDefinition> columns;
  for (const ResultColumn& column : shape.columns) {
    const bool is_text =
        column.type.kind == TypeKind::kString || (column.type.kind == TypeKind::kVarchar && column.type.length == 0);
    const std::string type = is_text ? std::string(kTextType) : column.type.to_string();
    const std::string text = backquoted(column.name) + " " + type + " NULL";
    FRESHET_ASSIGN_OR_RETURN(auto cursor, TokenCursor::open(text));
    FRESHET_ASSIGN_OR_RETURN(ColumnDefinition definition, parse_column_definition(cursor));
    columns.push_back(std::move(definition));
  }
  return columns;
}

}  // namespace

Status run_create_table_as(const CreateTable& statement, const WriteContext& context, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, statement.name.database));
  const storage::ServerSnapshotPtr snapshot = context.services.storage.snapshot();
  if (statement.if_not_exists && snapshot->find_table(database, statement.name.table) != nullptr) return out.ok({});
  CreateTable table = statement;
  table.if_not_exists = false;
  if (table.columns.empty()) {
    FRESHET_ASSIGN_OR_RETURN(table.columns, columns_of(statement.query, context));
  }
  FRESHET_ASSIGN_OR_RETURN(const auto made, create_table(table, context.session, context.services));
  Insert insert;
  insert.table = {database, statement.name.table};
  insert.needs_engine = true;
  insert.source = insert.text = statement.query;
  Status status = insert_into(insert, context.services.storage.snapshot(), made, context, out);
  if (!status.ok()) {
    // Under its name there may be another one by now.
    const Status dropped = context.services.storage.drop_table(made->id);
    if (!dropped.ok() && dropped.code() != StatusCode::kNotFound)
      return dropped.with_context("the table stays, with no rows, after: " + status.message());
  }
  return status;
}

}  // namespace freshet::query
