#pragma once

#include <vector>

#include "storage/tablet/snapshot.h"

/// Deletes that are rows (see types/sequence.h): they are dead from the start, and their kDeleteTimeColumn is not NULL.
/// Whether a newer row has replaced one is not recorded: such a row has no smaller sequence, so whoever looks for the
/// largest sequence of a key finds it too.
namespace freshet::storage {

/// The tombstones of a segment, ascending, without those older than `oldest_seconds`.
Result<std::vector<RowOrdinal>> tombstones_of(const SegmentView& view, int64_t oldest_seconds);

/// Those of a delta buffer that no later row of the buffer replaces.
std::vector<RowOrdinal> newest_tombstones_of(const DeltaView& view);

/// Rows of the segment that no compaction can drop yet, at most: those that are not dead, and tombstones.
uint32_t rows_to_keep(const SegmentView& view, int64_t oldest_seconds);

}  // namespace freshet::storage
