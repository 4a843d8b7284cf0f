#include "storage/compaction/maintenance.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "storage/base/log.h"
#include "storage/commit/tablet_edit.h"
#include "storage/compaction/compaction_job.h"
#include "storage/compaction/delta_flush.h"
#include "storage/meta/meta_keys.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(500);
/// A full disk or a damaged file does not mend by itself at once; trying again and again only fills the log.
constexpr auto kPauseAfterFailure = std::chrono::seconds(10);
constexpr auto kAdmissionPoll = std::chrono::milliseconds(20);
constexpr int kBackgroundNice = 10;

void lower_thread_priority() { setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kBackgroundNice); }

std::vector<SegmentStat> stats_of(const TabletSnapshot& tablet) {
  std::vector<SegmentStat> stats;
  for (const SegmentView& view : tablet.segments) {
    const SegmentMeta& meta = view.segment->meta();
    stats.push_back({meta.id, meta.row_count, view.dead.count(), meta.file_bytes, meta.level});
  }
  return stats;
}

const SegmentView* find_segment(const TabletSnapshot& tablet, RowsetId id) {
  for (const SegmentView& view : tablet.segments) {
    if (view.segment->id() == id) return &view;
  }
  return nullptr;
}

const DeltaView* find_delta(const TabletSnapshot& tablet, RowsetId id) {
  for (const DeltaView& view : tablet.deltas) {
    if (view.buffer->id() == id) return &view;
  }
  return nullptr;
}

}  // namespace

Maintenance::Maintenance(const Parts& parts, const MaintenanceOptions& options)
    : parts_(parts), options_(options), rate_limiter_(options.compaction_bytes_per_second) {}

Maintenance::~Maintenance() { stop(); }

void Maintenance::start() {
  for (uint32_t i = 0; i < std::max(1u, options_.compaction_threads); ++i) {
    threads_.emplace_back([this] { run(); });
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
    woken_ = true;
  }
  wake_.notify_all();
}

void Maintenance::run() {
  lower_thread_priority();
  while (!stopping_) {
    if (work_once()) continue;
    std::unique_lock lock(wake_mutex_);
    wake_.wait_for(lock, kIdleWait, [&] { return woken_ || stopping_.load(); });
    woken_ = false;
  }
}

bool Maintenance::work_once() {
  bool did_something = false;
  for (const TableStatePtr& table : parts_.catalog.all_tables()) {
    std::unique_lock one_job(table->maintenance_mutex, std::try_to_lock);
    if (!one_job.owns_lock() || std::chrono::steady_clock::now() < table->maintenance_resumes) continue;
    for (size_t i = 0; i < table->head()->tablets.size() && !stopping_; ++i) {
      const TabletSnapshotPtr tablet = table->head()->tablets[i];
      Status status;
      if (needs_flush(*tablet)) {
        status = flush_tablet(*table, i);
        did_something |= status.ok();
      } else if (const auto pick = pick_compaction(stats_of(*tablet), options_.pick)) {
        status = compact_tablet(*table, i, pick->inputs);
        did_something |= status.ok();
      }
      if (!status.ok() && !stopping_) {
        table->maintenance_resumes = std::chrono::steady_clock::now() + kPauseAfterFailure;
        log_warning("maintenance of table {} waits: {}", table->head()->name, status.to_string());
      }
    }
  }
  return did_something;
}

bool Maintenance::needs_flush(const TabletSnapshot& tablet) const {
  if (tablet.deltas.size() > 1) return true;
  const DeltaView& active = tablet.deltas.back();
  if (active.row_count == 0) return false;
  if (active.buffer->byte_size() >= options_.delta_flush_bytes || active.row_count >= options_.delta_flush_rows) return true;
  const auto age = std::chrono::steady_clock::now() - active.buffer->created();
  return age >= std::chrono::seconds(options_.delta_flush_seconds);
}

Status Maintenance::flush(TableState& table) {
  std::lock_guard one_job(table.maintenance_mutex);
  const size_t tablet_count = table.head()->tablets.size();
  for (size_t i = 0; i < tablet_count; ++i) FRESHET_RETURN_IF_ERROR(flush_tablet(table, i));
  return Status::OK();
}

Status Maintenance::compact_fully(TableState& table) {
  std::lock_guard one_job(table.maintenance_mutex);
  const size_t tablet_count = table.head()->tablets.size();
  for (size_t i = 0; i < tablet_count; ++i) {
    const TabletSnapshotPtr tablet = table.head()->tablets[i];
    std::vector<RowsetId> inputs;
    uint64_t dead_rows = 0;
    for (const SegmentView& view : tablet->segments) {
      inputs.push_back(view.segment->id());
      dead_rows += view.dead.count();
    }
    if (inputs.size() > 1 || dead_rows > 0) FRESHET_RETURN_IF_ERROR(compact_tablet(table, i, inputs));
  }
  return Status::OK();
}

