#include <fmt/format.h>

#include <algorithm>

#include "query/show/row_filter.h"
#include "query/show/show_statement.h"
#include "query/value_cells.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

constexpr uint64_t kVersionsShown = 1000;
constexpr uint64_t kMaxVersionsShown = 1'000'000;
constexpr unsigned kMicrosecondDigits = 6;

}  // namespace

Status show_versions(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*services.storage.snapshot(), database, show.name));
  if (show.like) return Status::Unsupported("SHOW VERSIONS takes WHERE, ORDER BY and LIMIT, no LIKE");
  // The newest are enough where nothing else chooses.
  const bool chooses = !show.where.empty() || !show.order_by.empty() || show.offset != 0;
  const uint64_t shown = std::min(show.limit.value_or(kVersionsShown), kMaxVersionsShown);
  FRESHET_ASSIGN_OR_RETURN(const auto versions,
                           services.storage.table_versions(table->id, chooses ? kMaxVersionsShown : shown));
  std::vector<std::vector<TextCell>> rows;
  for (const storage::TableVersion& version : versions) {
    std::string time;
    format_datetime(version.record.unix_micros, kMicrosecondDigits, time);
    rows.push_back({fmt::to_string(version.commit.value), std::move(time), fmt::to_string(version.record.rows_added),
                    fmt::to_string(version.record.rows_deleted), version.record.label});
  }
  const std::vector<std::string> names = {"Version", "Time", "RowsAdded", "RowsDeleted", "Label"};
  FRESHET_RETURN_IF_ERROR(narrow_rows(show, names, {}, rows));
  if (rows.size() > shown) rows.resize(shown);
  return write_text_rows(names, rows, out);
}

}  // namespace freshet::query
