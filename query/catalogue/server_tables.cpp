#include "query/catalogue/server_tables.h"

#include <fmt/format.h>

#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

using storage::ServerSnapshot;
using Rows = std::vector<CatalogueRow>;

constexpr const char* kCharset = "utf8mb4";
constexpr const char* kCollation = "utf8mb4_bin";

Rows no_rows(const ServerSnapshot&, const CatalogueSources&) { return {}; }

/// The same rows always.
std::function<Rows(const ServerSnapshot&, const CatalogueSources&)> fixed(Rows rows) {
  return [rows = std::move(rows)](const ServerSnapshot&, const CatalogueSources&) { return rows; };
}

Rows processlist_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  Rows rows;
  if (!sources.connections) return rows;
  for (const ConnectionInfo& info : sources.connections()) {
    rows.push_back({fmt::to_string(info.id), info.user, info.client_address,
                    info.database.empty() ? TextCell() : info.database, info.is_running ? "Query" : "Sleep",
                    fmt::to_string(info.seconds), state_of(info), info.is_running ? TextCell(info.statement) : TextCell(),
                    percent_done(info.progress), fmt::to_string(info.progress.rows_scanned),
                    fmt::to_string(info.progress.rows_to_scan)});
  }
  return rows;
}

Rows views_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  Rows rows;
  for (const View& view : sources.views ? sources.views() : std::vector<View>()) {
    rows.push_back(
        {"internal", view.database, view.name, view.text, "NONE", "NO", "root@%", "DEFINER", kCharset, kCollation});
  }
  return rows;
}

Rows workload_group_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  return sources.workload_groups ? sources.workload_groups() : Rows();
}

TextCell time_cell(int64_t unix_seconds) {
  if (unix_seconds == 0) return std::nullopt;
  std::string text;
  format_datetime(unix_seconds * 1'000'000, 0, text);
  return text;
}

std::string json_of(const std::map<int32_t, int64_t>& by_partition) {
  std::string text = "{";
  for (const auto& [partition, value] : by_partition) {
    fmt::format_to(std::back_inserter(text), R"({}"{}":"{}")", text.size() == 1 ? "" : ",", partition, value);
  }
  return text + "}";
}

Rows routine_load_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  Rows rows;
  if (!sources.routine_loads) return rows;
  for (const ingest::RoutineLoadStatus& job : sources.routine_loads()) {
    rows.push_back({fmt::to_string(job.id), job.spec.name, time_cell(job.create_unix_seconds),
                    time_cell(job.pause_unix_seconds), time_cell(job.end_unix_seconds), job.spec.load.database,
                    job.spec.load.table, std::string(ingest::routine_load_state_name(job.state)),
                    fmt::to_string(job.total_rows), fmt::to_string(job.loaded_rows), fmt::to_string(job.error_rows),
                    json_of(job.progress), json_of(job.lag), job.reason_of_state_changed});
  }
  return rows;
}

/// The samples of the text that /metrics answers: `name{labels} value`.
Rows metrics_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  Rows rows;
  if (!sources.metrics) return rows;
  const std::string text = sources.metrics();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const size_t value = line.rfind(' ');
    if (line.starts_with('#') || value == line.npos) continue;
    const std::string_view name = line.substr(0, value);
    const size_t labels = std::min(name.find('{'), name.size());
    rows.push_back(
        {std::string(name.substr(0, labels)), std::string(name.substr(labels)), std::string(line.substr(value + 1))});
  }
  return rows;
}

/// A row for each privilege of the levels that `is_wanted`, behind the cells that `place` makes of the level.
template <typename Wanted, typename Place>
Rows privileges_rows(const CatalogueSources& sources, Wanted is_wanted, Place place) {
  Rows rows;
  if (!sources.privileges) return rows;
  for (const GivenPrivileges& given : sources.privileges()) {
    if (!is_wanted(given.level)) continue;
    const std::vector<std::string> names = mysql_name_list(given.privileges.without(Privilege::kGrant));
    for (const std::string& name : names.empty() ? std::vector<std::string>{"USAGE"} : names) {
      CatalogueRow row{given.account.to_string(), "internal"};
      for (TextCell& cell : place(given.level)) row.push_back(std::move(cell));
      row.push_back(name);
      row.push_back(given.privileges.has_all(Privilege::kGrant) ? "YES" : "NO");
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

Rows user_privileges_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  return privileges_rows(
      sources, [](const GrantLevel& level) { return level.is_server(); },
      [](const GrantLevel&) { return std::vector<TextCell>(); });
}

Rows schema_privileges_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  return privileges_rows(
      sources, [](const GrantLevel& level) { return !level.is_server() && level.table.empty(); },
      [](const GrantLevel& level) { return std::vector<TextCell>{level.database}; });
}

Rows table_privileges_rows(const ServerSnapshot&, const CatalogueSources& sources) {
  return privileges_rows(
      sources, [](const GrantLevel& level) { return !level.table.empty(); },
      [](const GrantLevel& level) {
        return std::vector<TextCell>{level.database, level.table};
      });
}

}  // namespace

