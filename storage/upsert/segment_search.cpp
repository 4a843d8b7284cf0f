#include "storage/upsert/segment_search.h"

#include <algorithm>
#include <numeric>

#include "storage/base/side_by_side.h"

namespace freshet::storage {
namespace {

/// A thread costs as much as the search for some thousand keys.
constexpr size_t kMinKeysOfTwoThreads = 32 * 1024;

/// Takes the keys of `hits` (ascending) out of `keys` (ascending).
void remove_found(std::vector<uint32_t>& keys, std::span<const SegmentHit> hits) {
  if (hits.empty()) return;
  size_t next = 0;
  std::erase_if(keys, [&](uint32_t key) {
    const bool is_found = next < hits.size() && hits[next].key == key;
    next += is_found;
    return is_found;
  });
}

/// Looks keys [begin, end) up.
Status search_part(const TabletSnapshot& tablet, const KeyRun& sorted_keys, size_t begin, size_t end,
                   const std::vector<bool>& is_wanted, std::vector<SegmentHit>& hits) {
  const KeyRanges& ranges = *tablet.key_ranges;
  std::vector<uint32_t> missing;
  std::vector<KeyMatch> matches;
  while (begin < end) {
    const size_t interval = ranges.interval_of(sorted_keys, begin);
    missing.resize(std::min(end, ranges.end_of(interval, sorted_keys, begin)) - begin);
    std::iota(missing.begin(), missing.end(), static_cast<uint32_t>(begin));
    begin += missing.size();
    for (uint32_t position : ranges.segments(interval)) {
      if (missing.empty()) break;
      if (!is_wanted[position]) continue;
      const SegmentView& view = tablet.segments[position];
      FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<const SegmentReader> reader, view.segment->reader());
      matches.clear();
      FRESHET_RETURN_IF_ERROR(reader->find_keys(sorted_keys, missing, matches));
      const size_t first_hit = hits.size();
      for (const KeyMatch& match : matches) {
        if (!view.dead.contains(match.row)) hits.push_back({position, match.key, match.row});
      }
      remove_found(missing, std::span(hits).subspan(first_hit));
    }
  }
  return Status::OK();
}

}  // namespace

Status find_in_segments(const TabletSnapshot& tablet, const KeyRun& sorted_keys, const std::vector<bool>& is_wanted,
                        std::vector<SegmentHit>& hits) {
  if (tablet.segments.empty()) return Status::OK();
  FRESHET_ASSERT(tablet.key_ranges != nullptr && tablet.key_ranges->segment_count() == tablet.segments.size());
  const size_t keys = sorted_keys.size();
  if (keys < kMinKeysOfTwoThreads) return search_part(tablet, sorted_keys, 0, keys, is_wanted, hits);

  std::vector<SegmentHit> upper_hits;
  Status upper;
  Status lower;
  run_side_by_side([&] { upper = search_part(tablet, sorted_keys, keys / 2, keys, is_wanted, upper_hits); },
                   [&] { lower = search_part(tablet, sorted_keys, 0, keys / 2, is_wanted, hits); });
  FRESHET_RETURN_IF_ERROR(lower);
  FRESHET_RETURN_IF_ERROR(upper);
  hits.insert(hits.end(), upper_hits.begin(), upper_hits.end());
  return Status::OK();
}

}  // namespace freshet::storage
