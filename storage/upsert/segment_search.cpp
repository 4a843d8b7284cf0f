#include "storage/upsert/segment_search.h"

#include <algorithm>
#include <numeric>

namespace freshet::storage {
namespace {

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

}  // namespace

Status find_in_segments(const TabletSnapshot& tablet, const KeyRun& sorted_keys, const std::vector<bool>& is_wanted,
                        std::vector<SegmentHit>& hits) {
  if (tablet.segments.empty()) return Status::OK();
  FRESHET_ASSERT(tablet.key_ranges != nullptr && tablet.key_ranges->segment_count() == tablet.segments.size());
  const KeyRanges& ranges = *tablet.key_ranges;
  std::vector<uint32_t> missing;
  std::vector<KeyMatch> matches;
  for (size_t begin = 0; begin < sorted_keys.size();) {
    const size_t interval = ranges.interval_of(sorted_keys, begin);
    const size_t end = ranges.end_of(interval, sorted_keys, begin);
    missing.resize(end - begin);
    std::iota(missing.begin(), missing.end(), static_cast<uint32_t>(begin));
    begin = end;
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

}  // namespace freshet::storage
