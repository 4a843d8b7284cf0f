#pragma once

#include <cstdint>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// The live row of a key in a segment.
struct SegmentHit {
  uint32_t segment;  ///< its position in the tablet
  uint32_t key;      ///< its position in the keys
  RowOrdinal row;
};

/// Appends the live row of each of `sorted_keys` (strictly increasing) that has one in a segment with `is_wanted[position]`.
/// Goes through the tablet's key ranges, in each from the largest segment to the smallest, with the keys that were not found
/// yet: a key is live at most once. Many keys are halved between this thread and another. kUnique tablets only.
Status find_in_segments(const TabletSnapshot& tablet, const KeyRun& sorted_keys, const std::vector<bool>& is_wanted,
                        std::vector<SegmentHit>& hits);

}  // namespace freshet::storage
