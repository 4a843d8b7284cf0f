#include "storage/commit/load_publisher.h"

#include <algorithm>
#include <numeric>

#include "storage/base/failpoint.h"
#include "storage/commit/aggregate_rows.h"
#include "storage/commit/flexible_rows.h"
#include "storage/commit/partial_rows.h"
#include "storage/commit/read_guard.h"
#include "storage/commit/tablet_contents.h"
#include "storage/commit/tablet_edit.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/types/schema_mapping.h"
#include "storage/types/sequence.h"
#include "storage/types/table_options.h"
#include "storage/upsert/sequence_probe.h"
#include "storage/upsert/within_load.h"

namespace freshet::storage {
namespace {

/// Rows without a sequence cannot be told from newer ones, and their deletes were not kept.
Status check_sequence(const TableSchema& of_load, const TableSchema& of_table) {
  if (of_load.sequence_column().has_value() == of_table.sequence_column().has_value()) return Status::OK();
  return Status::Conflict("the table got a sequence column during the load; load again");
}

}  // namespace

bool LoadPublisher::is_completed(const LoadCommit& load) {
  return load.partial || (load.schema->is_aggregate() && !has_deletes(load));
}

Result<CommitOutcome> LoadPublisher::publish(TableState& table, LoadCommit load) {
  failpoint(Failpoint::kCommitStart);
  FRESHET_ASSIGN_OR_RETURN(const std::unique_ptr<ReadGuard> guard, open_guard(load));
  if (is_completed(load)) return publish_completed(table, load, guard.get());
  const auto began = Admission::Clock::now();
  std::vector<Arrival> arrivals = arrivals_of(load);
  FRESHET_ASSIGN_OR_RETURN(std::vector<Bucket> buckets, prepare(*table.head(), load));
  for (int attempt = 1;; ++attempt) {
    FRESHET_RETURN_IF_ERROR(parts_.admission.wait_for_room(table, arrivals, began, load.is_cancelled));
    const TableSnapshotPtr head = table.head();
    if (guard != nullptr) FRESHET_RETURN_IF_ERROR(guard->advance(head));
    if (head->schema->is_unique()) FRESHET_RETURN_IF_ERROR(probe_rounds(table, buckets));
    std::unique_lock publish(table.publish_lock);
    FRESHET_ASSIGN_OR_RETURN(const Staged staged, compare_and_stage(table, load, buckets, {nullptr, guard.get(), attempt}));
    publish.unlock();
    if (staged.change != nullptr) return finish(staged, load);
    if (staged.lacks_room) arrivals = arrivals_of_buckets(buckets);
  }
}

Result<std::unique_ptr<ReadGuard>> LoadPublisher::open_guard(const LoadCommit& load) const {
  if (load.read_from == nullptr) return std::unique_ptr<ReadGuard>();
  return ReadGuard::open(parts_.files, parts_.page_cache, load, limits_.dependent_rows);
}

Result<CommitOutcome> LoadPublisher::finish(const Staged& staged, const LoadCommit& load) {
  failpoint(Failpoint::kCommitStaged);
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(staged.change));
  if (load.label) parts_.labels.committed(*load.label);
  return staged.outcome;
}

Result<std::unique_ptr<RowCompletion>> LoadPublisher::begin_completion(const LoadCommit& load,
                                                                       const TableSnapshotPtr& base) const {
  const RowCompletion::Parts parts{
      parts_.files,           parts_.page_cache,    parts_.ids, parts_.pipeline.snapshot()->commit,
      limits_.dependent_rows, limits_.load_segments};
  if (!load.partial) return std::unique_ptr<RowCompletion>(std::make_unique<AggregateRows>(parts, load, base));
  if (!have_same_layout(*load.schema, *base->schema)) {
    return Status::Conflict("table {}.{} changed its columns during the partial update; load again", base->database_name,
                            base->name);
  }
  if (load.partial->mask) return std::unique_ptr<RowCompletion>(std::make_unique<FlexibleRows>(parts, load, base));
  return std::unique_ptr<RowCompletion>(std::make_unique<PartialRows>(parts, load, base));
}

