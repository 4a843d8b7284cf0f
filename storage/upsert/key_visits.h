#pragma once

#include <algorithm>
#include <memory>
#include <ranges>
#include <vector>

#include "storage/tablet/snapshot.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// Which stored rows of a key a visit sees.
enum class RowsVisited : uint8_t {
  kLive,
  kAll,  ///< dead ones too; of one delta buffer at least the newest of each key
};

/// Position of key `row` of `wanted` in `sorted_keys`; their size when it is not there.
inline size_t position_of(const KeyRun& sorted_keys, const KeyRun& wanted, size_t row) {
  size_t low = 0, high = sorted_keys.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    sorted_keys.compare(middle, wanted, row) < 0 ? low = middle + 1 : high = middle;
  }
  return low < sorted_keys.size() && sorted_keys.compare(low, wanted, row) == 0 ? low : sorted_keys.size();
}

/// Calls visit(key, row) for the rows of the segment that have one of the keys (strictly increasing).
template <typename Visit>
Status visit_segment_hits(const SegmentView& view, const KeyRun& sorted_keys, RowsVisited which, const Visit& visit) {
  const SegmentMeta& meta = view.segment->meta();
  const auto keys = std::views::iota(uint32_t{0}, static_cast<uint32_t>(sorted_keys.size()));
  const auto begin =
      std::ranges::partition_point(keys, [&](uint32_t key) { return sorted_keys.compare_encoded(key, meta.min_key) < 0; });
  const auto end =
      std::ranges::partition_point(keys, [&](uint32_t key) { return sorted_keys.compare_encoded(key, meta.max_key) <= 0; });
  if (begin >= end) return Status::OK();
  const std::vector<uint32_t> in_range(begin, end);
  FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<const SegmentReader> reader, view.segment->reader());
  std::vector<KeyMatch> matches;
  FRESHET_RETURN_IF_ERROR(reader->find_keys(sorted_keys, in_range, matches));
  for (const KeyMatch& match : matches) {
    if (which == RowsVisited::kAll || !view.dead.contains(match.row)) visit(match.key, match.row);
  }
  return Status::OK();
}

/// The same for the rows of a delta from `first` on.
template <typename Visit>
void visit_delta_hits(const DeltaView& view, RowOrdinal first, const KeyRun& sorted_keys, RowsVisited which,
                      const Visit& visit) {
  const auto is_wanted = [&](RowOrdinal row) { return which == RowsVisited::kAll || !view.dead.contains(row); };
  if (view.row_count - first >= sorted_keys.size()) {
    for (size_t key = 0; key < sorted_keys.size(); ++key) {
      const auto row = view.buffer->find(sorted_keys, key, view.row_count);
      if (row && *row >= first && is_wanted(*row)) visit(static_cast<uint32_t>(key), *row);
    }
    return;
  }
  KeyRun wanted(sorted_keys.is_fixed());
  for (RowOrdinal row = first; row < view.row_count; ++row) {
    if (!is_wanted(row)) continue;
    wanted.clear();
    view.buffer->append_key(row, wanted);
    const size_t key = position_of(sorted_keys, wanted, 0);
    if (key < sorted_keys.size()) visit(static_cast<uint32_t>(key), row);
  }
}

}  // namespace freshet::storage
