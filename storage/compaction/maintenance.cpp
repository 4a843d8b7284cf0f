#include "storage/compaction/maintenance.h"

#include <algorithm>
#include <chrono>

#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/base/thread_priority.h"
#include "storage/commit/tablet_contents.h"
#include "storage/commit/tablet_edit.h"
#include "storage/compaction/compaction_job.h"
#include "storage/compaction/delta_flush.h"
#include "storage/meta/meta_keys.h"
#include "storage/tablet/tombstones.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(500);
/// Bytes that a merge holds for a live row: its place in the map and in the order, its key's hash, its part of the key
/// filter and of the dead rows beside it.
constexpr uint64_t kMergeBytesPerRow = 18;
constexpr int kBackgroundNice = 10;

std::vector<SegmentStat> stats_of(const TabletSnapshot& tablet, int64_t oldest_delete_seconds) {
  std::vector<SegmentStat> stats;
  for (const SegmentView& view : tablet.segments) {
    const SegmentMeta& meta = view.segment->meta();
    const uint32_t dead = meta.row_count - rows_to_keep(view, oldest_delete_seconds);
    stats.push_back({meta.id, meta.row_count, dead, meta.file_bytes, meta.level});
  }
  return stats;
}

/// Null when the tablet is gone with its partition.
TabletSnapshotPtr current(const TableState& table, TabletId id) {
  const TableSnapshotPtr head = table.head();
  const std::optional<uint32_t> position = head->position_of(id);
  return position ? head->tablets[*position] : nullptr;
}

}  // namespace

Maintenance::Maintenance(const Parts& parts, const MaintenanceOptions& options)
    : parts_(parts), options_(options), rate_limiter_(options.compaction_bytes_per_second) {
  const uint64_t rows = options.compaction_memory_bytes / kMergeBytesPerRow / std::max(1u, options.compaction_threads);
  options_.pick.max_input_rows = std::clamp<uint64_t>(options_.pick.max_input_rows, 1, std::max<uint64_t>(1, rows));
}

Maintenance::~Maintenance() { stop(); }

void Maintenance::start() {
  threads_.emplace_back([this] { run(JobKind::kFlush); });
  for (uint32_t i = 0; i < std::max(1u, options_.compaction_threads); ++i) {
    threads_.emplace_back([this] { run(JobKind::kCompaction); });
  }
}

