#include "storage/compaction/maintenance.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/commit/tablet_edit.h"
#include "storage/compaction/admission.h"
#include "storage/compaction/compaction_job.h"
#include "storage/compaction/delta_flush.h"
#include "storage/meta/meta_keys.h"
#include "storage/tablet/tombstones.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(500);
/// A full disk or a damaged file does not mend by itself at once; trying again and again only fills the log.
constexpr auto kPauseAfterFailure = std::chrono::seconds(10);
constexpr auto kAdmissionPoll = std::chrono::milliseconds(20);
constexpr auto kDeltaCountAge = std::chrono::milliseconds(5);
/// Bytes that a merge holds for a live row: its place in the map and in the order, its key's hash, its part of the key
/// filter and of the dead rows beside it.
constexpr uint64_t kMergeBytesPerRow = 18;
constexpr int kBackgroundNice = 10;

void lower_thread_priority() { setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kBackgroundNice); }

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
  delta_bytes();
  for (const TableStatePtr& table : parts_.catalog.all_tables()) {
    std::unique_lock one_job(table->maintenance_mutex, std::try_to_lock);
    if (!one_job.owns_lock() || std::chrono::steady_clock::now() < table->maintenance_resumes) continue;
    const TableSnapshotPtr head = table->head();
    for (const TabletSnapshotPtr& tablet : head->tablets) {
      if (stopping_) break;
      const Result<bool> worked = work_on(*table, tablet->id);
      if (worked.ok()) {
        did_something |= *worked;
      } else if (!stopping_) {
        table->maintenance_resumes = std::chrono::steady_clock::now() + kPauseAfterFailure;
        log_warning("maintenance of table {} waits: {}", table->head()->name, worked.status().to_string());
      }
    }
  }
  return did_something;
}

Result<bool> Maintenance::work_on(TableState& table, TabletId tablet_id) {
  const TabletSnapshotPtr tablet = current(table, tablet_id);
  if (tablet == nullptr) return false;
  if (const auto kind = requests_.take(tablet->id)) {
    const Status status = compact_as_asked(table, tablet_id, *kind);
    requests_.finished(tablet->id, status, clock_.unix_micros());
    FRESHET_RETURN_IF_ERROR(status);
    return true;
  }
  if (needs_flush(*tablet)) {
    FRESHET_RETURN_IF_ERROR(flush_tablet(table, tablet_id));
    return true;
  }
  const auto pick = pick_compaction(stats_of(*tablet, oldest_delete_seconds()), pick_options(*table.head()->schema));
  if (!pick) return false;
  const bool takes_all = pick->inputs.size() == tablet->segments.size();
  requests_.started(tablet->id, takes_all ? CompactionKind::kBase : CompactionKind::kCumulative);
  const Status status = compact_tablet(table, tablet_id, pick->inputs);
  requests_.finished(tablet->id, status, clock_.unix_micros());
  FRESHET_RETURN_IF_ERROR(status);
  return true;
}

CompactionDebt Maintenance::debt(const TableSnapshot& table) const {
  CompactionDebt sum;
  for (const TabletSnapshotPtr& tablet : table.tablets) {
    const CompactionDebt debt = compaction_debt(stats_of(*tablet, oldest_delete_seconds()), pick_options(*table.schema));
    sum.rowsets += debt.rowsets;
    sum.live_bytes += debt.live_bytes;
  }
  return sum;
}

PickOptions Maintenance::pick_options(const TableSchema& schema) const {
  PickOptions options = options_.pick;
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
  FRESHET_RETURN_IF_ERROR(flush_tablet(table, tablet_id));
  const TabletSnapshotPtr tablet = current(table, tablet_id);
  if (tablet == nullptr) return Status::OK();
  for (const CompactionPick& pick : picks_for(*tablet, kind)) {
    FRESHET_RETURN_IF_ERROR(compact_tablet(table, tablet_id, pick.inputs));
  }
  return Status::OK();
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
  // Memory is short: the larger buffers go.
  const bool is_tight = delta_bytes_.load(std::memory_order_relaxed) > options_.delta_memory_bytes / 2;
  if (is_tight && active.buffer->byte_size() >= delta_average_.load(std::memory_order_relaxed)) return true;
  const auto age = std::chrono::steady_clock::now() - active.buffer->created();
  return age >= std::chrono::seconds(options_.delta_flush_seconds);
}

Status Maintenance::flush(TableState& table) {
  std::lock_guard one_job(table.maintenance_mutex);
  const TableSnapshotPtr head = table.head();
  for (const TabletSnapshotPtr& tablet : head->tablets) FRESHET_RETURN_IF_ERROR(flush_tablet(table, tablet->id));
  return Status::OK();
}

