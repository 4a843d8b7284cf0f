#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "storage/compaction/row_id_map.h"
#include "storage/io/rate_limiter.h"
#include "storage/segment/segment_writer.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// A segment that is merged, opened.
struct MergeInput {
  std::shared_ptr<const SegmentReader> reader;
  DeadRows dead;  ///< without the tombstones that stay: they are merged as if they were live
};

/// The order of the output: element i is the input that output row i comes from; the rows of an input keep their order.
using MergeOrder = std::vector<uint16_t>;
inline constexpr size_t kMaxMergeInputs = 1u << 16;

/// Slows a job down to its share of the disk, gives way on the processor, and ends the job when it is cancelled.
struct Throttle {
  RateLimiter* rate_limiter = nullptr;
  const std::atomic<bool>* cancelled = nullptr;
  Status charge(uint64_t bytes) const;
};

/// Merges the keys of the live rows: fills `order` and `row_ids` (which has the inputs), and appends the keys to `out`.
/// Corruption when a key of a kUnique table is live twice.
Status merge_keys(std::span<const MergeInput> inputs, const TableSchema& schema, const KeyCodec& key_codec,
                  const Throttle& throttle, MergeOrder& order, RowIdMap& row_ids, SegmentWriter& out);

/// Copies the live values of column `column_index` in the given order to `out`.
Status merge_column(std::span<const MergeInput> inputs, const TableSchema& schema, size_t column_index,
                    const MergeOrder& order, const Throttle& throttle, SegmentWriter& out);

}  // namespace freshet::storage
