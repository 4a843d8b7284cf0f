#include <fmt/format.h>

#include "query/show/show_statement.h"
#include "query/table_facts.h"
#include "query/value_cells.h"

namespace freshet::query {

Status show_tablets(const Show& show, const SessionState& session, const QueryServices& services, ResultWriter& out) {
  FRESHET_ASSIGN_OR_RETURN(const std::string database, database_of(session, show.database));
  const storage::ServerSnapshotPtr snapshot = services.storage.snapshot();
  FRESHET_ASSIGN_OR_RETURN(const auto table, find_table(*snapshot, database, show.name));
  std::vector<std::vector<TextCell>> rows;
  for (const storage::TabletSnapshotPtr& tablet : table->tablets) {
    const uint64_t bytes = stored_bytes(*tablet);
    uint64_t delta_rows = 0;
    for (const storage::DeltaView& view : tablet->deltas) delta_rows += view.live_rows();
    rows.push_back({fmt::to_string(tablet->id.value), "1", fmt::to_string(table->schema->version),
                    fmt::to_string(snapshot->commit.value), fmt::to_string(bytes), fmt::to_string(tablet->live_rows()),
                    fmt::to_string(delta_rows), "NORMAL", fmt::to_string(tablet->segments.size())});
  }
  return write_text_rows(std::vector<std::string>{"TabletId", "BackendId", "SchemaVersion", "Version", "LocalDataSize",
                                                  "RowCount", "DeltaRowCount", "State", "VersionCount"},
                         rows, out);
}

}  // namespace freshet::query
