#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "query/scan/pruning.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// Rows that one worker takes at once: a chunk of a delete bitmap.
inline constexpr uint32_t kMorselRows = kBitmapChunkRows;
/// Rows of the blocks in which a plan leaves rows out.
inline constexpr uint32_t kScanBlockRows = kPageRows;

/// A run of rows of one segment or delta buffer of a table. `first` is a multiple of kVectorRows.
struct ScanMorsel {
  uint32_t tablet = 0;  ///< position in TableSnapshot::tablets
  uint32_t view = 0;    ///< position in its segments or deltas
  bool is_delta = false;
  RowOrdinal first = 0;
  uint32_t count = 0;
};

struct ScanCounts {
  uint64_t partitions = 0;
  uint64_t partitions_pruned = 0;  ///< their segments count as pruned, their delta buffers not at all
  uint64_t segments = 0;
  uint64_t segments_pruned = 0;
  uint64_t blocks = 0;         ///< of kScanBlockRows rows, over all segments
  uint64_t blocks_pruned = 0;  ///< those of pruned segments included
  uint64_t deltas = 0;         ///< delta buffers; they have no zone maps
  uint64_t rows = 0;           ///< stored, dead ones included
  uint64_t rows_planned = 0;   ///< of them, in the morsels
  // Of them, left out of the morsels: the sum of these and rows_planned is `rows`.
  uint64_t rows_pruned_by_partition = 0;
  uint64_t rows_pruned_by_bucket = 0;  ///< where none of the wanted keys belong
  uint64_t rows_pruned_by_zone_map = 0;
  uint64_t rows_pruned_by_bloom_filter = 0;  ///< segments whose key filters have none of the wanted keys
  uint64_t rows_pruned_by_key_index = 0;     ///< that are not among the rows with wanted keys, which the key index finds
  uint64_t rows_pruned_by_bitmap = 0;        ///< all rows of their segment or delta buffer are dead
};

struct ScanPlan {
  std::vector<ScanMorsel> morsels;
  ScanCounts counts;
};

/// What a scan of `table` has to read when only rows that satisfy all `conditions` matter. Opens the segments' footers, and
/// where the conditions name whole keys (key_pruning.h), reads pages of their key indexes.
Result<ScanPlan> plan_scan(const storage::TableSnapshot& table, std::span<const ColumnCondition> conditions);

/// What is read of what there is, e.g. "3 of 40 (37 pruned)".
std::string describe_pruning(uint64_t total, uint64_t pruned);

}  // namespace freshet::query
