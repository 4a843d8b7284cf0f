#include "query/view_statements.h"

#include "query/dialect/mysql_rewrite.h"
#include "query/duckdb/engine.h"

namespace freshet::query {
namespace {

std::string name_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + backquoted(name);
  return out;
}

}  // namespace

Status run_create_view(const CreateView& statement, const WriteContext& context, ResultWriter& out) {
  Views& views = *context.services.views;
  View view;
  FRESHET_ASSIGN_OR_RETURN(view.database, database_of(context.session, statement.name.database));
  view.name = statement.name.table;
  view.columns = statement.columns;
  view.comment = statement.comment;
  view.home = context.session.database;
  view.text = statement.query;
  const storage::ServerSnapshotPtr snapshot = context.services.storage.snapshot();
  if (!snapshot->databases.contains(view.database)) return Status::NotFound("Unknown database '{}'", view.database);
  if (snapshot->find_table(view.database, view.name) != nullptr) {
    return Status::AlreadyExists("Table '{}' already exists", view.name);
  }
  const bool exists = views.find(view.database, view.name).has_value();
  if (statement.must_exist && !exists) return Status::NotFound("Unknown table '{}.{}'", view.database, view.name);
  if (exists && statement.if_not_exists) return out.ok({});
  FRESHET_ASSIGN_OR_RETURN(const std::string sql,
                           rewrite_for_duckdb(view.text, rewrite_values(context.session, context.services)));
  FRESHET_ASSIGN_OR_RETURN(const StatementShape shape, context.connection.describe(sql, view.home));
  if (shape.parameter_count != 0) return Status::InvalidArgument("View's SELECT contains a variable or parameter");
  if (!view.columns.empty() && view.columns.size() != shape.columns.size()) {
    return Status::InvalidArgument("View's SELECT and view's field list have different column counts");
  }
  FRESHET_RETURN_IF_ERROR(views.put(view, statement.or_replace || statement.must_exist));
  return out.ok({});
}

Status run_drop_view(const DropView& statement, const WriteContext& context, ResultWriter& out) {
  Views& views = *context.services.views;
  std::vector<std::pair<std::string, std::string>> there;
  for (const TableName& name : statement.names) {
    FRESHET_ASSIGN_OR_RETURN(std::string database, database_of(context.session, name.database));
    if (views.find(database, name.table)) {
      there.emplace_back(std::move(database), name.table);
    } else if (!statement.if_exists) {
      return Status::NotFound("Unknown table '{}.{}'", database, name.table);
    }
  }
  for (const auto& [database, name] : there) FRESHET_RETURN_IF_ERROR(views.drop(database, name));
  return out.ok({});
}

std::string show_create_view(const View& view) {
  std::string out = "CREATE VIEW " + backquoted(view.name);
  if (!view.columns.empty()) out += " (" + name_list(view.columns) + ")";
  if (!view.comment.empty()) out += " COMMENT '" + view.comment + "'";
  return out + " AS " + view.text;
}

std::vector<ResultColumn> view_columns(DuckConnection& connection, const View& view) {
  const auto shape =
      connection.describe("SELECT * FROM " + duckdb_name(view.database) + "." + duckdb_name(view.name), view.database);
  return shape.ok() ? shape->columns : std::vector<ResultColumn>();
}

EngineViews engine_views(const Views& views, std::string version) {
  EngineViews engine;
  const auto to_engine = [version](const View& view) -> Result<EngineView> {
    SessionValues values;
    values.database = view.home;
    values.version = version;
    FRESHET_ASSIGN_OR_RETURN(std::string sql, rewrite_for_duckdb(view.text, values));
    return EngineView{view.name, std::move(sql), view.home, view.columns};
  };
  engine.find = [&views, to_engine](const std::string& database,
                                    const std::string& name) -> Result<std::optional<EngineView>> {
    const std::optional<View> view = views.find(database, name);
    if (!view) return std::optional<EngineView>();
    FRESHET_ASSIGN_OR_RETURN(EngineView found, to_engine(*view));
    return std::optional<EngineView>(std::move(found));
  };
  return engine;
}

}  // namespace freshet::query