Result<CommitOutcome> LoadPublisher::publish_completed(TableState& table, const LoadCommit& load, ReadGuard* guard) {
  const bool has_segments =
      std::any_of(load.tablets.begin(), load.tablets.end(), [](const TabletRows& rows) { return !rows.segments.empty(); });
  const auto began = Admission::Clock::now();
  std::vector<Arrival> arrivals = arrivals_when_completed(load);
  for (int attempt = 1; attempt <= kCompletionAttempts; ++attempt) {
    FRESHET_RETURN_IF_ERROR(parts_.admission.wait_for_room(table, arrivals, began, load.is_cancelled));
    std::unique_lock publish(table.publish_lock, std::defer_lock);
    if (attempt == kCompletionAttempts && !has_segments && load.partial) publish.lock();
    const TableSnapshotPtr base = table.head();
    if (guard != nullptr) FRESHET_RETURN_IF_ERROR(guard->advance(base));
    FRESHET_ASSIGN_OR_RETURN(const std::unique_ptr<RowCompletion> completion, begin_completion(load, base));
    LoadCommit whole{load.table, completion->schema(), {}, {}, nullptr, load.label, load.offsets};
    FRESHET_ASSIGN_OR_RETURN(whole.tablets, completion->complete());
    FRESHET_ASSIGN_OR_RETURN(std::vector<Bucket> buckets, prepare(*base, whole));
    for (size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i].rows) completion->remember(i, std::nullopt, buckets[i].rows_probe);
      for (size_t s = 0; s < buckets[i].segments.size(); ++s) completion->remember(i, s, buckets[i].segment_probes[s]);
    }
    FRESHET_RETURN_IF_ERROR(probe_rounds(table, buckets));

    if (!publish.owns_lock()) publish.lock();
    FRESHET_ASSIGN_OR_RETURN(const Staged staged,
                             compare_and_stage(table, whole, buckets, {completion.get(), guard, attempt}));
    publish.unlock();
    if (staged.lacks_room) {
      // Completion may have added to them.
      arrivals = arrivals_of_buckets(buckets);
      --attempt;
    }
    if (staged.change == nullptr) continue;
    completion->release();
    FRESHET_ASSIGN_OR_RETURN(CommitOutcome outcome, finish(staged, load));
    remove_segment_files(parts_.files, completion->replaced_segments());
    return outcome;
  }
  return Status::Conflict(
      "the rows of this load were changed by other loads again and again while it was completed ({} times); load again, in "
      "smaller batches",
      kCompletionAttempts);
}

Result<bool> LoadPublisher::settle(const TableSnapshot& head, const RowCompletion& completion, int attempt,
                                   std::vector<Bucket>& buckets) const {
  const uint64_t most_changed = most_settled_under_lock(attempt);
  FRESHET_ASSIGN_OR_RETURN(RowCompletion::Settled settled, completion.settle(head, most_changed));
  if (settled.must_complete_again) return false;
  for (const RowCompletion::Changed& changed : settled.changed) {
    buckets[changed.bucket].segments[changed.segment].dead.push_back(changed.row);
  }
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (!settled.rows[i]) continue;
    buckets[i].rows = settle_rows(*completion.schema(), *head.key_codec, *settled.rows[i]);
    buckets[i].rows_probe = ProbeState();
    buckets[i].row_losers.clear();
  }
  return true;
}

Result<std::vector<LoadPublisher::Bucket>> LoadPublisher::prepare(const TableSnapshot& table, LoadCommit& load) const {
  std::vector<Bucket> buckets;
  for (TabletRows& arrived : load.tablets) {
    Bucket bucket;
    bucket.tablet = arrived.tablet;
    bucket.rows_schema = load.schema.get();
    bucket.dead_rows = std::move(arrived.dead_rows);
    bucket.replaces_all = arrived.replaces_all;
    if (arrived.rows && arrived.rows->row_count() > 0)
      bucket.rows = settle_rows(*load.schema, *table.key_codec, *arrived.rows);
    for (WrittenSegment& written : arrived.segments) {
      auto segment = std::make_shared<const Segment>(parts_.files, parts_.page_cache, written.meta, table.schema);
      bucket.segments.push_back({std::move(segment), std::move(written.keys), std::move(written.delete_rows), {}, {}});
    }
    if (table.schema->is_unique()) {
      FRESHET_RETURN_IF_ERROR(bucket.settle_within_load(*load.schema, table.key_codec->is_fixed()));
    }
    bucket.segment_probes.resize(bucket.segments.size());
    buckets.push_back(std::move(bucket));
  }
  return buckets;
}

