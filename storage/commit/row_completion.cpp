#include "storage/commit/row_completion.h"

#include <algorithm>

#include "storage/base/log.h"
#include "storage/types/row_mask.h"

namespace freshet::storage {

Result<const TabletSnapshot*> find_tablet_of(const TableSnapshot& table, TabletId id) {
  const TabletSnapshot* tablet = table.find_tablet(id);
  if (tablet != nullptr) return tablet;
  return Status::NotFound("a partition of table {}.{} that the load has rows for was dropped during the load",
                          table.database_name, table.name);
}

SchemaPtr segment_schema_of(const LoadCommit& load) {
  return load.partial && load.partial->mask ? keeping_all_rows(*load.schema) : load.schema;
}

bool has_deletes(const LoadCommit& load) {
  return std::any_of(load.tablets.begin(), load.tablets.end(), [](const TabletRows& bucket) {
    return (bucket.rows && bucket.rows->has_deletes()) ||
           std::any_of(bucket.segments.begin(), bucket.segments.end(),
                       [](const WrittenSegment& segment) { return !segment.delete_rows.empty(); });
  });
}

std::vector<RowsetId> segments_of(const LoadCommit& load) {
  std::vector<RowsetId> segments;
  for (const TabletRows& bucket : load.tablets) {
    for (const WrittenSegment& segment : bucket.segments) segments.push_back(segment.meta.id);
  }
  return segments;
}

uint64_t segment_rows_of(const LoadCommit& load) {
  uint64_t rows = 0;
  for (const TabletRows& bucket : load.tablets) {
    for (const WrittenSegment& segment : bucket.segments) rows += segment.meta.row_count;
  }
  return rows;
}

void remove_segment_files(FileStore& files, std::span<const RowsetId> segments) {
  for (RowsetId id : segments) {
    const Status removed = files.remove(segment_file_name(id));
    if (!removed.ok()) log_warning("file of a load stays: {}", removed.to_string());
  }
}

}  // namespace freshet::storage