void Maintenance::stop() {
  stopping_ = true;
  notify();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Maintenance::notify() {
  {
    std::lock_guard lock(wake_mutex_);
    ++calls_;
  }
  wake_.notify_all();
}

void Maintenance::run(JobKind kind) {
  yield_to_others(kBackgroundNice);
  uint64_t calls_seen = 0;
  while (!stopping_) {
    if (work_once(kind)) continue;
    std::unique_lock lock(wake_mutex_);
    wake_.wait_for(lock, kIdleWait, [&] { return calls_ != calls_seen || stopping_.load(); });
    calls_seen = calls_;
  }
}

bool Maintenance::work_once(JobKind kind) {
  bool did_something = false;
  if (kind == JobKind::kFlush) parts_.admission.count_delta_bytes();
  const uint64_t wanted_rowsets = kind == JobKind::kCompaction ? parts_.admission.take_wanted_rowsets() : 0;
  for (const TableStatePtr& table : parts_.catalog.all_tables()) {
    const TableSnapshotPtr head = table->head();
    for (const TabletSnapshotPtr& tablet : head->tablets) {
      if (stopping_) break;
      const std::optional<TabletJobs::Claim> claim = jobs_.try_begin(tablet->id, kind);
      if (!claim) continue;
      const Result<bool> worked = kind == JobKind::kFlush ? flush_if_needed(*table, tablet->id)
                                                          : compact_if_needed(*table, tablet->id, wanted_rowsets);
      if (worked.ok()) {
        did_something |= *worked;
        if (*worked) jobs_.succeeded(tablet->id, kind);
      } else if (!stopping_) {
        const auto pause = jobs_.failed(tablet->id, kind);
        log_warning("{} of tablet {} of table {} waits {} s: {}", kind == JobKind::kFlush ? "flush" : "compaction",
                    tablet->id.value, table->head()->name, pause.count(), worked.status().to_string());
      }
    }
  }
  if (kind == JobKind::kCompaction) forget_gone_tablets();
  return did_something;
}

Result<bool> Maintenance::flush_if_needed(TableState& table, TabletId tablet_id) {
  const TabletSnapshotPtr tablet = current(table, tablet_id);
  if (tablet == nullptr) return false;
  if (needs_flush(*tablet)) {
    FRESHET_RETURN_IF_ERROR(flush_tablet(table, tablet_id));
    return true;
  }
  const auto oldest = std::chrono::seconds(options_.delta_flush_seconds);
  if (!table.unfolded_deletes.need_fold(tablet_id, options_.delete_fold_commits, oldest)) return false;
  FRESHET_RETURN_IF_ERROR(fold_deletes(table, tablet_id));
  return true;
}

Result<bool> Maintenance::compact_if_needed(TableState& table, TabletId tablet_id, uint64_t wanted_rowsets) {
  const TabletSnapshotPtr tablet = current(table, tablet_id);
  if (tablet == nullptr) return false;
  if (const auto kind = requests_.take(tablet->id)) {
    FRESHET_RETURN_IF_ERROR(compact_as_asked(table, tablet_id, *kind));
    return true;
  }
  PickOptions options = pick_options(*table.head()->schema, wanted_rowsets);
  options.rests = wanted_rowsets == 0 && jobs_.rests(tablet_id);
  const auto pick = pick_compaction(stats_of(*tablet, oldest_delete_seconds()), options);
  if (!has_room(table, *tablet, pick) || !pick) return false;
  const bool takes_all = pick->inputs.size() == tablet->segments.size();
  FRESHET_RETURN_IF_ERROR(
      compact_all(table, tablet_id, takes_all ? CompactionKind::kBase : CompactionKind::kCumulative, {*pick}));
  if (pick->reason == PickReason::kBase || pick->reason == PickReason::kDeadRows) jobs_.begin_rest(tablet_id);
  return true;
}

CompactionDebt Maintenance::debt(const TableSnapshot& table) const {
  CompactionDebt sum;
  for (const TabletSnapshotPtr& tablet : table.tablets) {
    const CompactionDebt debt = compaction_debt(stats_of(*tablet, oldest_delete_seconds()), pick_options(*table.schema, 0));
    sum.rowsets += debt.rowsets;
    sum.live_bytes += debt.live_bytes;
  }
  return sum;
}

Status Maintenance::check_room(const TabletSnapshot& tablet, const std::vector<RowsetId>& inputs) const {
  uint64_t output_bytes = 0;
  for (const SegmentStat& segment : stats_of(tablet, oldest_delete_seconds())) {
    if (std::find(inputs.begin(), inputs.end(), segment.id) != inputs.end()) output_bytes += segment.live_bytes();
  }
  // Segments without a live row go without anything being written.
  if (output_bytes == 0) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const uint64_t free, parts_.files.free_bytes());
  if (free >= options_.disk_reserve_bytes && free - options_.disk_reserve_bytes >= output_bytes) return Status::OK();
  return Status::OutOfSpace(
      "a compaction writes {} bytes before it removes what it has merged; the data disk has {} bytes free, of which {} are "
      "the reserve (storage.disk_reserve_bytes); free space first",
      output_bytes, free, options_.disk_reserve_bytes);
}

bool Maintenance::has_room(const TableState& table, const TabletSnapshot& tablet,
                           const std::optional<CompactionPick>& pick) {
  const Status room = pick ? check_room(tablet, pick->inputs) : Status::OK();
  std::lock_guard lock(room_mutex_);
  if (room.ok()) {
    without_room_.erase(tablet.id);
  } else if (without_room_.insert(tablet.id).second) {
    log_warning("compaction of tablet {} of table {} waits for room: {}", tablet.id.value, table.head()->name,
                room.message());
  }
  return room.ok();
}

