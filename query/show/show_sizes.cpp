#include <fmt/format.h>

#include "query/access/seen.h"
#include "query/show/like_pattern.h"
#include "query/show/row_filter.h"
#include "query/show/show_statement.h"
#include "query/table_facts.h"
#include "query/views.h"

namespace freshet::query {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<TextCell>>;

/// "1.234 MB", as Doris prints sizes.
std::string size_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"", "KB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{:.3f} ", value) : fmt::format("{:.3f} {}", value, kUnits[unit]);
}

Status show_data_of_table(const Show& show, const std::string& database, const storage::ServerSnapshot& snapshot,
                          ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(snapshot, database, show.name));
  const std::string size = size_text(stored_bytes(*table)), tablets = fmt::to_string(table->tablets.size());
  return write_shown(
      show, Names{"TableName", "IndexName", "Size", "ReplicaCount", "RowCount"},
      {{table->name, table->name, size, tablets, fmt::to_string(table->live_rows())}, {"", "Total", size, tablets, ""}},
      out);
}

}  // namespace

Status show_data(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  const storage::ServerSnapshotPtr snapshot = seen_snapshot(session, services.storage.snapshot());
  if (!show.name.empty()) return show_data_of_table(show, database, *snapshot, out);
  if (!snapshot->databases.contains(database)) return Status::NotFound("Unknown database '{}'", database);
  Rows rows;
  uint64_t bytes = 0;
  size_t tablets = 0;
  for (const auto& [id, table] : snapshot->tables) {
    if (table->database_name != database) continue;
    bytes += stored_bytes(*table);
    tablets += table->tablets.size();
    rows.push_back({table->name, size_text(stored_bytes(*table)), fmt::to_string(table->tablets.size())});
  }
  rows.push_back({"Total", size_text(bytes), fmt::to_string(tablets)});
  return write_shown(show, Names{"TableName", "Size", "ReplicaCount"}, std::move(rows), out);
}

Status show_table_status(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  const storage::ServerSnapshotPtr snapshot = seen_snapshot(session, services.storage.snapshot());
  const auto is_shown = [&](const std::string& name) { return !show.like || like_matches(*show.like, name); };
  Rows rows;
  for (const auto& [id, table] : snapshot->tables) {
    if (table->database_name != database || !is_shown(table->name)) continue;
    const uint64_t live = table->live_rows(), bytes = stored_bytes(*table);
    std::vector<TextCell> row(18);
    row[0] = table->name;
    row[1] = "Freshet";
    row[3] = "Columnar";
    row[4] = fmt::to_string(live);
    row[5] = fmt::to_string(live == 0 ? 0 : bytes / live);
    row[6] = fmt::to_string(bytes);
    row[8] = "0";  // counted with the data
    row[14] = "utf8mb4_bin";
    row[16] = "";
    row[17] = table->schema->comment;
    rows.push_back(std::move(row));
  }
  for (const View& view : services.views->list(database)) {
    if (!is_shown(view.name) || !session.rights->sees(database, view.name)) continue;
    std::vector<TextCell> row(18);
    row[0] = view.name;
    row[17] = "VIEW";
    rows.push_back(std::move(row));
  }
  return write_shown(show,
                     Names{"Name", "Engine", "Version", "Row_format", "Rows", "Avg_row_length", "Data_length",
                           "Max_data_length", "Index_length", "Data_free", "Auto_increment", "Create_time", "Update_time",
                           "Check_time", "Collation", "Checksum", "Create_options", "Comment"},
                     std::move(rows), out);
}

}  // namespace freshet::query
