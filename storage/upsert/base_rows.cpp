#include "storage/upsert/base_rows.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "storage/types/value_text.h"
#include "storage/upsert/key_visits.h"
#include "storage/upsert/segment_search.h"

namespace freshet::storage {
namespace {

/// Base rows by rowset: which have gone, and where rows died.
struct RowsetChange {
  bool is_gone = false;
  std::vector<RowOrdinal> died;  ///< ascending
};

}  // namespace

Result<std::vector<BaseRow>> find_base_rows(const TabletSnapshot& tablet, const KeyRun& sorted_keys) {
  std::vector<BaseRow> bases(sorted_keys.size());
  if (bases.empty()) return bases;
  std::vector<SegmentHit> hits;
  FRESHET_RETURN_IF_ERROR(find_in_segments(tablet, sorted_keys, std::vector<bool>(tablet.segments.size(), true), hits));
  for (const SegmentHit& hit : hits) bases[hit.key] = {tablet.segments[hit.segment].segment->id(), hit.row};
  for (const DeltaView& view : tablet.deltas) {
    if (view.row_count == 0) continue;
    visit_delta_hits(view, 0, sorted_keys, RowsVisited::kLive, [&](uint32_t key, RowOrdinal row) {
      bases[key] = {view.buffer->id(), row};
    });
  }
  return bases;
}

Status refuse_new_key(std::span<const Column> key) {
  return Status::InvalidArgument(
      "[E-7003]Can't append new rows in partial update when partial_update_new_key_behavior is ERROR. Row with key={} is "
      "not "
      "in table.",
      key_text(key, 0));
}

Result<std::vector<uint32_t>> find_changed_keys(const TabletSnapshot& then, const TabletSnapshot& now,
                                                const KeyRun& sorted_keys, std::span<const BaseRow> bases,
                                                bool keeps_deletes) {
  std::vector<uint32_t> changed;
  if (&then == &now || bases.empty()) return changed;

  std::unordered_map<RowsetId, RowsetChange> changes;
  for (const SegmentView& view : then.segments) {
    const SegmentView* current = now.find_segment(view.segment->id());
    if (current == nullptr) {
      changes[view.segment->id()].is_gone = true;
    } else if (current->dead.count() != view.dead.count()) {
      changes[view.segment->id()].died = current->dead.added_since(view.dead);
    }
  }
  for (const DeltaView& view : then.deltas) {
    const DeltaView* current = now.find_delta(view.buffer->id());
    if (current == nullptr) {
      changes[view.buffer->id()].is_gone = true;
    } else if (current->dead.count() != view.dead.count()) {
      changes[view.buffer->id()].died = current->dead.added_since(view.dead);
    }
  }
  for (size_t key = 0; !changes.empty() && key < bases.size(); ++key) {
    if (!bases[key].exists()) continue;
    const auto change = changes.find(bases[key].rowset);
    if (change == changes.end()) continue;
    const RowsetChange& rowset = change->second;
    if (rowset.is_gone || std::binary_search(rowset.died.begin(), rowset.died.end(), bases[key].row)) {
      changed.push_back(static_cast<uint32_t>(key));
    }
  }

  const RowsVisited which = keeps_deletes ? RowsVisited::kAll : RowsVisited::kLive;
  const auto came = [&](uint32_t key, RowOrdinal) { changed.push_back(key); };
  for (const SegmentView& view : now.segments) {
    if (then.find_segment(view.segment->id()) != nullptr) continue;
    FRESHET_RETURN_IF_ERROR(visit_segment_hits(view, sorted_keys, which, came));
  }
  for (const DeltaView& view : now.deltas) {
    const DeltaView* before = then.find_delta(view.buffer->id());
    const RowOrdinal first = before == nullptr ? 0 : before->row_count;
    if (first < view.row_count) visit_delta_hits(view, first, sorted_keys, which, came);
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

void remember_base_rows(const TabletSnapshot& tablet, std::span<const BaseRow> bases, ProbeState& state) {
  for (const SegmentView& view : tablet.segments) state.set_probed(view.segment->id(), view.segment->meta().row_count);
  for (const DeltaView& view : tablet.deltas) state.set_probed(view.buffer->id(), view.row_count);
  for (const BaseRow& base : bases) {
    if (base.exists()) state.add_hit(base.rowset, base.row);
  }
}

BaseLocations locate_base_rows(const TabletSnapshot& tablet, std::span<const BaseRow> bases) {
  std::unordered_map<RowsetId, uint32_t> slot_of;  // segments, then deltas
  const uint32_t segments = static_cast<uint32_t>(tablet.segments.size());
  for (uint32_t i = 0; i < segments; ++i) slot_of[tablet.segments[i].segment->id()] = i;
  for (uint32_t i = 0; i < tablet.deltas.size(); ++i) slot_of[tablet.deltas[i].buffer->id()] = segments + i;

  // Grouped by rowset: rows of a segment are in key order, as bases are.
  std::vector<uint32_t> slots(bases.size()), next(segments + tablet.deltas.size() + 1, 0);
  for (size_t i = 0; i < bases.size(); ++i) {
    if (!bases[i].exists()) continue;
    const bool is_as_before = i > 0 && bases[i].rowset == bases[i - 1].rowset;
    slots[i] = is_as_before ? slots[i - 1] : slot_of.at(bases[i].rowset);
    ++next[slots[i] + 1];
  }
  std::partial_sum(next.begin(), next.end(), next.begin());
  BaseLocations found;
  found.locations.resize(next.back());
  found.found_at.resize(bases.size(), BaseLocations::kNone);
  for (size_t i = 0; i < bases.size(); ++i) {
    if (!bases[i].exists()) continue;
    const bool is_delta = slots[i] >= segments;
    found.found_at[i] = next[slots[i]]++;
    found.locations[found.found_at[i]] = {
        .is_delta = is_delta, .view = is_delta ? slots[i] - segments : slots[i], .row = bases[i].row};
  }
  return found;
}

Status fill_from_base_rows(const TableSchema& schema, const TabletSnapshot& tablet, std::span<const BaseRow> bases,
                           std::span<const size_t> columns, std::span<Column*> values) {
  return fill_from_base_rows(schema, tablet, locate_base_rows(tablet, bases), columns, values);
}

Status fill_from_base_rows(const TableSchema& schema, const TabletSnapshot& tablet, const BaseLocations& found,
                           std::span<const size_t> columns, std::span<Column*> values) {
  FRESHET_ASSERT(columns.size() == values.size());
  if (found.locations.empty()) return Status::OK();
  const size_t rows = found.found_at.size();
  const bool is_in_order = found.all_exist() && std::is_sorted(found.found_at.begin(), found.found_at.end());
  std::vector<Column> all_old;
  for (const size_t column : columns) {
    all_old.emplace_back(schema.columns[column].type);
    all_old.back().reserve(found.locations.size());
  }
  FRESHET_RETURN_IF_ERROR(read_rows(schema, tablet, found.locations, columns, all_old));
  for (size_t i = 0; i < columns.size(); ++i) {
    Column& old = all_old[i];
    if (is_in_order) {
      *values[i] = std::move(old);
      continue;
    }
    Column merged(old.type());
    merged.reserve(rows);
    if (found.all_exist()) {
      merged.append_gather(old, found.found_at);
    } else {
      for (size_t row = 0; row < rows; ++row) {
        const uint32_t at = found.found_at[row];
        at == BaseLocations::kNone ? merged.append_from(*values[i], row) : merged.append_from(old, at);
      }
    }
    *values[i] = std::move(merged);
  }
  return Status::OK();
}

}  // namespace freshet::storage