void Maintenance::forget_gone_tablets() {
  std::lock_guard lock(room_mutex_);
  if (without_room_.empty()) return;
  std::set<TabletId> known;
  for (const TableStatePtr& table : parts_.catalog.all_tables()) {
    const TableSnapshotPtr head = table->head();
    for (const TabletSnapshotPtr& tablet : head->tablets) known.insert(tablet->id);
  }
  std::erase_if(without_room_, [&](TabletId tablet) { return !known.contains(tablet); });
}

Status Maintenance::compact_all(TableState& table, TabletId tablet, CompactionKind kind,
                                const std::vector<CompactionPick>& picks) {
  requests_.started(tablet, kind);
  Status status;
  for (const CompactionPick& pick : picks) {
    if (status.ok()) status = compact_tablet(table, tablet, pick.inputs);
  }
  requests_.finished(tablet, status, clock_.unix_micros());
  if (status.ok()) jobs_.succeeded(tablet, JobKind::kCompaction);
  return status;
}

PickOptions Maintenance::pick_options(const TableSchema& schema, uint64_t wanted_rowsets) const {
  PickOptions options = options_.pick;
  options.max_segments -= static_cast<uint32_t>(std::min<uint64_t>(wanted_rowsets, options.max_segments / 2));
  // Nobody looks keys of other tables up: what is merged for it alone would be written for nothing.
  if (!schema.is_unique()) options.base_fraction = 0;
  return options;
}

std::vector<CompactionPick> Maintenance::picks_for(const TabletSnapshot& tablet, CompactionKind kind) const {
  if (kind != CompactionKind::kCumulative) return pick_all(stats_of(tablet, oldest_delete_seconds()), options_.pick);
  PickOptions eager = options_.pick;
  eager.trigger_segments = 2;
  eager.base_fraction = 0;
  auto pick = pick_compaction(stats_of(tablet, oldest_delete_seconds()), eager);
  return pick ? std::vector{std::move(*pick)} : std::vector<CompactionPick>{};
}

Status Maintenance::compact_as_asked(TableState& table, TabletId tablet_id, CompactionKind kind) {
  Status flushed;
  {
    const TabletJobs::Claim claim = jobs_.begin(tablet_id, JobKind::kFlush);
    flushed = flush_tablet(table, tablet_id);
  }
  const TabletSnapshotPtr tablet = current(table, tablet_id);
  if (!flushed.ok() || tablet == nullptr) {
    requests_.finished(tablet_id, flushed, clock_.unix_micros());
    return flushed;
  }
  return compact_all(table, tablet_id, kind, picks_for(*tablet, kind));
}

Status Maintenance::request(const TableState& table, TabletId tablet_id, CompactionKind kind) {
  const TableSnapshotPtr head = table.head();
  for (const TabletSnapshotPtr& tablet : head->tablets) {
    if (tablet->id != tablet_id) continue;
    const bool has_delta_rows =
        std::any_of(tablet->deltas.begin(), tablet->deltas.end(), [](const DeltaView& view) { return view.row_count > 0; });
    if (!has_delta_rows && picks_for(*tablet, kind).empty()) {
      return Status::Conflict("tablet {} has nothing to compact", tablet_id.value);
    }
    FRESHET_RETURN_IF_ERROR(requests_.add(tablet_id, kind));
    // It goes at once, whatever failed before.
    jobs_.succeeded(tablet_id, JobKind::kCompaction);
    notify();
    return Status::OK();
  }
  return Status::NotFound("table {} has no tablet {}", head->name, tablet_id.value);
}

int64_t Maintenance::oldest_delete_seconds() const {
  return clock_.unix_seconds() - static_cast<int64_t>(options_.tombstone_keep_seconds);
}

bool Maintenance::needs_flush(const TabletSnapshot& tablet) const {
  if (tablet.deltas.size() > 1) return true;
  const DeltaView& active = tablet.deltas.back();
  if (active.row_count == 0) return false;
  if (active.buffer->byte_size() >= options_.delta_flush_bytes || active.row_count >= options_.delta_flush_rows) return true;
  if (parts_.admission.wants_flush(*active.buffer)) return true;
  const auto age = std::chrono::steady_clock::now() - active.buffer->created();
  return age >= std::chrono::seconds(options_.delta_flush_seconds);
}

