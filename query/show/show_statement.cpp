#include "query/show/show_statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/access/seen.h"
#include "query/catalogue/catalogue_table.h"
#include "query/ddl/table_definition.h"
#include "query/dialect/tokenizer.h"
#include "query/show/like_pattern.h"
#include "query/show/row_filter.h"
#include "query/show/show_empty.h"
#include "query/value_cells.h"
#include "query/view_statements.h"

namespace freshet::query {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<TextCell>>;

bool is_shown(const Show& show, std::string_view name) { return !show.like || like_matches(*show.like, name); }

Status show_databases(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  Rows rows;
  const storage::ServerSnapshotPtr snapshot = seen_snapshot(session, services.storage.snapshot());
  for (const auto& [name, id] : snapshot->databases) {
    if (is_shown(show, name)) rows.push_back({name});
  }
  if (is_shown(show, kInformationSchema)) rows.push_back({std::string(kInformationSchema)});
  return write_shown(show, Names{"Database"}, std::move(rows), out);
}

Status show_tables(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  const storage::ServerSnapshotPtr snapshot = seen_snapshot(session, services.storage.snapshot());
  const bool is_catalogue = equals_word(database, to_upper(kInformationSchema));
  if (!is_catalogue && !snapshot->databases.contains(database)) return Status::NotFound("Unknown database '{}'", database);
  Names names{"Tables_in_" + database};
  if (show.full) names.push_back("Table_type");
  Rows rows;
  for (const auto& [name, id] : snapshot->table_names) {
    if (name.first != database || !is_shown(show, name.second)) continue;
    rows.push_back({name.second});
    if (show.full) rows.back().push_back("BASE TABLE");
  }
  for (const CatalogueTable& table : information_schema()) {
    if (!is_catalogue || !is_shown(show, table.name)) continue;
    rows.push_back({table.name});
    if (show.full) rows.back().push_back("SYSTEM VIEW");
  }
  for (const View& view : services.views->list(database)) {
    if (!is_shown(show, view.name) || !session.rights->sees(database, view.name)) continue;
    rows.push_back({view.name});
    if (show.full) rows.back().push_back("VIEW");
  }
  std::sort(rows.begin(), rows.end());
  return write_shown(show, names, std::move(rows), out);
}

Status show_create_table_statement(const Show& show, const SessionState& session, const QueryServices& services,
                                   ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  if (const std::optional<View> view = services.views->find(database, show.name)) {
    return write_text_rows(Names{"View", "Create View", "character_set_client", "collation_connection"},
                           Rows{{view->name, show_create_view(*view), "utf8mb4", "utf8mb4_bin"}}, out);
  }
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, show.name));
  const std::string text = session.variables.is_on("show_create_table_as_mysql")
                               ? show_create_table_as_mysql(table->name, *table->schema)
                               : show_create_table("", table->name, *table->schema, *table->partitions);
  return write_text_rows(Names{"Table", "Create Table"}, Rows{{table->name, text}}, out);
}

Status show_index(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, show.name));
  Rows rows;
  for (size_t i = 0; table->schema->is_unique() && i < table->schema->key_count; ++i) {
    const ColumnSchema& column = table->schema->columns[i];
    rows.push_back({table->name, "0", "PRIMARY", fmt::to_string(i + 1), column.name, "A", fmt::to_string(table->live_rows()),
                    std::nullopt, std::nullopt, column.nullable ? "YES" : "", "BTREE", "", ""});
  }
  return write_shown(show,
                     Names{"Table", "Non_unique", "Key_name", "Seq_in_index", "Column_name", "Collation", "Cardinality",
                           "Sub_part", "Packed", "Null", "Index_type", "Comment", "Index_comment"},
                     std::move(rows), out);
}

Status show_create_database(const Show& show, const QueryServices& services, ResultWriter& out) {
  if (!services.storage.snapshot()->databases.contains(show.name)) {
    return Status::NotFound("Unknown database '{}'", show.name);
  }
  return write_text_rows(Names{"Database", "Create Database"}, Rows{{show.name, "CREATE DATABASE `" + show.name + "`"}},
                         out);
}

Status show_views(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  Rows rows;
  for (const View& view : services.views->list(database)) {
    if (is_shown(show, view.name) && session.rights->sees(database, view.name)) rows.push_back({view.name});
  }
  return write_shown(show, Names{"Tables_in_" + database}, std::move(rows), out);
}

Status show_last_insert(const Show& show, const SessionState& session, ResultWriter& out) {
  Rows rows;
  if (const std::optional<LastInsert>& last = session.last_insert) {
    rows.push_back({fmt::to_string(last->transaction), last->label, last->database, last->table, last->status,
                    fmt::to_string(last->rows), "0"});
  }
  return write_shown(show,
                     Names{"TransactionId", "Label", "Database", "Table", "TransactionStatus", "LoadedRows", "FilteredRows"},
                     std::move(rows), out);
}

/// What the last statement left: see SessionState::warnings.
Status show_diagnostics(const Show& show, const SessionState& session, ResultWriter& out) {
  Rows rows;
  const bool errors_only = show.kind == ShowKind::kErrors || show.kind == ShowKind::kCountErrors;
  for (const Warning& warning : session.warnings) {
    if (!errors_only || warning.level == kErrorLevel) {
      rows.push_back({std::string(warning.level), fmt::to_string(warning.code), warning.message});
    }
  }
  if (show.kind == ShowKind::kCountWarnings || show.kind == ShowKind::kCountErrors) {
    return write_text_rows(Names{errors_only ? "@@session.error_count" : "@@session.warning_count"},
                           Rows{{fmt::to_string(rows.size())}}, out);
  }
  return write_shown(show, Names{"Level", "Code", "Message"}, std::move(rows), out);
}

