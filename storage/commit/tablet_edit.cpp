#include "storage/commit/tablet_edit.h"

#include <algorithm>

#include "storage/base/assert.h"
#include "storage/meta/meta_keys.h"

namespace freshet::storage {

void TabletEdit::kill(RowsetId rowset, std::span<const RowOrdinal> rows) {
  if (rows.empty()) return;
  DeadRows* dead = nullptr;
  for (SegmentView& view : next_.segments) {
    if (view.segment->id() == rowset) dead = &view.dead;
  }
  for (DeltaView& view : next_.deltas) {
    if (view.buffer->id() == rowset) dead = &view.dead;
  }
  if (dead == nullptr) return;
  std::vector<RowOrdinal> added;
  added.reserve(rows.size());
  for (RowOrdinal row : rows) {
    if (!dead->contains(row)) added.push_back(row);
  }
  if (added.empty()) return;
  // The rows of one segment come in order mostly.
  if (!std::is_sorted(added.begin(), added.end())) std::sort(added.begin(), added.end());
  added.erase(std::unique(added.begin(), added.end()), added.end());
  *dead = dead->with(added);
  replaced_rows_ += added.size();
  record_.entries.push_back({rowset, encode_rows(added)});
}

void TabletEdit::remove_segment(RowsetId segment) {
  segments_changed_ = true;
  std::erase_if(next_.segments, [&](const SegmentView& view) { return view.segment->id() == segment; });
}

void TabletEdit::remove_delta(RowsetId buffer) {
  std::erase_if(next_.deltas, [&](const DeltaView& view) { return view.buffer->id() == buffer; });
}

TableSnapshotPtr with_tablet(const TableSnapshot& table, TabletSnapshotPtr tablet) {
  auto next = std::make_shared<TableSnapshot>(table);
  next->tablets[table.position_of(tablet->id).value()] = std::move(tablet);
  return next;
}

uint64_t fold_dead_rows(const TabletSnapshot& tablet, CommitNumber commit, std::unordered_map<RowsetId, uint32_t>& folded,
                        MetaBatch& batch) {
  uint64_t bytes = 0;
  auto fold = [&](RowsetId rowset, const DeadRows& dead) {
    auto [entry, is_new] = folded.try_emplace(rowset, 0);
    if (entry->second == dead.count()) return;
    entry->second = dead.count();
    DeadRowsRecord record;
    record.entries.push_back({rowset, encode_rows(dead.to_vector())});
    std::string encoded = record.encode();
    bytes += encoded.size();
    batch.put(meta_keys::folded_bitmap(tablet.id, rowset), std::move(encoded));
  };
  for (const SegmentView& view : tablet.segments) fold(view.segment->id(), view.dead);
  for (const DeltaView& view : tablet.deltas) fold(view.buffer->id(), view.dead);
  batch.erase_range(meta_keys::delete_delta(tablet.id, CommitNumber(0)), meta_keys::delete_delta(tablet.id, commit.next()));
  return bytes;
}

}  // namespace freshet::storage
