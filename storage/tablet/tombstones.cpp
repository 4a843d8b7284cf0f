#include "storage/tablet/tombstones.h"

#include <algorithm>

namespace freshet::storage {

Result<std::vector<RowOrdinal>> tombstones_of(const SegmentView& view, int64_t oldest_seconds) {
  std::vector<RowOrdinal> rows;
  const SegmentMeta& meta = view.segment->meta();
  if (meta.deletes == 0 || meta.newest_delete_seconds < oldest_seconds) return rows;
  const TableSchema& schema = *view.segment->schema();
  FRESHET_ASSIGN_OR_RETURN(const auto reader, view.segment->reader());
  const std::optional<size_t> position = schema.delete_time_column();
  const ColumnReader* column = position ? reader->column(schema.columns[*position].id) : nullptr;
  if (column == nullptr) {
    return Status::Corruption("segment {} has deletes, but no column of their times", segment_file_name(meta.id));
  }
  for (RowOrdinal first = 0; first < meta.row_count; first += column->page_rows()) {
    const uint32_t count = std::min(column->page_rows(), meta.row_count - first);
    if (column->page_zone(first / column->page_rows()).null_count == count) continue;
    Column times({TypeKind::kBigInt});
    FRESHET_RETURN_IF_ERROR(column->read_rows(first, count, times));
    for (uint32_t row = 0; row < count; ++row) {
      const bool is_tombstone =
          !times.is_null(row) && times.values<int64_t>()[row] >= oldest_seconds && view.dead.contains(first + row);
      if (is_tombstone) rows.push_back(first + row);
    }
  }
  return rows;
}

std::vector<RowOrdinal> newest_tombstones_of(const DeltaView& view) {
  std::vector<RowOrdinal> rows;
  const DeltaBuffer& buffer = *view.buffer;
  const std::optional<size_t> position = buffer.schema()->delete_time_column();
  if (!position || view.dead.count() == 0) return rows;
  const std::vector<RowOrdinal> dead = view.dead.to_vector();
  Column times({TypeKind::kBigInt});
  buffer.gather_column(*position, dead, times);
  KeyRun key(KeyCodec(*buffer.schema()).make_run());
  for (size_t i = 0; i < dead.size(); ++i) {
    if (times.is_null(i)) continue;
    key.clear();
    buffer.append_key(dead[i], key);
    if (buffer.find(key, 0, view.row_count) == dead[i]) rows.push_back(dead[i]);
  }
  return rows;
}

uint32_t rows_to_keep(const SegmentView& view, int64_t oldest_seconds) {
  const SegmentMeta& meta = view.segment->meta();
  const uint32_t tombstones = meta.newest_delete_seconds < oldest_seconds ? 0 : meta.deletes;
  return std::min(meta.row_count, view.live_rows() + tombstones);
}

}  // namespace freshet::storage