Status Maintenance::flush(TableState& table) {
  const TableSnapshotPtr head = table.head();
  for (const TabletSnapshotPtr& tablet : head->tablets) {
    const TabletJobs::Claim claim = jobs_.begin(tablet->id, JobKind::kFlush);
    FRESHET_RETURN_IF_ERROR(flush_tablet(table, tablet->id));
  }
  return Status::OK();
}

Status Maintenance::compact_fully(TableState& table) {
  const TableSnapshotPtr head = table.head();
  for (const TabletSnapshotPtr& tablet : head->tablets) {
    const TabletJobs::Claim claim = jobs_.begin(tablet->id, JobKind::kCompaction);
    const TabletSnapshotPtr now = current(table, tablet->id);
    if (now == nullptr) continue;
    FRESHET_RETURN_IF_ERROR(compact_all(table, tablet->id, CompactionKind::kFull, picks_for(*now, CompactionKind::kFull)));
  }
  return Status::OK();
}

Status Maintenance::flush_tablet(TableState& table, TabletId tablet_id) {
  FRESHET_ASSIGN_OR_RETURN(const bool has_rows, seal(table, tablet_id));
  if (!has_rows) return table.unfolded_deletes.count(tablet_id) > 0 ? fold_deletes(table, tablet_id) : Status::OK();
  while (!stopping_) {
    const TabletSnapshotPtr tablet = current(table, tablet_id);
    if (tablet == nullptr || tablet->deltas.size() <= 1) break;
    FRESHET_RETURN_IF_ERROR(flush_oldest_sealed(table, tablet_id));
  }
  return Status::OK();
}

Result<bool> Maintenance::seal(TableState& table, TabletId tablet_id) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t next_buffer, parts_.ids.next());
  std::lock_guard publish(table.publish_lock);
  const TableSnapshotPtr head = table.head();
  const TabletSnapshot* found = head->find_tablet(tablet_id);
  if (table.dropped || found == nullptr) return false;
  const TabletSnapshot& tablet = *found;
  if (tablet.deltas.back().row_count == 0) return tablet.deltas.size() > 1;
  TabletEdit edit(tablet);
  edit.add_delta({std::make_shared<DeltaBuffer>(RowsetId(next_buffer), head->schema), 0, {}});
  table.set_head(with_tablet(*head, edit.finish()));
  return true;
}

Status Maintenance::fold_deletes(TableState& table, TabletId tablet_id) {
  auto change = std::make_shared<CommitPipeline::Change>();
  {
    std::lock_guard publish(table.publish_lock);
    const TableSnapshotPtr head = table.head();
    const TabletSnapshot* tablet = head->find_tablet(tablet_id);
    if (table.dropped || tablet == nullptr) return Status::OK();
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.prepare());
    fold(table, *tablet, change->batch);
    change->install = [](ServerSnapshot&) {};
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.enqueue(change).status());
  }
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(change));
  counters_.folds.fetch_add(1, std::memory_order_relaxed);
  return Status::OK();
}

void Maintenance::fold(TableState& table, const TabletSnapshot& tablet, MetaBatch& batch) {
  // Every delete delta of this tablet has a number that was given out under this lock.
  const CommitNumber newest(parts_.commit_numbers.last());
  const uint64_t bytes = fold_dead_rows(tablet, newest, table.folded_dead_rows, batch);
  counters_.fold_bytes_written.fetch_add(bytes, std::memory_order_relaxed);
  table.unfolded_deletes.folded(tablet.id);
  table.marks[tablet.id].folded_up_to = newest;
  put_tablet_contents(table, tablet, batch);
}

