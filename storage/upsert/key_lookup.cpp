#include "storage/upsert/key_lookup.h"

#include <algorithm>
#include <bit>

#include "storage/upsert/segment_search.h"

namespace freshet::storage {
namespace {

/// Whether key `row` of `wanted` is among `sorted_keys`.
bool has_key(const KeyRun& sorted_keys, const KeyRun& wanted, size_t row) {
  if (sorted_keys.is_fixed()) {
    return std::binary_search(sorted_keys.fixed().begin(), sorted_keys.fixed().end(), wanted.fixed_at(row));
  }
  size_t low = 0, high = sorted_keys.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const int order = sorted_keys.compare(middle, wanted, row);
    if (order == 0) return true;
    order < 0 ? low = middle + 1 : high = middle;
  }
  return false;
}

Status probe_segments(const KeyRun& sorted_keys, const TabletSnapshot& tablet, ProbeState& state) {
  std::vector<bool> is_new;
  for (const SegmentView& view : tablet.segments) is_new.push_back(state.probed_rows(view.segment->id()) == 0);
  std::vector<SegmentHit> hits;
  FRESHET_RETURN_IF_ERROR(find_in_segments(tablet, sorted_keys, is_new, hits));
  for (const SegmentHit& hit : hits) state.add_hit(tablet.segments[hit.segment].segment->id(), hit.row);
  for (const SegmentView& view : tablet.segments) state.set_probed(view.segment->id(), view.segment->meta().row_count);
  return Status::OK();
}

/// A walk to a hash slot misses the caches; a step of a binary search in a small run does not.
bool hashing_is_cheaper(uint64_t keys, uint64_t rows) {
  constexpr uint64_t kHashCost = 12, kRowCost = 2;
  return keys * kHashCost <= rows * (kRowCost + static_cast<uint64_t>(std::bit_width(keys)));
}

/// Looks each key up in the delta's index. Older rows of a key than its newest are dead.
void probe_by_index(const KeyRun& sorted_keys, const DeltaView& view, RowOrdinal first, ProbeState& state) {
  for (size_t key = 0; key < sorted_keys.size(); ++key) {
    const std::optional<RowOrdinal> row = view.buffer->find(sorted_keys, key, view.row_count);
    if (row && *row >= first && !view.dead.contains(*row)) state.add_hit(view.buffer->id(), *row);
  }
}

/// Looks each row of the delta from `first` on up among the keys.
void probe_by_rows(const KeyRun& sorted_keys, const DeltaView& view, RowOrdinal first, ProbeState& state) {
  KeyRun key(sorted_keys.is_fixed());
  for (RowOrdinal row = first; row < view.row_count; ++row) {
    if (view.dead.contains(row)) continue;
    key.clear();
    view.buffer->append_key(row, key);
    if (has_key(sorted_keys, key, 0)) state.add_hit(view.buffer->id(), row);
  }
}

void probe_delta(const KeyRun& sorted_keys, const DeltaView& view, ProbeState& state) {
  const RowOrdinal first = state.probed_rows(view.buffer->id());
  if (first >= view.row_count) return;
  if (hashing_is_cheaper(sorted_keys.size(), view.row_count - first)) {
    probe_by_index(sorted_keys, view, first, state);
  } else {
    probe_by_rows(sorted_keys, view, first, state);
  }
  state.set_probed(view.buffer->id(), view.row_count);
}

}  // namespace

const RowsetHits* ProbeState::hits_of(RowsetId rowset) const {
  const auto found = std::find_if(hits_.begin(), hits_.end(), [&](const RowsetHits& hits) { return hits.rowset == rowset; });
  return found == hits_.end() ? nullptr : &*found;
}

uint32_t ProbeState::probed_rows(RowsetId rowset) const {
  const auto at = std::lower_bound(probed_.begin(), probed_.end(), rowset,
                                   [](const Probed& probed, RowsetId id) { return probed.rowset < id; });
  return at != probed_.end() && at->rowset == rowset ? at->rows : 0;
}

void ProbeState::set_probed(RowsetId rowset, uint32_t rows) {
  const auto at = std::lower_bound(probed_.begin(), probed_.end(), rowset,
                                   [](const Probed& probed, RowsetId id) { return probed.rowset < id; });
  if (at != probed_.end() && at->rowset == rowset) {
    at->rows = rows;
  } else {
    probed_.insert(at, {rowset, rows});
  }
}

void ProbeState::add_hit(RowsetId rowset, RowOrdinal row) {
  // The hits of one probe come together, so the last entry is nearly always the one.
  if (hits_.empty() || hits_.back().rowset != rowset) {
    const auto found =
        std::find_if(hits_.begin(), hits_.end(), [&](const RowsetHits& hits) { return hits.rowset == rowset; });
    if (found == hits_.end()) {
      hits_.push_back({rowset, {}});
    } else {
      std::iter_swap(found, hits_.end() - 1);
    }
  }
  hits_.back().rows.push_back(row);
}

Status probe(const KeyRun& sorted_keys, const TabletSnapshot& tablet, ProbeState& state) {
  if (sorted_keys.size() == 0) return Status::OK();
  FRESHET_RETURN_IF_ERROR(probe_segments(sorted_keys, tablet, state));
  for (const DeltaView& view : tablet.deltas) probe_delta(sorted_keys, view, state);
  return Status::OK();
}

uint64_t unprobed_rows(const TabletSnapshot& tablet, const ProbeState& state) {
  uint64_t rows = 0;
  for (const SegmentView& view : tablet.segments) {
    if (state.probed_rows(view.segment->id()) == 0) rows += view.segment->meta().row_count;
  }
  for (const DeltaView& view : tablet.deltas) {
    const uint32_t probed = state.probed_rows(view.buffer->id());
    if (probed < view.row_count) rows += view.row_count - probed;
  }
  return rows;
}

Result<std::optional<RowLocation>> find_live_row(const TabletSnapshot& tablet, const KeyRun& keys, size_t key) {
  using Found = std::optional<RowLocation>;
  for (size_t i = tablet.deltas.size(); i-- > 0;) {
    const DeltaView& view = tablet.deltas[i];
    const std::optional<RowOrdinal> row = view.buffer->find(keys, key, view.row_count);
    if (row && !view.dead.contains(*row)) return Found({.is_delta = true, .view = static_cast<uint32_t>(i), .row = *row});
  }
  if (tablet.segments.empty()) return Found();
  const KeyRanges& ranges = *tablet.key_ranges;
  for (uint32_t position : ranges.segments(ranges.interval_of(keys, key))) {
    const SegmentView& view = tablet.segments[position];
    FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<const SegmentReader> reader, view.segment->reader());
    FRESHET_ASSIGN_OR_RETURN(const std::optional<RowOrdinal> row, reader->find_key(keys, key));
    if (row && !view.dead.contains(*row)) return Found({.is_delta = false, .view = position, .row = *row});
  }
  return Found();
}

}  // namespace freshet::storage