/// Answers that are the same always, and those that are empty.
Status show_fixed(const Show& show, ResultWriter& out) {
  const auto write = [&](const Names& names, Rows rows) {
    if (show.like) std::erase_if(rows, [&](const auto& row) { return !is_shown(show, row.front().value_or("")); });
    return write_shown(show, names, std::move(rows), out);
  };
  switch (show.kind) {
    // Every change is done when its statement returns: there are no jobs.
    case ShowKind::kAlterTableColumn:
      return write({"JobId", "TableName", "CreateTime", "FinishTime", "IndexName", "IndexId", "OriginIndexId",
                    "SchemaVersion", "TransactionId", "State", "Msg", "Progress", "Timeout"},
                   {});
    case ShowKind::kEngines:
      return write({"Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"},
                   {{"Freshet", "DEFAULT", "Merge-on-write column store", "YES", "NO", "YES"}});
    case ShowKind::kCollation:
      return write({"Collation", "Charset", "Id", "Default", "Compiled", "Sortlen"},
                   {{"utf8mb4_bin", "utf8mb4", "46", "Yes", "Yes", "1"}});
    case ShowKind::kCharset:
      return write({"Charset", "Description", "Default collation", "Maxlen"},
                   {{"utf8mb4", "UTF-8 Unicode", "utf8mb4_bin", "4"}});
    case ShowKind::kPlugins:
      return write({"Name", "Status", "Type", "Library", "License"},
                   {{"Freshet", "ACTIVE", "STORAGE ENGINE", std::nullopt, "MIT"},
                    {"caching_sha2_password", "ACTIVE", "AUTHENTICATION", std::nullopt, "MIT"},
                    {"mysql_native_password", "ACTIVE", "AUTHENTICATION", std::nullopt, "MIT"}});
    case ShowKind::kPrivileges:
      return write({"Privilege", "Context", "Comment"},
                   {{"Select", "Tables", "To read rows, and to change or delete those that are found by reading"},
                    {"Insert", "Tables", "To insert rows"},
                    {"Update", "Tables", "To change rows"},
                    {"Delete", "Tables", "To delete rows"},
                    {"Create", "Databases,Tables", "To create databases, tables and views"},
                    {"Alter", "Tables", "To change what tables are made of"},
                    {"Drop", "Databases,Tables", "To drop databases, tables and views"},
                    {"Show view", "Tables", "To see the queries of views"},
                    {"Grant option", "Databases,Tables", "To give others the privileges that one has"},
                    {"Process", "Server Admin", "To see what all sessions run"},
                    {"Admin", "Server Admin", "To do everything"}});
    case ShowKind::kCatalogs:
      return write({"CatalogId", "CatalogName", "Type", "IsCurrent", "CreateTime", "LastUpdateTime", "Comment"},
                   {{"0", "internal", "internal", "yes", "UNRECORDED", std::nullopt, "Doris internal catalog"}});
    default: break;
  }
  if (const auto names = columns_of_empty_form(show.text)) return write(*names, {});
  return Status::Unsupported("not offered: {}", show.text);
}

}  // namespace

Status run_show(const Show& show, const WriteContext& context, ResultWriter& out) {
  SessionState& session = context.session;
  const QueryServices& services = context.services;
  switch (show.kind) {
    case ShowKind::kDatabases: return show_databases(show, session, services, out);
    case ShowKind::kTables: return show_tables(show, session, services, out);
    case ShowKind::kTableStatus: return show_table_status(show, session, services, out);
    case ShowKind::kColumns: return show_columns(show, context, out);
    case ShowKind::kCreateTable: return show_create_table_statement(show, session, services, out);
    case ShowKind::kCreateDatabase: return show_create_database(show, services, out);
    case ShowKind::kIndex: return show_index(show, session, services, out);
    case ShowKind::kViews: return show_views(show, session, services, out);
    case ShowKind::kVariables: return show_variables(show, session, services, out);
    case ShowKind::kStatus: return show_status(show, session, services, out);
    case ShowKind::kProcesslist: return show_processlist(show, session, services, out);
    case ShowKind::kTablets: return show_tablets(show, session, services, out);
    case ShowKind::kPartitions: return show_partitions(show, session, services, out);
    case ShowKind::kData: return show_data(show, session, services, out);
    case ShowKind::kVersions: return show_versions(show, session, services, out);
    case ShowKind::kWorkloadGroups: return show_workload_groups(show, services.lanes, out);
    case ShowKind::kTransaction: return show_transaction(show, session, services, out);
    case ShowKind::kLoad: return show_load(show, session, services, out);
    case ShowKind::kStreamLoad: return show_stream_load(show, session, services, out);
    case ShowKind::kLastInsert: return show_last_insert(show, session, out);
    case ShowKind::kRoutineLoad: return show_routine_load(show, session, services, out);
    case ShowKind::kRoutineLoadTask: return show_routine_load_task(show, session, services, out);
    case ShowKind::kCreateRoutineLoad: return show_create_routine_load(show, session, services, out);
    case ShowKind::kFrontends:
    case ShowKind::kBackends: return show_nodes(show, services, out);
    case ShowKind::kProc: return show_proc(show, session, services, out);
    case ShowKind::kWarnings:
    case ShowKind::kErrors:
    case ShowKind::kCountWarnings:
    case ShowKind::kCountErrors: return show_diagnostics(show, session, out);
    default: return show_fixed(show, out);
  }
}

}  // namespace freshet::query