Status Maintenance::flush_oldest_sealed(TableState& table, TabletId tablet_id) {
  const TableSnapshotPtr start = table.head();
  const TabletSnapshot* found = start->find_tablet(tablet_id);
  if (found == nullptr) return Status::OK();
  const TabletSnapshot& tablet = *found;
  const DeltaView sealed = tablet.deltas.front();
  failpoint(Failpoint::kFlushStart);
  FRESHET_ASSIGN_OR_RETURN(const uint64_t segment_id, parts_.ids.next());
  SegmentWriterOptions writer_options;
  writer_options.newest_commit = CommitNumber(parts_.commit_numbers.last());
  FRESHET_ASSIGN_OR_RETURN(const FlushOutput output,
                           flush_delta(parts_.files, sealed, RowsetId(segment_id), tablet.id, writer_options));
  std::shared_ptr<const Segment> segment;
  if (output.meta) {
    FRESHET_RETURN_IF_ERROR(parts_.files.sync_names());
    segment = std::make_shared<const Segment>(parts_.files, parts_.page_cache, *output.meta, start->schema);
  }
  failpoint(Failpoint::kFlushSegmentWritten);

  auto change = std::make_shared<CommitPipeline::Change>();
  {
    std::lock_guard publish(table.publish_lock);
    const TableSnapshotPtr head = table.head();
    const TabletSnapshot* now = head->find_tablet(tablet_id);
    const DeltaView* current = now == nullptr ? nullptr : now->find_delta(sealed.buffer->id());
    if (table.dropped || current == nullptr) {
      if (segment) segment->remove_file_when_unused();
      return Status::OK();
    }
    TabletEdit edit(*now);
    edit.remove_delta(sealed.buffer->id());
    if (segment) {
      edit.add_segment({segment, {}});
      edit.kill(segment->id(), output.tombstones);
      edit.kill(segment->id(), output.translate(current->dead.added_since(sealed.dead)));
      change->batch.put(meta_keys::segment(tablet.id, segment->id()), segment->meta().serialize());
    }
    const TabletSnapshotPtr flushed = edit.finish();
    const TableSnapshotPtr next = with_tablet(*head, flushed);
    const CommitNumber newest_row = table.buffers.at(sealed.buffer->id()).last_commit;
    if (history_retention_seconds(*head->schema) > 0) {
      change->finish_batch = [&, current = *current](CommitNumber commit, MetaBatch& batch) {
        HistoryWriter::retire_buffer(tablet.id, current, newest_row, commit, batch);
        HistoryWriter::add_birth(tablet.id, RowsetId(segment_id), commit, {sealed.buffer->id()}, batch);
      };
    } else {
      change->batch.erase_range(meta_keys::carried_block(tablet.id, CommitNumber(0)),
                                meta_keys::carried_block(tablet.id, newest_row.next()));
    }
    change->batch.erase(meta_keys::folded_bitmap(tablet.id, sealed.buffer->id()));
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.prepare());
    table.marks[tablet.id].flushed_up_to = newest_row;
    fold(table, *flushed, change->batch);
    change->install = [next](ServerSnapshot& server) { server.tables[next->id] = next; };
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.enqueue(change).status());
    change->finish_batch = nullptr;
    table.buffers.erase(sealed.buffer->id());
    table.folded_dead_rows.erase(sealed.buffer->id());
    table.set_head(next);
  }
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(change));
  failpoint(Failpoint::kFlushCommitted);
  counters_.flushes.fetch_add(1, std::memory_order_relaxed);
  if (output.meta) counters_.flush_bytes_written.fetch_add(output.meta->file_bytes, std::memory_order_relaxed);
  return Status::OK();
}