Status Maintenance::admit(const TableState& table) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(options_.admission_wait_seconds);
  while (true) {
    size_t most_segments = 0;
    for (const TabletSnapshotPtr& tablet : table.head()->tablets) {
      most_segments = std::max(most_segments, tablet->segments.size() + tablet->deltas.size() - 1);
    }
    if (most_segments < options_.segments_max) return Status::OK();
    if (stopping_) return Status::Unavailable("the server is shutting down");
    if (std::chrono::steady_clock::now() >= deadline) {
      return Status::ResourceExhausted(
          "table {} has {} segments in a tablet, the limit of storage.compaction.max_segments, and compaction did not catch "
          "up "
          "within {} s; load in larger batches or raise storage.compaction.rate_bytes_per_second",
          table.head()->name, most_segments, options_.admission_wait_seconds);
    }
    notify();
    std::this_thread::sleep_for(kAdmissionPoll);
  }
}

Status Maintenance::flush_tablet(TableState& table, size_t tablet_index) {
  FRESHET_ASSIGN_OR_RETURN(const bool has_rows, seal(table, tablet_index));
  if (!has_rows) return Status::OK();
  while (!stopping_ && table.head()->tablets[tablet_index]->deltas.size() > 1) {
    FRESHET_RETURN_IF_ERROR(flush_oldest_sealed(table, tablet_index));
  }
  return Status::OK();
}

Result<bool> Maintenance::seal(TableState& table, size_t tablet_index) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t next_buffer, parts_.ids.next());
  std::lock_guard publish(table.publish_lock);
  const TableSnapshotPtr head = table.head();
  const TabletSnapshot& tablet = *head->tablets[tablet_index];
  if (table.dropped) return false;
  if (tablet.deltas.back().row_count == 0) return tablet.deltas.size() > 1;
  TabletEdit edit(tablet);
  edit.add_delta({std::make_shared<DeltaBuffer>(RowsetId(next_buffer), head->schema), 0, {}});
  table.set_head(with_tablet(*head, tablet_index, edit.finish()));
  return true;
}

Status Maintenance::flush_oldest_sealed(TableState& table, size_t tablet_index) {
  const TableSnapshotPtr start = table.head();
  const TabletSnapshot& tablet = *start->tablets[tablet_index];
  const DeltaView sealed = tablet.deltas.front();
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

  auto change = std::make_shared<CommitPipeline::Change>();
  {
    std::lock_guard publish(table.publish_lock);
    const TableSnapshotPtr head = table.head();
    const DeltaView* current = find_delta(*head->tablets[tablet_index], sealed.buffer->id());
    if (table.dropped || current == nullptr) {
      if (segment) segment->remove_file_when_unused();
      return Status::OK();
    }
    TabletEdit edit(*head->tablets[tablet_index]);
    edit.remove_delta(sealed.buffer->id());
    if (segment) {
      edit.add_segment({segment, {}});
      edit.kill(segment->id(), output.translate(current->dead.added_since(sealed.dead)));
      change->batch.put(meta_keys::segment(tablet.id, segment->id()), segment->meta().serialize());
    }
    const TabletSnapshotPtr flushed = edit.finish();
    const TableSnapshotPtr next = with_tablet(*head, tablet_index, flushed);
    const CommitNumber newest_row = table.buffers.at(sealed.buffer->id()).last_commit;
    if (history_retention_seconds(*head->schema) > 0) {
      change->finish_batch = [&, current = *current](CommitNumber commit, MetaBatch& batch) {
        HistoryWriter::retire_buffer(tablet.id, current, newest_row, commit, batch);
        if (segment) HistoryWriter::add_birth(tablet.id, segment->id(), commit, batch);
      };
    } else {
      change->batch.erase_range(meta_keys::carried_block(tablet.id, CommitNumber(0)),
                                meta_keys::carried_block(tablet.id, newest_row.next()));
    }
    change->batch.erase(meta_keys::folded_bitmap(tablet.id, sealed.buffer->id()));
    // Every delete delta of this tablet has a number that was given out under this lock.
    fold_dead_rows(*flushed, CommitNumber(parts_.commit_numbers.last()), table.folded_dead_rows, change->batch);
    change->install = [next](ServerSnapshot& server) { server.tables[next->id] = next; };
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.stage(change).status());
    change->finish_batch = nullptr;
    table.buffers.erase(sealed.buffer->id());
    table.folded_dead_rows.erase(sealed.buffer->id());
    table.set_head(next);
  }
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(change));
  counters_.flushes.fetch_add(1, std::memory_order_relaxed);
  return Status::OK();
}

