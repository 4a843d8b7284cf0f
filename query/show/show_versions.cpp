#include <fmt/format.h>

#include <algorithm>

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
  const size_t limit = std::min(show.limit.value_or(kVersionsShown), kMaxVersionsShown);
  FRESHET_ASSIGN_OR_RETURN(const auto versions, services.storage.table_versions(table->id, limit));
  std::vector<std::vector<TextCell>> rows;
  for (const storage::TableVersion& version : versions) {
    std::string time;
    format_datetime(version.record.unix_micros, kMicrosecondDigits, time);
    rows.push_back({fmt::to_string(version.commit.value), std::move(time), fmt::to_string(version.record.rows_added),
                    fmt::to_string(version.record.rows_deleted), version.record.label});
  }
  return write_text_rows(std::vector<std::string>{"Version", "Time", "RowsAdded", "RowsDeleted", "Label"}, rows, out);
}

}  // namespace freshet::query