Status Maintenance::compact_tablet(TableState& table, TabletId tablet_id, const std::vector<RowsetId>& input_ids) {
  const TableSnapshotPtr start = table.head();
  const TabletSnapshot* found = start->find_tablet(tablet_id);
  if (found == nullptr) return Status::OK();
  const TabletSnapshot& tablet = *found;
  std::vector<SegmentView> inputs;
  uint32_t level = 0;
  for (RowsetId id : input_ids) {
    const SegmentView* view = tablet.find_segment(id);
    if (view == nullptr) return Status::OK();
    inputs.push_back(*view);
    level = std::max(level, view->segment->meta().level);
  }
  FRESHET_RETURN_IF_ERROR(check_room(tablet, input_ids));
  failpoint(Failpoint::kCompactionStart);
  FRESHET_ASSIGN_OR_RETURN(const uint64_t output_id, parts_.ids.next());
  SegmentWriterOptions writer_options;
  writer_options.level = level + 1;
  writer_options.newest_commit = CommitNumber(parts_.commit_numbers.last());
  FRESHET_ASSIGN_OR_RETURN(const CompactionOutput output,
                           run_compaction(parts_.files, inputs, start->schema, *start->key_codec, RowsetId(output_id),
                                          tablet.id, writer_options, oldest_delete_seconds(), &rate_limiter_, &stopping_));
  std::shared_ptr<const Segment> segment;
  if (output.meta) {
    FRESHET_RETURN_IF_ERROR(parts_.files.sync_names());
    segment = std::make_shared<const Segment>(parts_.files, parts_.page_cache, *output.meta, start->schema);
  }
  failpoint(Failpoint::kCompactionSegmentWritten);

  std::vector<std::shared_ptr<const Segment>> obsolete;
  for (const SegmentView& input : inputs) obsolete.push_back(input.segment);
  auto change = std::make_shared<CommitPipeline::Change>();
  {
    std::lock_guard publish(table.publish_lock);
    const TableSnapshotPtr head = table.head();
    const TabletSnapshot* now = head->find_tablet(tablet_id);
    const bool inputs_are_gone = now == nullptr || std::any_of(input_ids.begin(), input_ids.end(), [&](RowsetId id) {
                                   return now->find_segment(id) == nullptr;
                                 });
    if (table.dropped || inputs_are_gone) {
      if (segment) segment->remove_file_when_unused();
      return Status::OK();
    }
    TabletEdit edit(*now);
    std::vector<RowOrdinal> died_meanwhile;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const std::vector<RowOrdinal> died = now->find_segment(input_ids[i])->dead.added_since(inputs[i].dead);
      const std::vector<RowOrdinal> moved = output.row_ids.translate(i, died);
      died_meanwhile.insert(died_meanwhile.end(), moved.begin(), moved.end());
      edit.remove_segment(input_ids[i]);
      change->batch.erase(meta_keys::segment(tablet.id, input_ids[i]));
      change->batch.erase(meta_keys::folded_bitmap(tablet.id, input_ids[i]));
    }
    if (segment) {
      edit.add_segment({segment, {}});
      edit.kill(segment->id(), output.tombstones);
      edit.kill(segment->id(), died_meanwhile);
      change->batch.put(meta_keys::segment(tablet.id, segment->id()), segment->meta().serialize());
    }
    const TabletSnapshotPtr compacted = edit.finish();
    const TableSnapshotPtr next = with_tablet(*head, compacted);
    if (history_retention_seconds(*head->schema) > 0) {
      obsolete.clear();
      change->finish_batch = [&](CommitNumber commit, MetaBatch& batch) {
        for (RowsetId id : input_ids) parts_.history.retire_segment(*now->find_segment(id), commit, batch);
        HistoryWriter::add_birth(tablet.id, RowsetId(output_id), commit, input_ids, batch);
      };
    }
    parts_.obsolete.add_to(change->batch, obsolete);
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.prepare());
    fold(table, *compacted, change->batch);
    change->install = [next](ServerSnapshot& server) { server.tables[next->id] = next; };
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.enqueue(change).status());
    change->finish_batch = nullptr;
    for (RowsetId id : input_ids) table.folded_dead_rows.erase(id);
    table.set_head(next);
  }
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(change));
  failpoint(Failpoint::kCompactionCommitted);
  parts_.obsolete.committed(obsolete);
  counters_.compactions.fetch_add(1, std::memory_order_relaxed);
  if (output.meta) counters_.compaction_bytes_written.fetch_add(output.meta->file_bytes, std::memory_order_relaxed);
  return Status::OK();
}

}  // namespace freshet::storage