std::vector<CatalogueTable> server_tables() {
  return {
      {"processlist",
       catalogue_columns("ID:int USER HOST DB COMMAND TIME:int STATE INFO PROGRESS:double "
                         "ROWS_SCANNED:int ROWS_TO_SCAN:int"),
       processlist_rows},
      {"routine_load_jobs",
       catalogue_columns("JOB_ID JOB_NAME CREATE_TIME:time PAUSE_TIME:time END_TIME:time DB_NAME TABLE_NAME STATE "
                         "TOTAL_ROWS:int LOADED_ROWS:int ERROR_ROWS:int PROGRESS LAG REASON_OF_STATE_CHANGED"),
       routine_load_rows},
      {"metrics", catalogue_columns("METRIC LABELS VALUE:double"), metrics_rows},
      {"workload_groups",
       catalogue_columns("ID:int NAME CPU_SHARE:int MEMORY_LIMIT ENABLE_MEMORY_OVERCOMMIT MAX_CONCURRENCY:int "
                         "MAX_QUEUE_SIZE:int QUEUE_TIMEOUT:int CPU_HARD_LIMIT SCAN_THREAD_NUM:int "
                         "MAX_REMOTE_SCAN_THREAD_NUM:int MIN_REMOTE_SCAN_THREAD_NUM:int MEMORY_LOW_WATERMARK "
                         "MEMORY_HIGH_WATERMARK TAG READ_BYTES_PER_SECOND:int REMOTE_READ_BYTES_PER_SECOND:int "
                         "QUERY_TIMEOUT:int"),
       workload_group_rows},
      {"engines", catalogue_columns("ENGINE SUPPORT COMMENT TRANSACTIONS XA SAVEPOINTS"),
       fixed({{"Freshet", "DEFAULT", "Merge-on-write column store", "YES", "NO", "YES"}})},
      {"character_sets", catalogue_columns("CHARACTER_SET_NAME DEFAULT_COLLATE_NAME DESCRIPTION MAXLEN:int"),
       fixed({{kCharset, kCollation, "UTF-8 Unicode", "4"}})},
      {"collations", catalogue_columns("COLLATION_NAME CHARACTER_SET_NAME ID:int IS_DEFAULT IS_COMPILED SORTLEN:int"),
       fixed({{kCollation, kCharset, "46", "Yes", "Yes", "1"}})},
      {"collation_character_set_applicability", catalogue_columns("COLLATION_NAME CHARACTER_SET_NAME"),
       fixed({{kCollation, kCharset}})},
      {"user_privileges", catalogue_columns("GRANTEE TABLE_CATALOG PRIVILEGE_TYPE IS_GRANTABLE"), user_privileges_rows},
      {"schema_privileges", catalogue_columns("GRANTEE TABLE_CATALOG TABLE_SCHEMA PRIVILEGE_TYPE IS_GRANTABLE"),
       schema_privileges_rows},
      {"table_privileges", catalogue_columns("GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PRIVILEGE_TYPE IS_GRANTABLE"),
       table_privileges_rows},
      {"column_privileges",
       catalogue_columns("GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME PRIVILEGE_TYPE IS_GRANTABLE"), no_rows},
      {"views",
       catalogue_columns("TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION CHECK_OPTION IS_UPDATABLE DEFINER "
                         "SECURITY_TYPE CHARACTER_SET_CLIENT COLLATION_CONNECTION"),
       views_rows},
      {"check_constraints", catalogue_columns("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME CHECK_CLAUSE"), no_rows},
      {"column_statistics", catalogue_columns("SCHEMA_NAME TABLE_NAME COLUMN_NAME HISTOGRAM"), no_rows},
      {"files",
       catalogue_columns("FILE_ID:int FILE_NAME FILE_TYPE TABLESPACE_NAME TABLE_SCHEMA TABLE_NAME LOGFILE_GROUP_NAME "
                         "TOTAL_EXTENTS:int EXTENT_SIZE:int INITIAL_SIZE:int MAXIMUM_SIZE:int ENGINE STATUS EXTRA"),
       no_rows},
      {"keywords", catalogue_columns("WORD RESERVED:int"), no_rows},
      {"routines",
       catalogue_columns("SPECIFIC_NAME ROUTINE_CATALOG ROUTINE_SCHEMA ROUTINE_NAME ROUTINE_TYPE DATA_TYPE "
                         "ROUTINE_DEFINITION ROUTINE_COMMENT DEFINER CREATED:time LAST_ALTERED:time"),
       no_rows},
      {"parameters",
       catalogue_columns("SPECIFIC_CATALOG SPECIFIC_SCHEMA SPECIFIC_NAME ORDINAL_POSITION:int PARAMETER_MODE PARAMETER_NAME "
                         "DATA_TYPE DTD_IDENTIFIER ROUTINE_TYPE"),
       no_rows},
      {"triggers",
       catalogue_columns("TRIGGER_CATALOG TRIGGER_SCHEMA TRIGGER_NAME EVENT_MANIPULATION EVENT_OBJECT_SCHEMA "
                         "EVENT_OBJECT_TABLE ACTION_ORDER:int ACTION_STATEMENT ACTION_TIMING CREATED:time"),
       no_rows},
      {"events",
       catalogue_columns("EVENT_CATALOG EVENT_SCHEMA EVENT_NAME DEFINER EVENT_DEFINITION EVENT_TYPE STATUS STARTS:time "
                         "ENDS:time CREATED:time"),
       no_rows},
      {"referential_constraints",
       catalogue_columns("CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME UNIQUE_CONSTRAINT_CATALOG "
                         "UNIQUE_CONSTRAINT_SCHEMA UNIQUE_CONSTRAINT_NAME MATCH_OPTION UPDATE_RULE DELETE_RULE TABLE_NAME "
                         "REFERENCED_TABLE_NAME"),
       no_rows},
  };
}

}  // namespace freshet::query
