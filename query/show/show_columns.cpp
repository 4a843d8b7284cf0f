#include <algorithm>

#include "query/catalogue/catalogue_table.h"
#include "query/ddl/table_definition.h"
#include "query/dialect/token_cursor.h"
#include "query/show/like_pattern.h"
#include "query/show/row_filter.h"
#include "query/show/show_statement.h"
#include "query/view_statements.h"

namespace freshet::query {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<TextCell>>;

constexpr const char* kCollation = "utf8mb4_bin";

/// What SHOW COLUMNS tells of one column.
struct ShownColumn {
  DescribeRow row;
  bool is_text = false;
  std::string comment;
};

DescribeRow described(const std::string& name, const DataType& type) {
  return {name, type.to_string(), "Yes", "false", std::nullopt, ""};
}

std::vector<ShownColumn> columns_of_table(const TableSchema& schema, const SessionState& session) {
  std::vector<ShownColumn> columns;
  std::vector<DescribeRow> rows = describe_table(schema, shows_hidden_columns(session));
  for (size_t i = 0; i < rows.size(); ++i) {
    const ColumnSchema& column = schema.columns[i];
    columns.push_back({std::move(rows[i]), column.type.is_bytes() && column.type.kind != TypeKind::kBitmap, column.comment});
  }
  return columns;
}

std::vector<ShownColumn> columns_of_view(const View& view, const WriteContext& context) {
  std::vector<ShownColumn> columns;
  for (const ResultColumn& column : view_columns(context.connection, view)) {
    columns.push_back({described(column.name, column.type), column.type.is_bytes(), ""});
  }
  return columns;
}

/// Of a table, a view, or a table of information_schema.
Result<std::vector<ShownColumn>> find_columns(const Show& show, const WriteContext& context) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, show.database));
  if (equals_word(database, to_upper(kInformationSchema))) {
    const CatalogueTable* table = find_catalogue_table(show.name);
    if (table == nullptr) return Status::NotFound("Unknown table '{}.{}'", database, show.name);
    std::vector<ShownColumn> columns;
    for (const CatalogueColumn& column : table->columns) {
      columns.push_back({described(column.name, DataType{column.kind}), column.kind == TypeKind::kString, ""});
    }
    return columns;
  }
  if (const std::optional<View> view = context.services.views->find(database, show.name))
    return columns_of_view(*view, context);
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*context.services.storage.snapshot(), database, show.name));
  return columns_of_table(*table->schema, context.session);
}

/// DESC says Yes and true, as Doris does; SHOW COLUMNS says YES, by which drivers know what is nullable.
std::string yes_or_no(const Show& show, const std::string& text) {
  const auto cursor = TokenCursor::open(show.text);
  if (!cursor.ok() || !cursor->at("SHOW")) return text;
  return text == "Yes" || text == "true" ? "YES" : "NO";
}

/// DESC table ALL: every index of the table, which is the table itself.
Status describe_all(const Show& show, const WriteContext& context, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(context.session, show.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*context.services.storage.snapshot(), database, show.name));
  std::string keys_type(table_model_name(table->schema->model));
  std::replace(keys_type.begin(), keys_type.end(), ' ', '_');
  Rows rows;
  for (const ShownColumn& column : columns_of_table(*table->schema, context.session)) {
    const DescribeRow& row = column.row;
    const bool is_first = rows.empty();
    rows.push_back({is_first ? table->name : "", is_first ? keys_type + "S" : "", row.field, row.type, row.type, row.null,
                    row.key, row.default_value, row.extra, "true", "", ""});
  }
  return write_shown(show,
                     Names{"IndexName", "IndexKeysType", "Field", "Type", "InternalType", "Null", "Key", "Default", "Extra",
                           "Visible", "DefineExpr", "WhereClause"},
                     std::move(rows), out);
}

}  // namespace

Status show_columns(const Show& show, const WriteContext& context, ResultWriter& out) {
  if (show.all) return describe_all(show, context, out);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<ShownColumn> columns, find_columns(show, context));
  Rows rows;
  for (const auto& [row, is_text, comment] : columns) {
    if (show.like && !like_matches(*show.like, row.field)) continue;
    if (show.full) {
      rows.push_back({row.field, row.type, is_text ? TextCell(kCollation) : TextCell(), yes_or_no(show, row.null),
                      yes_or_no(show, row.key), row.default_value, row.extra, "select,insert,update", comment});
    } else {
      rows.push_back(
          {row.field, row.type, yes_or_no(show, row.null), yes_or_no(show, row.key), row.default_value, row.extra});
    }
  }
  const Names names = show.full
                          ? Names{"Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"}
                          : Names{"Field", "Type", "Null", "Key", "Default", "Extra"};
  return write_shown(show, names, std::move(rows), out);
}

}  // namespace freshet::query