Status LoadPublisher::probe_rounds(const TableState& table, std::vector<Bucket>& buckets) const {
  for (int round = 0; round < kRoundsOutsideLock; ++round) {
    const TableSnapshotPtr head = table.head();
    uint64_t unprobed = 0;
    for (const Bucket& bucket : buckets) {
      if (const TabletSnapshot* tablet = head->find_tablet(bucket.tablet)) unprobed += bucket.unprobed_rows(*tablet);
    }
    if (unprobed <= kRowsProbedUnderLock) break;
    FRESHET_RETURN_IF_ERROR(probe_rest(*head, buckets));
  }
  return Status::OK();
}

Status LoadPublisher::probe_rest(const TableSnapshot& head, std::vector<Bucket>& buckets) const {
  for (Bucket& bucket : buckets) {
    const TabletSnapshot* tablet = head.find_tablet(bucket.tablet);
    if (tablet == nullptr) {
      return Status::NotFound("a partition of table {}.{} that the load has rows for was dropped during the load",
                              head.database_name, head.name);
    }
    FRESHET_RETURN_IF_ERROR(check_sequence(*bucket.rows_schema, *head.schema));
    if (head.schema->is_unique()) FRESHET_RETURN_IF_ERROR(bucket.probe(*head.schema, *tablet));
  }
  return Status::OK();
}

Status LoadPublisher::check_dead_rows(const TableSnapshot& head, const std::vector<Bucket>& buckets) {
  for (const Bucket& bucket : buckets) {
    const TabletSnapshot& tablet = *head.find_tablet(bucket.tablet);
    for (const RowsetHits& hits : bucket.dead_rows) {
      if (tablet.find_segment(hits.rowset) != nullptr || tablet.find_delta(hits.rowset) != nullptr) continue;
      return Status::Conflict("rows of {}.{} were moved by a flush or compaction; run the statement again",
                              head.database_name, head.name);
    }
  }
  return Status::OK();
}

/// The schema changed while the load ran. Its segments stay: files name columns by id. Carried rows are at most
/// small_commit_bytes, so this is cheap under the lock.
Status LoadPublisher::map_rows(const TableSchema& from, const TableSchema& to, std::vector<Bucket>& buckets) {
  FRESHET_RETURN_IF_ERROR(check_sequence(from, to));
  for (Bucket& bucket : buckets) {
    if (!bucket.rows || bucket.rows->kept.row_count() == 0) continue;
    FRESHET_ASSIGN_OR_RETURN(bucket.rows->kept, map_block(bucket.rows->kept, from, to));
    bucket.rows->finish(to);
    bucket.rows_schema = &to;
  }
  return Status::OK();
}

std::vector<Arrival> LoadPublisher::arrivals_when_completed(const LoadCommit& load) const {
  std::vector<Arrival> arrivals = arrivals_of(load);
  for (Arrival& arrival : arrivals) arrival.segments = std::min(arrival.segments, limits_.load_segments);
  return arrivals;
}

std::vector<Arrival> LoadPublisher::arrivals_of_buckets(const std::vector<Bucket>& buckets) {
  std::vector<Arrival> arrivals;
  for (const Bucket& bucket : buckets) {
    Arrival arrival{bucket.tablet, bucket.segments.size(), 0, 0};
    if (bucket.rows) {
      arrival.carried_rows = bucket.rows->kept.row_count();
      arrival.carried_bytes = bucket.rows->kept.byte_size();
    }
    arrivals.push_back(arrival);
  }
  return arrivals;
}