Status Maintenance::compact_fully(TableState& table) {
  std::lock_guard one_job(table.maintenance_mutex);
  const TableSnapshotPtr head = table.head();
  for (const TabletSnapshotPtr& tablet : head->tablets) {
    for (const CompactionPick& pick : pick_all(stats_of(*tablet, oldest_delete_seconds()), options_.pick)) {
      FRESHET_RETURN_IF_ERROR(compact_tablet(table, tablet->id, pick.inputs));
    }
  }
  return Status::OK();
}

uint64_t Maintenance::delta_bytes() {
  using std::chrono::microseconds;
  const int64_t now = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  int64_t counted = delta_counted_micros_.load(std::memory_order_relaxed);
  const bool is_old = now - counted >= std::chrono::duration_cast<microseconds>(kDeltaCountAge).count();
  if (!is_old || !delta_counted_micros_.compare_exchange_strong(counted, now)) return delta_bytes_.load();
  uint64_t bytes = 0, buffers = 0;
  for (const TableStatePtr& table : parts_.catalog.all_tables()) {
    const TableSnapshotPtr head = table->head();
    for (const TabletSnapshotPtr& tablet : head->tablets) {
      for (const DeltaView& delta : tablet->deltas) {
        if (delta.row_count == 0) continue;
        bytes += delta.buffer->byte_size();
        ++buffers;
      }
    }
  }
  delta_bytes_ = bytes;
  delta_average_ = buffers == 0 ? 0 : bytes / buffers;
  return bytes;
}

Status Maintenance::admit(const TableState& table) {
  const auto began = std::chrono::steady_clock::now();
  const auto deadline = began + std::chrono::seconds(options_.admission_wait_seconds);
  while (true) {
    size_t most_segments = 0;
    const TableSnapshotPtr head = table.head();
    for (const TabletSnapshotPtr& tablet : head->tablets) {
      most_segments = std::max(most_segments, tablet->segments.size() + tablet->deltas.size() - 1);
    }
    const uint64_t deltas = delta_bytes();
    const auto pause = std::max(admission_pause(most_segments, options_.segments_max),
                                admission_pause(deltas, options_.delta_memory_bytes));
    const auto now = std::chrono::steady_clock::now();
    if (now - began >= pause) return Status::OK();
    if (stopping_) return Status::Unavailable("the server is shutting down");
    if (now >= deadline && most_segments >= options_.segments_max) {
      return Status::ResourceExhausted(
          "table {} has {} segments in a tablet, the limit of compaction.max_segments, and compaction did not catch up "
          "within {} s; load in larger batches or raise compaction.rate_bytes_per_second",
          table.head()->name, most_segments, options_.admission_wait_seconds);
    }
    if (now >= deadline) {
      return Status::ResourceExhausted(
          "the rows of small commits take {} bytes of memory, the limit of memory.delta_bytes is {}, and their flush "
          "did not catch up within {} s; load again later, in larger batches, or raise the limit",
          deltas, options_.delta_memory_bytes, options_.admission_wait_seconds);
    }
    notify();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kAdmissionPoll, pause));
  }
}

Status Maintenance::flush_tablet(TableState& table, TabletId tablet_id) {
  FRESHET_ASSIGN_OR_RETURN(const bool has_rows, seal(table, tablet_id));
  if (!has_rows) return Status::OK();
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
        if (segment) HistoryWriter::add_birth(tablet.id, segment->id(), commit, batch);
      };
    } else {
      change->batch.erase_range(meta_keys::carried_block(tablet.id, CommitNumber(0)),
                                meta_keys::carried_block(tablet.id, newest_row.next()));
    }
    change->batch.erase(meta_keys::folded_bitmap(tablet.id, sealed.buffer->id()));
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.prepare());
    // Every delete delta of this tablet has a number that was given out under this lock.
    fold_dead_rows(*flushed, CommitNumber(parts_.commit_numbers.last()), table.folded_dead_rows, change->batch);
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
        if (segment) HistoryWriter::add_birth(tablet.id, segment->id(), commit, batch);
      };
    }
    parts_.obsolete.add_to(change->batch, obsolete);
    FRESHET_RETURN_IF_ERROR(parts_.pipeline.prepare());
    // Every delete delta of this tablet has a number that was given out under this lock.
    fold_dead_rows(*compacted, CommitNumber(parts_.commit_numbers.last()), table.folded_dead_rows, change->batch);
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
