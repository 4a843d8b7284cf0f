#pragma once

#include <map>
#include <memory>
#include <span>
#include <unordered_map>

#include "storage/meta/meta_records.h"
#include "storage/meta/meta_store.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// What one commit changes in one tablet: builds the tablet's next snapshot beside the records that describe the change.
/// One thread; the base snapshot is the staged head and the table's publish lock is held.
class TabletEdit {
 public:
  explicit TabletEdit(const TabletSnapshot& base) : next_(base) {}

  /// Marks rows as replaced. Rows of a rowset that is no longer here are ignored: what replaced that rowset was probed
  /// itself.
  void kill(RowsetId rowset, std::span<const RowOrdinal> rows);
  void add_segment(SegmentView segment) {
    next_.segments.push_back(std::move(segment));
    segments_changed_ = true;
  }
  void add_delta(DeltaView delta) { next_.deltas.push_back(std::move(delta)); }
  void remove_segment(RowsetId segment);
  void remove_delta(RowsetId buffer);
  /// The delta view that takes new rows. REQUIRES: the tablet has one.
  DeltaView& active_delta() { return next_.deltas.back(); }
  const TabletSnapshot& next() const { return next_; }

  /// Rows that became dead by kill().
  uint64_t replaced_rows() const { return replaced_rows_; }
  /// The dead rows that this edit added, for the commit's record; no entries when there are none.
  const DeadRowsRecord& dead_rows_record() const { return record_; }
  TabletSnapshotPtr finish() {
    if (segments_changed_) next_.index_segments();
    return std::make_shared<const TabletSnapshot>(std::move(next_));
  }

 private:
  TabletSnapshot next_;
  bool segments_changed_ = false;
  DeadRowsRecord record_;
  uint64_t replaced_rows_ = 0;
};

/// The table with the tablet of this id exchanged. REQUIRES: the table has it.
TableSnapshotPtr with_tablet(const TableSnapshot& table, TabletSnapshotPtr tablet);

/// Replaces the delete deltas of a tablet up to `commit` by whole bitmaps of the rowsets whose dead rows grew since they
/// were last folded. `folded` is updated; the tablet's records name exactly its rowsets afterwards. The bytes that it
/// writes.
uint64_t fold_dead_rows(const TabletSnapshot& tablet, CommitNumber commit, std::unordered_map<RowsetId, uint32_t>& folded,
                        MetaBatch& batch);

}  // namespace freshet::storage