Result<LoadPublisher::Comparison> LoadPublisher::compare(const TableState& table, const LoadCommit& load,
                                                         std::vector<Bucket>& buckets, const Checks& checks,
                                                         Admission::Reservation& reserved) const {
  const TableSnapshotPtr head = table.head();
  if (table.dropped)
    return Status::NotFound("Unknown table '{}.{}': it was dropped during the load", head->database_name, head->name);
  if (checks.guard != nullptr) {
    FRESHET_ASSIGN_OR_RETURN(const bool is_compared,
                             checks.guard->advance_little(head, most_settled_under_lock(checks.attempt)));
    if (!is_compared) return Comparison::kChanged;
  }
  if (checks.completion != nullptr) {
    // The rows were completed under the columns of then.
    if (!have_same_layout(*load.schema, *head->schema)) return Comparison::kChanged;
    FRESHET_ASSIGN_OR_RETURN(const bool is_settled, settle(*head, *checks.completion, checks.attempt, buckets));
    if (!is_settled) return Comparison::kChanged;
  }
  auto room = parts_.admission.reserve(*head, arrivals_of_buckets(buckets));
  if (!room) return Comparison::kNoRoom;
  reserved = std::move(*room);
  return Comparison::kReady;
}

Result<LoadPublisher::ReadyTable> LoadPublisher::make_ready(TableState& table, const LoadCommit& load,
                                                            std::vector<Bucket>& buckets, Admission::Reservation reserved) {
  const TableSnapshotPtr head = table.head();
  if (!have_same_layout(*load.schema, *head->schema))
    FRESHET_RETURN_IF_ERROR(map_rows(*load.schema, *head->schema, buckets));
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.prepare());
  FRESHET_RETURN_IF_ERROR(probe_rest(*head, buckets));
  FRESHET_RETURN_IF_ERROR(check_dead_rows(*head, buckets));
  for (Bucket& bucket : buckets) bucket.leave_losers_out(*head->schema);

  ReadyTable ready{table, load, buckets, head, {}, std::move(reserved)};
  for (const Bucket& bucket : buckets) {
    const DeltaView& active = head->find_tablet(bucket.tablet)->deltas.back();
    RowsetId next_buffer;
    if (bucket.rows && parts_.admission.buffer_limits().is_full_for(active, bucket.rows->kept.row_count())) {
      FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
      next_buffer = RowsetId(id);
    }
    ready.new_buffers.push_back(next_buffer);
  }
  return ready;
}

/// What one commit writes of one table, until its number is known.
struct LoadPublisher::TableChange {
  struct TabletRecords {
    TabletId tablet;
    RowsetId buffer;
    std::string carried;
    std::string dead;
    std::vector<RowsetId> segments;  ///< new ones
  };
  TableState& table;
  std::shared_ptr<TableSnapshot> next;
  std::vector<TabletRecords> records;
  TableVersionRecord version;
  uint64_t grown_bytes = 0;  ///< of delta buffers

  void finish(HistoryWriter& history, CommitNumber commit, MetaBatch& out) {
    for (const TabletRecords& record : records) {
      version.tablets.push_back({record.tablet, !record.carried.empty(), !record.dead.empty(), record.segments});
    }
    history.add_version(next->id, commit, std::move(version), out);
    const bool keeps_history = history_retention_seconds(*next->schema) > 0;
    for (TabletRecords& record : records) {
      if (!record.carried.empty()) {
        out.put(meta_keys::carried_block(record.tablet, commit), std::move(record.carried));
        table.buffers[record.buffer].last_commit = commit;
      }
      if (keeps_history) {
        for (RowsetId segment : record.segments) HistoryWriter::add_birth(record.tablet, segment, commit, {}, out);
        if (!record.dead.empty()) HistoryWriter::add_deaths(record.tablet, commit, record.dead, out);
      }
      if (!record.dead.empty()) out.put(meta_keys::delete_delta(record.tablet, commit), std::move(record.dead));
    }
  }
};

