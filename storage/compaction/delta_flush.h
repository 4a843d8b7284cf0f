#pragma once

#include <optional>

#include "storage/compaction/row_id_map.h"
#include "storage/io/file_store.h"
#include "storage/segment/segment_writer.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// A delta buffer as a segment.
struct FlushOutput {
  std::optional<SegmentMeta> meta;     ///< nothing when no row was live
  RowIdMap row_ids;                    ///< of one input: the delta
  std::vector<RowOrdinal> tombstones;  ///< rows of the segment that are dead from the start

  /// Rows of the delta as rows of the segment; dropped ones are left out.
  std::vector<RowOrdinal> translate(std::span<const RowOrdinal> delta_rows) const {
    return row_ids.translate(0, delta_rows);
  }
};

/// Writes the live rows of `delta`, and the deletes that it keeps, as segment `output` under the schema of its buffer,
/// column after column: memory beyond the buffer is 28 bytes a row and the keys. The caller syncs the names. After an error
/// no file is left. Any thread; the buffer may go on taking rows.
Result<FlushOutput> flush_delta(FileStore& files, const DeltaView& delta, RowsetId output, TabletId tablet,
                                const SegmentWriterOptions& options);

}  // namespace freshet::storage
