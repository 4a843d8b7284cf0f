#include "storage/commit/private_table.h"

namespace freshet::storage {

Result<uint64_t> PrivateTable::apply(const LoadCommit& load) {
  FRESHET_RETURN_IF_ERROR(check_kind(load));
  FRESHET_ASSIGN_OR_RETURN(PrivateChange change, publisher_.apply_privately(now_.current, load, open_buffers_));
  now_.current = std::move(change.table);
  open_buffers_.insert(change.new_buffers.begin(), change.new_buffers.end());
  now_.depends_on_base |= load.read_from != nullptr || load.partial != nullptr;
  // Sums are combined anew when they are published; rows without a key are taken from the buffers then.
  const bool keeps_sent = base_->schema->is_aggregate();
  const std::vector<TabletRows>& applied = keeps_sent ? load.tablets : change.rows;
  for (const TabletRows& tablet : applied) {
    if (!tablet.rows) continue;
    now_.bytes += tablet.rows->byte_size();
    if (base_->schema->is_unique()) rows_.push_back(*tablet.rows);
  }
  now_.blocks = rows_.size();
  return change.rows_replaced;
}

void PrivateTable::return_to(const Mark& mark) {
  now_ = mark;
  rows_.erase(rows_.begin() + static_cast<ptrdiff_t>(mark.blocks), rows_.end());
  // The views of the mark end before rows that were appended to their buffers since.
  open_buffers_.clear();
}

Status PrivateTable::check_kind(const LoadCommit& load) {
  bool inserts = false, deletes = false;
  for (const TabletRows& tablet : load.tablets) {
    if (tablet.replaces_all) return Status::Unsupported("INSERT OVERWRITE is not offered between BEGIN and COMMIT");
    for (size_t row = 0; tablet.rows && row < tablet.rows->row_count(); ++row) {
      (tablet.rows->is_delete(row) ? deletes : inserts) = true;
    }
  }
  if (base_->schema->is_aggregate() && (now_.has_inserts || inserts) && (now_.has_deletes || deletes)) {
    return Status::Unsupported("a transaction either adds rows to the AGGREGATE table {}.{} or deletes some",
                               base_->database_name, base_->name);
  }
  now_.has_inserts |= inserts;
  now_.has_deletes |= deletes;
  return Status::OK();
}

std::vector<TabletRows> PrivateTable::dead_rows() const {
  std::vector<TabletRows> result;
  for (size_t i = 0; !base_->schema->is_unique() && i < base_->tablets.size(); ++i) {
    const TabletSnapshot& before = *base_->tablets[i];
    const TabletSnapshot& after = *now_.current->tablets[i];
    TabletRows tablet;
    tablet.tablet = before.id;
    const auto add = [&](RowsetId rowset, const DeadRows& then, const DeadRows& now) {
      if (now.count() != then.count()) tablet.dead_rows.push_back({rowset, now.added_since(then)});
    };
    for (const SegmentView& view : before.segments)
      add(view.segment->id(), view.dead, after.find_segment(view.segment->id())->dead);
    for (const DeltaView& view : before.deltas) add(view.buffer->id(), view.dead, after.find_delta(view.buffer->id())->dead);
    if (!tablet.dead_rows.empty()) result.push_back(std::move(tablet));
  }
  return result;
}

std::vector<Block> PrivateTable::rows() const { return base_->schema->is_unique() ? rows_ : own_live_rows(); }

std::vector<Block> PrivateTable::own_live_rows() const {
  std::vector<Block> blocks;
  for (size_t i = 0; i < base_->tablets.size(); ++i) {
    for (const DeltaView& view : now_.current->tablets[i]->deltas) {
      if (base_->tablets[i]->find_delta(view.buffer->id()) != nullptr) continue;
      std::vector<RowOrdinal> live;
      for (RowOrdinal row = 0; row < view.row_count; ++row) {
        if (!view.dead.contains(row)) live.push_back(row);
      }
      if (live.empty()) continue;
      view.buffer->gather(live, blocks.emplace_back(Block::for_schema(*base_->schema)));
    }
  }
  return blocks;
}

}  // namespace freshet::storage