LoadPublisher::TableChange LoadPublisher::change_table(const ReadyTable& ready, MetaBatch& batch) {
  TableChange change{ready.table, std::make_shared<TableSnapshot>(*ready.head), {}, {}, 0};
  if (ready.load.label) change.version.label = ready.load.label->label;
  for (const OffsetAdvance& offset : ready.load.offsets) {
    change.version.positions.push_back({offset.job, offset.partition, offset.to});
  }
  for (size_t i = 0; i < ready.buckets.size(); ++i) {
    Bucket& bucket = ready.buckets[i];
    const uint32_t position = ready.head->position_of(bucket.tablet).value();
    TabletEdit edit(*ready.head->tablets[position]);
    TableChange::TabletRecords record{edit.next().id, {}, {}, {}, {}};
    bucket.kill_replaced(*ready.head->tablets[position], edit);
    change.version.rows_deleted += edit.replaced_rows();
    for (const NewSegment& added : bucket.segments) {
      edit.add_segment({added.segment, {}});
      const uint64_t replaced_before = edit.replaced_rows();
      edit.kill(added.segment->id(), added.dead);
      change.version.rows_added += added.segment->meta().row_count - (edit.replaced_rows() - replaced_before);
      record.segments.push_back(added.segment->id());
      batch.put(meta_keys::segment(record.tablet, added.segment->id()), added.segment->meta().serialize());
    }
    if (bucket.rows && bucket.rows->kept.row_count() > 0) {
      if (ready.new_buffers[i].value != 0) {
        edit.add_delta({std::make_shared<DeltaBuffer>(ready.new_buffers[i], ready.head->schema), 0, {}});
      }
      const DeltaBuffer& buffer = *edit.active_delta().buffer;
      const uint64_t bytes_before = ready.new_buffers[i].value != 0 ? 0 : buffer.byte_size();
      const RowOrdinal first = bucket.append_rows(edit);
      change.grown_bytes += buffer.byte_size() - bytes_before;
      change.version.rows_added += bucket.rows->kept.row_count() - bucket.rows->deletes.size();
      record.buffer = edit.active_delta().buffer->id();
      record.carried = CarriedBlockRecord{record.buffer, first, std::move(bucket.rows->block_bytes)}.encode();
    }
    if (!edit.dead_rows_record().entries.empty()) {
      record.dead = edit.dead_rows_record().encode();
      ready.table.unfolded_deletes.add(record.tablet);
    }
    counters_.carried_bytes.fetch_add(record.carried.size(), std::memory_order_relaxed);
    counters_.delete_record_bytes.fetch_add(record.dead.size(), std::memory_order_relaxed);
    change.next->tablets[position] = edit.finish();
    if (!record.segments.empty()) put_tablet_contents(ready.table, *change.next->tablets[position], batch);
    change.records.push_back(std::move(record));
  }
  return change;
}

Result<LoadPublisher::Staged> LoadPublisher::stage(std::span<ReadyTable> ready) {
  Staged staged{std::make_shared<CommitPipeline::Change>(), {}};
  MetaBatch& batch = staged.change->batch;
  for (const ReadyTable& table : ready) {
    FRESHET_RETURN_IF_ERROR(parts_.positions.advance(table.load.offsets, batch));
    if (table.load.label) parts_.labels.add_to(batch, *table.load.label);
  }
  std::vector<TableChange> changes;
  std::vector<TableSnapshotPtr> installed;
  for (const ReadyTable& table : ready) {
    changes.push_back(change_table(table, batch));
    installed.push_back(changes.back().next);
    staged.outcome.rows_replaced += changes.back().version.rows_deleted;
  }
  staged.change->finish_batch = [&](CommitNumber commit, MetaBatch& out) {
    for (TableChange& change : changes) change.finish(parts_.history, commit, out);
  };
  staged.change->install = [installed](ServerSnapshot& server) {
    for (const TableSnapshotPtr& table : installed) server.tables[table->id] = table;
  };
  FRESHET_ASSIGN_OR_RETURN(staged.outcome.commit, parts_.pipeline.enqueue(staged.change));
  staged.change->finish_batch = nullptr;
  for (size_t i = 0; i < changes.size(); ++i) {
    changes[i].table.set_head(installed[i]);
    ready[i].reserved.settle(changes[i].grown_bytes);
  }
  return staged;
}

Result<LoadPublisher::Staged> LoadPublisher::compare_and_stage(TableState& table, const LoadCommit& load,
                                                               std::vector<Bucket>& buckets, const Checks& checks) {
  Admission::Reservation reserved;
  FRESHET_ASSIGN_OR_RETURN(const Comparison compared, compare(table, load, buckets, checks, reserved));
  if (compared != Comparison::kReady) return Staged{nullptr, {}, compared == Comparison::kNoRoom};
  FRESHET_ASSIGN_OR_RETURN(ReadyTable ready, make_ready(table, load, buckets, std::move(reserved)));
  return stage({&ready, 1});
}

}  // namespace freshet::storage
