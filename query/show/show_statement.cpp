#include "query/show/show_statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/access/seen.h"
#include "query/catalogue/catalogue_table.h"
#include "query/ddl/table_definition.h"
#include "query/dialect/tokenizer.h"
#include "query/show/like_pattern.h"
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
  return write_text_rows(Names{"Database"}, rows, out);
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
  return write_text_rows(names, rows, out);
}

Status show_table_status(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  Rows rows;
  const storage::ServerSnapshotPtr snapshot = seen_snapshot(session, services.storage.snapshot());
  for (const auto& [id, table] : snapshot->tables) {
    if (table->database_name != database || !is_shown(show, table->name)) continue;
    rows.push_back({table->name, "Freshet", std::nullopt, std::nullopt, fmt::to_string(table->live_rows()), std::nullopt,
                    std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                    std::nullopt, "utf8mb4_bin", std::nullopt, std::nullopt, table->schema->comment});
  }
  return write_text_rows(Names{"Name", "Engine", "Version", "Row_format", "Rows", "Avg_row_length", "Data_length",
                               "Max_data_length", "Index_length", "Data_free", "Auto_increment", "Create_time",
                               "Update_time", "Check_time", "Collation", "Checksum", "Create_options", "Comment"},
                         rows, out);
}

Status show_columns(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, show.name));
  const std::vector<DescribeRow> described = describe_table(*table->schema, shows_hidden_columns(session));
  Rows rows;
  for (size_t i = 0; i < described.size(); ++i) {
    const DescribeRow& row = described[i];
    if (!is_shown(show, row.field)) continue;
    if (show.full) {
      rows.push_back({row.field, row.type, "utf8mb4_bin", row.null, row.key, row.default_value, row.extra,
                      "select,insert,update", table->schema->columns[i].comment});
    } else {
      rows.push_back({row.field, row.type, row.null, row.key, row.default_value, row.extra});
    }
  }
  if (show.full) {
    return write_text_rows(Names{"Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"},
                           rows, out);
  }
  return write_text_rows(Names{"Field", "Type", "Null", "Key", "Default", "Extra"}, rows, out);
}

Status show_create_table_statement(const Show& show, const SessionState& session, const QueryServices& services,
                                   ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  if (const std::optional<View> view = services.views->find(database, show.name)) {
    return write_text_rows(Names{"View", "Create View", "character_set_client", "collation_connection"},
                           Rows{{view->name, show_create_view(*view), "utf8mb4", "utf8mb4_bin"}}, out);
  }
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, show.name));
  return write_text_rows(Names{"Table", "Create Table"},
                         Rows{{table->name, show_create_table("", table->name, *table->schema, *table->partitions)}}, out);
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
  return write_text_rows(Names{"Table", "Non_unique", "Key_name", "Seq_in_index", "Column_name", "Collation", "Cardinality",
                               "Sub_part", "Packed", "Null", "Index_type", "Comment", "Index_comment"},
                         rows, out);
}

Status show_variables(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  Rows rows;
  for (const auto& [name, value] : session.variables.all()) {
    if (is_shown(show, name)) rows.push_back({name, value});
  }
  if (is_shown(show, "version")) rows.push_back({"version", services.version});
  if (is_shown(show, "port")) rows.push_back({"port", fmt::to_string(services.mysql_port())});
  return write_text_rows(Names{"Variable_name", "Value"}, rows, out);
}

Status show_nodes(const Show& show, const QueryServices& services, ResultWriter& out) {
  if (show.kind == ShowKind::kFrontends) {
    return write_text_rows(Names{"Name", "Host", "HttpPort", "QueryPort", "Role", "IsMaster", "Alive", "Version"},
                           Rows{{"freshet", "127.0.0.1", fmt::to_string(services.http_port()),
                                 fmt::to_string(services.mysql_port()), "FOLLOWER", "true", "true", services.version}},
                           out);
  }
  return write_text_rows(Names{"BackendId", "Host", "HttpPort", "Alive", "Version"},
                         Rows{{"1", "127.0.0.1", fmt::to_string(services.load_port()), "true", services.version}}, out);
}

}  // namespace

Status run_show(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  switch (show.kind) {
    case ShowKind::kDatabases: return show_databases(show, session, services, out);
    case ShowKind::kTables: return show_tables(show, session, services, out);
    case ShowKind::kTableStatus: return show_table_status(show, session, services, out);
    case ShowKind::kColumns: return show_columns(show, session, services, out);
    case ShowKind::kCreateTable: return show_create_table_statement(show, session, services, out);
    case ShowKind::kIndex: return show_index(show, session, services, out);
    case ShowKind::kVariables: return show_variables(show, session, services, out);
    case ShowKind::kProcesslist: return show_processlist(show, session, services, out);
    case ShowKind::kTablets: return show_tablets(show, session, services, out);
    case ShowKind::kPartitions: return show_partitions(show, session, services, out);
    case ShowKind::kVersions: return show_versions(show, session, services, out);
    case ShowKind::kWorkloadGroups: return show_workload_groups(show, services.lanes, out);
    case ShowKind::kTransaction: return show_transaction(show, session, services, out);
    case ShowKind::kLoad: return show_load(show, session, services, out);
    case ShowKind::kStreamLoad: return show_stream_load(show, session, services, out);
    case ShowKind::kRoutineLoad: return show_routine_load(show, session, services, out);
    case ShowKind::kRoutineLoadTask: return show_routine_load_task(show, session, services, out);
    case ShowKind::kCreateRoutineLoad: return show_create_routine_load(show, session, services, out);
    case ShowKind::kFrontends:
    case ShowKind::kBackends: return show_nodes(show, services, out);
    case ShowKind::kCreateDatabase:
      return write_text_rows(Names{"Database", "Create Database"}, Rows{{show.name, "CREATE DATABASE `" + show.name + "`"}},
                             out);
    // Every change is done when its statement returns: there are no jobs.
    case ShowKind::kAlterTableColumn:
      return write_text_rows(Names{"JobId", "TableName", "CreateTime", "FinishTime", "IndexName", "IndexId", "OriginIndexId",
                                   "SchemaVersion", "TransactionId", "State", "Msg", "Progress", "Timeout"},
                             {}, out);
    case ShowKind::kWarnings:
    case ShowKind::kErrors: return write_text_rows(Names{"Level", "Code", "Message"}, {}, out);
    case ShowKind::kStatus: return write_text_rows(Names{"Variable_name", "Value"}, {}, out);
    case ShowKind::kEngines:
      return write_text_rows(Names{"Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"},
                             Rows{{"Freshet", "DEFAULT", "Merge-on-write column store", "NO", "NO", "NO"}}, out);
    case ShowKind::kCollation:
      return write_text_rows(Names{"Collation", "Charset", "Id", "Default", "Compiled", "Sortlen"},
                             Rows{{"utf8mb4_bin", "utf8mb4", "46", "Yes", "Yes", "1"}}, out);
    case ShowKind::kCharset:
      return write_text_rows(Names{"Charset", "Description", "Default collation", "Maxlen"},
                             Rows{{"utf8mb4", "UTF-8 Unicode", "utf8mb4_bin", "4"}}, out);
    case ShowKind::kTriggers:
    case ShowKind::kEvents:
    case ShowKind::kFunctions:
    case ShowKind::kViews:
    case ShowKind::kPlugins: return write_text_rows(Names{"Name"}, {}, out);
    default: return Status::Unsupported("not offered: {}", show.text);
  }
}

}  // namespace freshet::query
