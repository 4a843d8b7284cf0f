#include "storage/commit/row_completion.h"

#include "storage/base/log.h"

namespace freshet::storage {

Result<const TabletSnapshot*> find_tablet_of(const TableSnapshot& table, TabletId id) {
  const TabletSnapshot* tablet = table.find_tablet(id);
  if (tablet != nullptr) return tablet;
  return Status::NotFound("a partition of table {}.{} that the load has rows for was dropped during the load",
                          table.database_name, table.name);
}

void remove_segment_files(FileStore& files, std::span<const RowsetId> segments) {
  for (RowsetId id : segments) {
    const Status removed = files.remove(segment_file_name(id));
    if (!removed.ok()) log_warning("file of a load stays: {}", removed.to_string());
  }
}

}  // namespace freshet::storage
