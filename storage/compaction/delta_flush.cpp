#include "storage/compaction/delta_flush.h"

#include <algorithm>

#include "storage/base/thread_priority.h"
#include "storage/compaction/segment_output.h"
#include "storage/tablet/tombstones.h"

namespace freshet::storage {
namespace {

constexpr size_t kPieceRows = kPageRows;

/// The rows of a delta that stay, in key order, and their keys.
struct SortedRows {
  std::vector<RowOrdinal> rows;
  KeyRun keys;
};

SortedRows sort_rows(const DeltaView& delta, std::span<const RowOrdinal> tombstones) {
  const DeltaBuffer& buffer = *delta.buffer;
  std::vector<RowOrdinal> live(delta.row_count);
  live.resize(delta.dead.live_rows(0, delta.row_count, live.data()));
  live.insert(live.end(), tombstones.begin(), tombstones.end());
  KeyRun arrived = KeyCodec(*buffer.schema()).make_run();
  arrived.reserve(live.size());
  for (RowOrdinal row : live) buffer.append_key(row, arrived);

  SortedRows sorted{sort_order(arrived), KeyRun(arrived.is_fixed())};
  sorted.keys.reserve(live.size());
  for (uint32_t& row : sorted.rows) {
    sorted.keys.append_from(arrived, row);
    row = live[row];
  }
  return sorted;
}

Status write_column(const DeltaBuffer& buffer, size_t column_index, std::span<const RowOrdinal> rows, SegmentWriter& out) {
  Column piece(buffer.schema()->columns[column_index].type);
  while (!rows.empty()) {
    give_way();
    const size_t count = std::min(rows.size(), kPieceRows);
    piece.clear();
    buffer.gather_column(column_index, rows.first(count), piece);
    FRESHET_RETURN_IF_ERROR(out.append_column(column_index, piece));
    rows = rows.subspan(count);
  }
  return Status::OK();
}

}  // namespace

Result<FlushOutput> flush_delta(FileStore& files, const DeltaView& delta, RowsetId output, TabletId tablet,
                                const SegmentWriterOptions& options) {
  FlushOutput result;
  result.row_ids.add_input(delta.row_count);
  const std::vector<RowOrdinal> tombstones = newest_tombstones_of(delta);
  const SortedRows sorted = sort_rows(delta, tombstones);
  if (sorted.rows.empty()) return result;
  for (size_t row = 0; row < sorted.rows.size(); ++row) {
    result.row_ids.set(0, sorted.rows[row], static_cast<RowOrdinal>(row));
  }
  result.tombstones = result.row_ids.translate(0, tombstones);

  const SchemaPtr& schema = delta.buffer->schema();
  FRESHET_ASSIGN_OR_RETURN(const auto segment, SegmentOutput::create(files, output, tablet, schema, options));
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    FRESHET_RETURN_IF_ERROR(write_column(*delta.buffer, column, sorted.rows, segment->writer()));
  }
  FRESHET_RETURN_IF_ERROR(segment->writer().append_keys(sorted.keys));
  FRESHET_ASSIGN_OR_RETURN(result.meta, segment->finish());
  return result;
}

}  // namespace freshet::storage