Status Maintenance::compact_tablet(TableState& table, size_t tablet_index, const std::vector<RowsetId>& input_ids) {
  const TableSnapshotPtr start = table.head();
  const TabletSnapshot& tablet = *start->tablets[tablet_index];
  std::vector<SegmentView> inputs;
  uint32_t level = 0;
  for (RowsetId id : input_ids) {
    const SegmentView* view = find_segment(tablet, id);
    if (view == nullptr) return Status::OK();
    inputs.push_back(*view);
    level = std::max(level, view->segment->meta().level);
  }
  FRESHET_ASSIGN_OR_RETURN(const uint64_t output_id, parts_.ids.next());
  SegmentWriterOptions writer_options;
  writer_options.level = level + 1;
  writer_options.newest_commit = CommitNumber(parts_.commit_numbers.last());
  FRESHET_ASSIGN_OR_RETURN(const CompactionOutput output,
                           run_compaction(parts_.files, inputs, start->schema, *start->key_codec, RowsetId(output_id),
                                          tablet.id, writer_options, &rate_limiter_, &stopping_));
  std::shared_ptr<const Segment> segment;
  if (output.meta) {
    FRESHET_RETURN_IF_ERROR(parts_.files.sync_names());
    segment = std::make_shared<const Segment>(parts_.files, parts_.page_cache, *output.meta, start->schema);
  }

  std::vector<std::shared_ptr<const Segment>> obsolete;
  for (const SegmentView& input : inputs) obsolete.push_back(input.segment);
  auto change = std::make_shared<CommitPipeline::Change>();
  {
    std::lock_guard publish(table.publish_lock);
    const TableSnapshotPtr head = table.head();
    const TabletSnapshot& current = *head->tablets[tablet_index];
    const bool inputs_are_gone =
        std::any_of(input_ids.begin(), input_ids.end(), [&](RowsetId id) { return find_segment(current, id) == nullptr; });
    if (table.dropped || inputs_are_gone) {
      if (segment) segment->remove_file_when_unused();
      return Status::OK();
    }
    TabletEdit edit(current);
    std::vector<RowOrdinal> died_meanwhile;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const std::vector<RowOrdinal> died = find_segment(current, input_ids[i])->dead.added_since(inputs[i].dead);
      const std::vector<RowOrdinal> moved = output.row_ids.translate(i, died);
      died_meanwhile.insert(died_meanwhile.end(), moved.begin(), moved.end());
      edit.remove_segment(input_ids[i]);
      change->batch.erase(meta_keys::segment(tablet.id, input_ids[i]));
      change->batch.erase(meta_keys::folded_bitmap(tablet.id, input_ids[i]));
    }
    if (segment) {
      edit.add_segment({segment, {}});
      edit.kill(segment->id(), died_meanwhile);
      change->batch.put(meta_keys::segment(tablet.id, segment->id()), segment->meta().serialize());
    }
    const TabletSnapshotPtr compacted = edit.finish();
    const TableSnapshotPtr next = with_tablet(*head, tablet_index, compacted);
    if (history_retention_seconds(*head->schema) > 0) {
      obsolete.clear();
      change->finish_batch = [&](CommitNumber commit, MetaBatch& batch) {
        for (RowsetId id : input_ids) parts_.history.retire_segment(*find_segment(current, id), commit, batch);
        if (segment) HistoryWriter::add_birth(tablet.id, segment->id(), commit, batch);
      };
    }
    parts_.obsolete.add_to(change->batch, obsolete);
    // Every delete delta of this tablet has a number that was given out under this lock.
    fold_dead_rows(*compacted, CommitNumber(parts_.commit_numbers.last()), table.folded_dead_rows, change->batch);
    change->install = [next](ServerSnapshot& server) { server.tables[next->id] = next; };
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.stage(change).status());
    change->finish_batch = nullptr;
    for (RowsetId id : input_ids) table.folded_dead_rows.erase(id);
    table.set_head(next);
  }
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(change));
  parts_.obsolete.committed(obsolete);
  counters_.compactions.fetch_add(1, std::memory_order_relaxed);
  if (output.meta) counters_.compaction_bytes_written.fetch_add(output.meta->file_bytes, std::memory_order_relaxed);
  return Status::OK();
}

}  // namespace freshet::storage
