#include "storage/tablet/snapshot.h"

namespace freshet::storage {

uint64_t TabletSnapshot::live_rows() const {
  uint64_t rows = 0;
  for (const SegmentView& view : segments) rows += view.live_rows();
  for (const DeltaView& view : deltas) rows += view.live_rows();
  return rows;
}

const TabletSnapshot* TableSnapshot::find_tablet(TabletId tablet) const {
  const std::optional<uint32_t> position = position_of(tablet);
  return position ? tablets[*position].get() : nullptr;
}

uint64_t TableSnapshot::live_rows() const {
  uint64_t rows = 0;
  for (const TabletSnapshotPtr& tablet : tablets) rows += tablet->live_rows();
  return rows;
}

TableSnapshotPtr ServerSnapshot::find_table(const std::string& database, const std::string& table) const {
  const auto name = table_names.find({database, table});
  if (name == table_names.end()) return nullptr;
  const auto found = tables.find(name->second);
  return found == tables.end() ? nullptr : found->second;
}

}  // namespace freshet::storage
