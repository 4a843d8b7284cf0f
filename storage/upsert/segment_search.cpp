#include "storage/upsert/segment_search.h"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "storage/base/side_by_side.h"

namespace freshet::storage {
namespace {

/// A thread costs as much as the search for some thousand keys.
constexpr size_t kMinKeysOfTwoThreads = 32 * 1024;
/// Two threads take the keys in pieces as they come to them: new keys cost nearly nothing, known ones a search.
constexpr size_t kKeysPerPiece = 4 * 1024;

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

/// Some neighbouring keys, and where they were found.
struct Piece {
  size_t begin = 0;
  size_t end = 0;
  std::vector<SegmentHit> hits;
  Status status;
};

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

  std::vector<Piece> pieces;
  for (size_t begin = 0; begin < keys; begin += kKeysPerPiece)
    pieces.push_back({begin, std::min(keys, begin + kKeysPerPiece), {}, {}});
  std::atomic<size_t> next{0};
  const auto search = [&] {
    for (size_t i = next++; i < pieces.size(); i = next++) {
      Piece& piece = pieces[i];
      piece.status = search_part(tablet, sorted_keys, piece.begin, piece.end, is_wanted, piece.hits);
    }
  };
  run_side_by_side(search, search);
  for (const Piece& piece : pieces) {
    FRESHET_RETURN_IF_ERROR(piece.status);
    hits.insert(hits.end(), piece.hits.begin(), piece.hits.end());
  }
  return Status::OK();
}

}  // namespace freshet::storage
