#include "storage/commit/partition_edit.h"

#include "storage/commit/table_partitions.h"
#include "storage/commit/tablet_contents.h"
#include "storage/meta/meta_keys.h"
#include "storage/types/table_options.h"

namespace freshet::storage {

Status PartitionEdit::stage(const TableState& table, const std::shared_ptr<TableSnapshot>& next, MetaBatch& batch) {
  keeps_history_ = history_retention_seconds(*table.head()->schema) > 0;
  before_ = next->partitions;
  next_ = next;
  next->partitions = what_.partitions;
  std::vector<TabletSnapshotPtr> kept;
  for (const TabletSnapshotPtr& tablet : next->tablets) (emptied_.contains(tablet->id) ? gone_ : kept).push_back(tablet);
  FRESHET_ASSIGN_OR_RETURN(next->tablets, make_tablets(*next, kept, parts_.ids));
  for (const TabletSnapshotPtr& tablet : next->tablets) {
    if (!before_->position_of(tablet->id)) put_tablet_contents(table, *tablet, batch);
  }
  for (const TabletSnapshotPtr& tablet : gone_) {
    erase_tablet_state(tablet->id, batch);
    if (keeps_history_) continue;
    erase_carried_blocks(tablet->id, batch);
    for (const SegmentView& view : tablet->segments) segments_.push_back(view.segment);
    parts_.history.forget_tablet(tablet->id, batch, retired_);
  }
  segments_.insert(segments_.end(), retired_.begin(), retired_.end());
  parts_.obsolete.add_to(batch, segments_);
  return Status::OK();
}

void PartitionEdit::retire(const TableState& table, CommitNumber commit, MetaBatch& batch) {
  PartitionsRecord record{before_->scheme(), before_->partitions(), {}};
  for (const TabletSnapshotPtr& tablet : gone_) {
    PartitionsRecord::Emptied emptied{tablet->id, {}};
    for (const SegmentView& view : tablet->segments) {
      parts_.history.retire_segment(view, commit, batch);
      emptied.rowsets.push_back(view.segment->id());
    }
    for (const DeltaView& view : tablet->deltas) {
      if (view.row_count == 0) continue;
      HistoryWriter::retire_buffer(tablet->id, view, table.buffers.at(view.buffer->id()).last_commit, commit, batch);
      emptied.rowsets.push_back(view.buffer->id());
    }
    // Blocks of a tablet that no partition has are those of older versions.
    if (!next_->position_of(tablet->id)) batch.erase(meta_keys::flushed_up_to(tablet->id));
    record.emptied.push_back(std::move(emptied));
  }
  batch.put(meta_keys::partitions_before(next_->id, commit), record.encode());
}

void PartitionEdit::finish(TableState& table, CommitNumber commit, MetaBatch& batch) {
  if (emptied_.empty()) return;
  TableVersionRecord version;
  for (const TabletSnapshotPtr& tablet : gone_) version.rows_deleted += tablet->live_rows();
  parts_.history.add_version(next_->id, commit, std::move(version), batch);
  if (keeps_history_) retire(table, commit, batch);
  for (const TabletSnapshotPtr& tablet : next_->tablets) {
    if (!emptied_.contains(tablet->id)) continue;
    table.marks[tablet->id] = {commit, commit};
    put_tablet_contents(table, *tablet, batch);
  }
}

void PartitionEdit::staged(TableState& table) {
  for (const TabletSnapshotPtr& tablet : gone_) {
    for (const SegmentView& view : tablet->segments) table.folded_dead_rows.erase(view.segment->id());
    for (const DeltaView& view : tablet->deltas) {
      table.buffers.erase(view.buffer->id());
      table.folded_dead_rows.erase(view.buffer->id());
    }
    if (next_->position_of(tablet->id)) continue;
    table.marks.erase(tablet->id);
    if (keeps_history_) table.dropped_tablets.insert(tablet->id);
  }
}

void PartitionEdit::committed() {
  parts_.history.forgotten(retired_);
  parts_.obsolete.committed(segments_);
}

}  // namespace freshet::storage
