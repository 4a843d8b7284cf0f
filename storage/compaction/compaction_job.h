#pragma once

#include <atomic>
#include <optional>
#include <span>

#include "storage/compaction/row_id_map.h"
#include "storage/io/file_store.h"
#include "storage/io/rate_limiter.h"
#include "storage/segment/segment_writer.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// The live rows of the inputs as one segment.
struct CompactionOutput {
  std::optional<SegmentMeta> meta;     ///< nothing when no row was live or kept
  RowIdMap row_ids;                    ///< inputs in the order they were given
  std::vector<RowOrdinal> tombstones;  ///< rows of the output that are dead from the start
};

/// Writes the live rows of `inputs` and the deletes that are younger than `oldest_delete_seconds` (segments of one tablet,
/// as of one snapshot) as segment `output`, sorted by key, under `schema`; columns that an input does not have yet get their
/// defaults. Rows of equal keys (kDuplicate) stay in the order of the inputs. The caller syncs the names, and translates
/// deletes that arrived meanwhile by the row ids.
///
/// Vertical: first the keys are merged, which gives the order of the rows; then one column after another is copied in that
/// order. Memory: 4 bytes for each row of the inputs and 2 for each live row, the key hashes of the writer, and a few pages
/// for each input. Pages come through the page cache.
///
/// `rate_limiter` counts uncompressed bytes; it and `cancelled` may be null. Cancelled, ResourceExhausted (too many rows for
/// one segment), Corruption and IoError leave no file behind.
Result<CompactionOutput> run_compaction(FileStore& files, std::span<const SegmentView> inputs, const SchemaPtr& schema,
                                        const KeyCodec& key_codec, RowsetId output, TabletId tablet,
                                        const SegmentWriterOptions& options, int64_t oldest_delete_seconds,
                                        RateLimiter* rate_limiter, const std::atomic<bool>* cancelled);

}  // namespace freshet::storage
