#include "storage/commit/load_publisher.h"

#include <algorithm>
#include <numeric>

#include "storage/base/failpoint.h"
#include "storage/commit/aggregate_rows.h"
#include "storage/commit/flexible_rows.h"
#include "storage/commit/partial_rows.h"
#include "storage/commit/read_guard.h"
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

/// A segment of the load: its keys are probed as one run; deletes and rows replaced within the load are dead from the start.
struct NewSegment {
  std::shared_ptr<const Segment> segment;
  KeyRun keys;
  std::vector<RowOrdinal> dead;
  std::optional<Column> sequences = {};  ///< as far as they were needed and `keys` are kept, of all rows
  std::vector<uint32_t> losers = {};     ///< rows below the sequence of what is stored
};

/// Keys of one piece of a streamed segment.
constexpr uint32_t kStreamedKeys = 8192;

bool keys_are_in_memory(const KeyRun& keys, const SegmentMeta& meta) { return keys.size() == meta.row_count; }

/// Reads the keys of a segment whose caller did not keep them.
KeyStream stream_keys(std::shared_ptr<const Segment> segment) {
  return [segment = std::move(segment), next = RowOrdinal{0}](KeyRun& piece) mutable {
    FRESHET_ASSIGN_OR_RETURN(const auto reader, segment->reader());
    piece.clear();
    const uint32_t count = std::min(kStreamedKeys, reader->row_count() - next);
    if (count == 0) return Status::OK();
    FRESHET_RETURN_IF_ERROR(reader->read_keys(next, count, piece));
    next += count;
    return Status::OK();
  };
}

/// All keys of a run as one piece.
KeyStream stream_run(const KeyRun& keys) {
  return [&keys, is_read = false](KeyRun& piece) mutable {
    piece = is_read ? KeyRun(keys.is_fixed()) : keys;
    is_read = true;
    return Status::OK();
  };
}

Result<Column> read_sequences(const SegmentReader& reader, const ColumnSchema& schema) {
  Column sequences(schema.type);
  const ColumnReader* column = reader.column(schema.id);
  if (column == nullptr) {
    append_missing_column(schema, reader.row_count(), sequences);
    return sequences;
  }
  FRESHET_RETURN_IF_ERROR(column->read_rows(0, reader.row_count(), sequences));
  return sequences;
}

/// Rows of each segment that a part of the load with a larger sequence replaces, and (the last element) such rows of `rows`,
/// whose keys are `row_keys`, in key order. Both may be null.
Result<std::vector<std::vector<RowOrdinal>>> beaten_rows(const std::vector<NewSegment>& segments, const Block* rows,
                                                         const KeyRun* row_keys, const TableSchema& schema, bool is_fixed) {
  std::vector<KeyStream> streams;
  TabletSnapshot load;
  for (const NewSegment& part : segments) {
    streams.push_back(keys_are_in_memory(part.keys, part.segment->meta()) ? stream_run(part.keys)
                                                                          : stream_keys(part.segment));
    load.segments.push_back({part.segment, {}});
  }
  if (row_keys != nullptr) streams.push_back(stream_run(*row_keys));
  const size_t sequence = *schema.sequence_column();
  FRESHET_ASSIGN_OR_RETURN(const SameKeyRows same_keys, same_key_rows(streams, is_fixed));
  return beaten_within_load(same_keys, segments.size() + 1, schema.columns[sequence].type,
                            [&](size_t part, std::span<const RowOrdinal> wanted, Column& out) {
                              if (part == segments.size()) {
                                out.append_gather(rows->columns[sequence], wanted);
                                return Status::OK();
                              }
                              std::vector<RowLocation> locations;
                              for (RowOrdinal row : wanted) locations.push_back({false, static_cast<uint32_t>(part), row});
                              return read_rows(schema, load, locations, {&sequence, 1}, {&out, 1});
                            });
}

/// Rows of each segment that a later part of the load replaces; `rows` is the last part, or null.
Result<std::vector<std::vector<RowOrdinal>>> replaced_rows(const std::vector<NewSegment>& segments, const KeyRun* rows,
                                                           bool is_fixed) {
  const bool in_memory = std::all_of(segments.begin(), segments.end(), [](const NewSegment& part) {
    return keys_are_in_memory(part.keys, part.segment->meta());
  });
  if (in_memory) {
    std::vector<const KeyRun*> runs;
    for (const NewSegment& part : segments) runs.push_back(&part.keys);
    if (rows != nullptr) runs.push_back(rows);
    return replaced_within_load(runs);
  }
  std::vector<KeyStream> streams;
  for (const NewSegment& part : segments) {
    streams.push_back(keys_are_in_memory(part.keys, part.segment->meta()) ? stream_run(part.keys)
                                                                          : stream_keys(part.segment));
  }
  if (rows != nullptr) streams.push_back(stream_run(*rows));
  return replaced_within_load(streams, is_fixed);
}

/// Deletes of keys: an aggregate table takes them as any unique table does.
bool has_deletes(const LoadCommit& load) {
  return std::any_of(load.tablets.begin(), load.tablets.end(), [](const TabletRows& bucket) {
    return (bucket.rows && bucket.rows->has_deletes()) ||
           std::any_of(bucket.segments.begin(), bucket.segments.end(),
                       [](const WrittenSegment& segment) { return !segment.delete_rows.empty(); });
  });
}

/// The rows carried in the commit record: kept rows in key order, and all keys (deletes too) for probing.
struct NewRows {
  Block kept;
  KeyRun kept_keys;
  KeyRun probe_keys;
  std::string block_bytes;
  std::vector<RowOrdinal> deletes;  ///< of the kept rows: tombstones

  /// Leaves rows out. `rows`: of the kept ones, any order, repeats allowed.
  void drop(const TableSchema& schema, std::span<const uint32_t> rows) {
    if (rows.empty()) return;
    std::vector<uint8_t> is_dropped(kept.row_count(), 0);
    for (uint32_t row : rows) is_dropped[row] = 1;
    std::vector<uint32_t> remaining;
    KeyRun keys(kept_keys.is_fixed());
    for (uint32_t row = 0; row < is_dropped.size(); ++row) {
      if (is_dropped[row] != 0) continue;
      remaining.push_back(row);
      keys.append_from(kept_keys, row);
    }
    Block block = Block::for_schema(schema);
    block.append_gather(kept, remaining);
    kept = std::move(block);
    kept_keys = std::move(keys);
    finish(schema);
  }
  void finish(const TableSchema& schema) {
    block_bytes.clear();
    if (kept.row_count() != 0) kept.serialize(schema, block_bytes);
    deletes.clear();
    const std::optional<size_t> delete_time = schema.delete_time_column();
    for (RowOrdinal row = 0; delete_time && row < kept.row_count(); ++row) {
      if (!kept.columns[*delete_time].is_null(row)) deletes.push_back(row);
    }
  }
};

/// Sorts by key and keeps one row of each key. Deletes are taken out, or marked where the table keeps them as rows.
NewRows settle_rows(const TableSchema& schema, const KeyCodec& codec, const Block& rows) {
  KeyRun keys = codec.make_run();
  codec.append_keys(rows, 0, rows.row_count(), keys);
  NewRows result{Block::for_schema(schema), codec.make_run(), codec.make_run(), {}, {}};
  const std::optional<size_t> sequence = schema.sequence_column();
  std::vector<uint32_t> order;
  if (schema.is_unique()) {
    DistinctRows distinct = distinct_rows(keys, sequence ? &rows.columns[*sequence] : nullptr);
    order = std::move(distinct.rows);
    result.probe_keys = std::move(distinct.keys);
  } else {
    order = sort_order(keys);
  }
  std::vector<uint32_t> kept;
  kept.reserve(order.size());
  for (uint32_t row : order) {
    if (rows.is_delete(row) && !sequence) continue;
    kept.push_back(row);
    result.kept_keys.append_from(keys, row);
  }
  result.kept.append_gather(rows, kept);
  if (sequence) result.kept.columns[*schema.delete_time_column()] = delete_times(result.kept);
  result.kept.delete_signs.clear();
  result.finish(schema);
  return result;
}

/// Rows without a sequence cannot be told from newer ones, and their deletes were not kept.
Status check_sequence(const TableSchema& of_load, const TableSchema& of_table) {
  if (of_load.sequence_column().has_value() == of_table.sequence_column().has_value()) return Status::OK();
  return Status::Conflict("the table got a sequence column during the load; load again");
}

/// Marks every row of the tablet as dead.
void kill_all(const TabletSnapshot& tablet, TabletEdit& edit) {
  const auto kill = [&](RowsetId rowset, uint32_t count) {
    std::vector<RowOrdinal> rows(count);
    std::iota(rows.begin(), rows.end(), RowOrdinal{0});
    edit.kill(rowset, rows);
  };
  for (const SegmentView& view : tablet.segments) kill(view.segment->id(), view.segment->meta().row_count);
  for (const DeltaView& view : tablet.deltas) kill(view.buffer->id(), view.row_count);
}

}  // namespace

struct LoadPublisher::Bucket {
  TabletId tablet;
  std::vector<NewSegment> segments;
  std::vector<ProbeState> segment_probes;
  std::optional<NewRows> rows;
  const TableSchema* rows_schema = nullptr;  ///< what the kept rows are laid out by
  ProbeState rows_probe;
  std::vector<RowsetHits> dead_rows;
  bool replaces_all = false;  ///< then nothing is probed
  std::vector<uint32_t> row_losers;  ///< of `rows`: below the sequence of another part of the load, or of what is stored

  uint64_t unprobed_rows(const TabletSnapshot& tablet) const {
    if (replaces_all) return 0;
    uint64_t count = rows ? storage::unprobed_rows(tablet, rows_probe) : 0;
    for (const ProbeState& state : segment_probes) count += storage::unprobed_rows(tablet, state);
    return count;
  }
  Status probe_segment(const TableSchema& schema, size_t i, const TabletSnapshot& tablet) {
    if (storage::unprobed_rows(tablet, segment_probes[i]) == 0) return Status::OK();
    NewSegment& part = segments[i];
    const bool is_in_memory = keys_are_in_memory(part.keys, part.segment->meta());
    const std::optional<size_t> sequence = schema.sequence_column();
    if (is_in_memory && !sequence) return storage::probe(part.keys, tablet, segment_probes[i]);
    FRESHET_ASSIGN_OR_RETURN(const auto reader, part.segment->reader());
    KeyRun read_keys(part.keys.is_fixed());
    if (!is_in_memory) FRESHET_RETURN_IF_ERROR(reader->read_keys(0, reader->row_count(), read_keys));
    const KeyRun& keys = is_in_memory ? part.keys : read_keys;
    if (!sequence) return storage::probe(keys, tablet, segment_probes[i]);
    if (!part.sequences) {
      FRESHET_ASSIGN_OR_RETURN(part.sequences, read_sequences(*reader, schema.columns[*sequence]));
    }
    const Status status = probe_sequences(schema, keys, *part.sequences, tablet, segment_probes[i], part.losers);
    if (!is_in_memory) part.sequences.reset();
    return status;
  }
  Status probe(const TableSchema& schema, const TabletSnapshot& tablet) {
    if (replaces_all) return Status::OK();
    for (size_t i = 0; i < segments.size(); ++i) FRESHET_RETURN_IF_ERROR(probe_segment(schema, i, tablet));
    if (!rows) return Status::OK();
    const std::optional<size_t> sequence = rows_schema->sequence_column();
    if (!sequence) return storage::probe(rows->probe_keys, tablet, rows_probe);
    return probe_sequences(schema, rows->probe_keys, rows->kept.columns[*sequence], tablet, rows_probe, row_losers);
  }
  /// Which rows of the load lose within the load: they are dead, or left out.
  Status settle_within_load(const TableSchema& schema, bool is_fixed) {
    if (!schema.sequence_column()) {
      FRESHET_ASSIGN_OR_RETURN(const auto replaced, replaced_rows(segments, rows ? &rows->probe_keys : nullptr, is_fixed));
      for (size_t i = 0; i < segments.size(); ++i) kill(segments[i], replaced[i]);
      return Status::OK();
    }
    if (segments.empty()) return Status::OK();
    FRESHET_ASSIGN_OR_RETURN(const auto beaten, beaten_rows(segments, rows ? &rows->kept : nullptr,
                                                            rows ? &rows->kept_keys : nullptr, schema, is_fixed));
    for (size_t i = 0; i < segments.size(); ++i) kill(segments[i], beaten[i]);
    row_losers.insert(row_losers.end(), beaten.back().begin(), beaten.back().end());
    return Status::OK();
  }
  /// REQUIRES: everything is probed.
  void leave_losers_out(const TableSchema& schema) {
    for (NewSegment& part : segments) kill(part, part.losers);
    if (rows) rows->drop(schema, row_losers);
  }
  static void kill(NewSegment& segment, std::span<const RowOrdinal> dead) {
    segment.dead.insert(segment.dead.end(), dead.begin(), dead.end());
  }
};

struct LoadPublisher::Staged {
  CommitPipeline::ChangePtr change;
  CommitOutcome outcome;
};

Result<CommitOutcome> LoadPublisher::publish(TableState& table, LoadCommit load) {
  failpoint(Failpoint::kCommitStart);
  FRESHET_ASSIGN_OR_RETURN(const std::unique_ptr<ReadGuard> guard, open_guard(load));
  if (load.partial || (load.schema->is_aggregate() && !has_deletes(load))) {
    return publish_completed(table, load, guard.get());
  }
  FRESHET_ASSIGN_OR_RETURN(std::vector<Bucket> buckets, prepare(*table.head(), load));
  for (int attempt = 1;; ++attempt) {
    const TableSnapshotPtr head = table.head();
    if (guard != nullptr) FRESHET_RETURN_IF_ERROR(guard->advance(head));
    if (head->schema->is_unique()) FRESHET_RETURN_IF_ERROR(probe_rounds(table, buckets));
    std::unique_lock publish(table.publish_lock);
    FRESHET_ASSIGN_OR_RETURN(const Staged staged, stage(table, load, buckets, {nullptr, guard.get(), attempt}));
    publish.unlock();
    if (staged.change != nullptr) return finish(staged, load);
  }
}

Result<std::unique_ptr<ReadGuard>> LoadPublisher::open_guard(const LoadCommit& load) const {
  if (load.read_from == nullptr) return std::unique_ptr<ReadGuard>();
  return ReadGuard::open(parts_.files, parts_.page_cache, load);
}

Result<CommitOutcome> LoadPublisher::finish(const Staged& staged, const LoadCommit& load) {
  failpoint(Failpoint::kCommitStaged);
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.wait(staged.change));
  if (load.label) parts_.labels.committed(*load.label);
  return staged.outcome;
}

Result<std::unique_ptr<RowCompletion>> LoadPublisher::begin_completion(const LoadCommit& load,
                                                                       const TableSnapshotPtr& base) const {
  const RowCompletion::Parts parts{parts_.files, parts_.page_cache, parts_.ids, parts_.pipeline.snapshot()->commit};
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
  for (int attempt = 1; attempt <= kCompletionAttempts; ++attempt) {
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
    FRESHET_ASSIGN_OR_RETURN(const Staged staged, stage(table, whole, buckets, {completion.get(), guard, attempt}));
    publish.unlock();
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

Result<LoadPublisher::Staged> LoadPublisher::stage(TableState& table, const LoadCommit& load, std::vector<Bucket>& buckets,
                                                   const Checks& checks) {
  const TableSnapshotPtr head = table.head();
  if (table.dropped)
    return Status::NotFound("Unknown table '{}.{}': it was dropped during the load", head->database_name, head->name);
  if (checks.guard != nullptr) {
    FRESHET_ASSIGN_OR_RETURN(const bool is_compared,
                             checks.guard->advance_little(head, most_settled_under_lock(checks.attempt)));
    if (!is_compared) return Staged{};
  }
  if (checks.completion != nullptr) {
    // The rows were completed under the columns of then.
    if (!have_same_layout(*load.schema, *head->schema)) return Staged{};
    FRESHET_ASSIGN_OR_RETURN(const bool is_settled, settle(*head, *checks.completion, checks.attempt, buckets));
    if (!is_settled) return Staged{};
  }
  if (!have_same_layout(*load.schema, *head->schema))
    FRESHET_RETURN_IF_ERROR(map_rows(*load.schema, *head->schema, buckets));
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.prepare());
  FRESHET_RETURN_IF_ERROR(probe_rest(*head, buckets));
  FRESHET_RETURN_IF_ERROR(check_dead_rows(*head, buckets));
  for (Bucket& bucket : buckets) bucket.leave_losers_out(*head->schema);

  std::vector<RowsetId> new_buffers;
  for (const Bucket& bucket : buckets) {
    const DeltaView& active = head->find_tablet(bucket.tablet)->deltas.back();
    // A commit with more rows than the limit has a buffer to itself; an empty one is never sealed.
    const bool is_full =
        active.row_count > 0 &&
        (active.buffer->byte_size() >= limits_.delta_buffer_bytes ||
         active.buffer->row_count() + (bucket.rows ? bucket.rows->kept.row_count() : 0) > limits_.delta_buffer_rows);
    RowsetId next_buffer;
    if (bucket.rows && is_full) {
      FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
      next_buffer = RowsetId(id);
    }
    new_buffers.push_back(next_buffer);
  }

  Staged staged{std::make_shared<CommitPipeline::Change>(), {}};
  MetaBatch& batch = staged.change->batch;
  FRESHET_RETURN_IF_ERROR(parts_.positions.advance(load.offsets, batch));
  if (load.label) parts_.labels.add_to(batch, *load.label);

  struct TabletRecords {
    TabletId tablet;
    RowsetId buffer;
    std::string carried;
    std::string dead;
    std::vector<RowsetId> segments;  ///< new ones
  };
  std::vector<TabletRecords> records;
  HistoryWriter::Version version;
  if (load.label) version.label = load.label->label;
  auto next = std::make_shared<TableSnapshot>(*head);
  for (size_t i = 0; i < buckets.size(); ++i) {
    Bucket& bucket = buckets[i];
    const uint32_t position = head->position_of(bucket.tablet).value();
    TabletEdit edit(*head->tablets[position]);
    TabletRecords record{edit.next().id, {}, {}, {}, {}};
    for (size_t s = 0; s < bucket.segments.size(); ++s) {
      for (const RowsetHits& hits : bucket.segment_probes[s].hits()) edit.kill(hits.rowset, hits.rows);
    }
    for (const RowsetHits& hits : bucket.rows_probe.hits()) edit.kill(hits.rowset, hits.rows);
    for (const RowsetHits& hits : bucket.dead_rows) edit.kill(hits.rowset, hits.rows);
    if (bucket.replaces_all) kill_all(*head->tablets[position], edit);
    staged.outcome.rows_replaced += edit.replaced_rows();
    for (const NewSegment& added : bucket.segments) {
      edit.add_segment({added.segment, {}});
      const uint64_t replaced_before = edit.replaced_rows();
      edit.kill(added.segment->id(), added.dead);
      version.rows_added += added.segment->meta().row_count - (edit.replaced_rows() - replaced_before);
      record.segments.push_back(added.segment->id());
      batch.put(meta_keys::segment(record.tablet, added.segment->id()), added.segment->meta().serialize());
    }
    if (bucket.rows && bucket.rows->kept.row_count() > 0) {
      if (new_buffers[i].value != 0) {
        edit.add_delta({std::make_shared<DeltaBuffer>(new_buffers[i], head->schema), 0, {}});
      }
      DeltaView& active = edit.active_delta();
      record.buffer = active.buffer->id();
      const RowOrdinal first = active.buffer->append(bucket.rows->kept, bucket.rows->kept_keys);
      for (RowOrdinal& row : bucket.rows->deletes) row += first;
      edit.kill(record.buffer, bucket.rows->deletes);
      version.rows_added += bucket.rows->kept.row_count() - bucket.rows->deletes.size();
      active.row_count = active.buffer->row_count();
      record.carried = CarriedBlockRecord{active.buffer->id(), first, std::move(bucket.rows->block_bytes)}.encode();
    }
    if (!edit.dead_rows_record().entries.empty()) record.dead = edit.dead_rows_record().encode();
    next->tablets[position] = edit.finish();
    records.push_back(std::move(record));
  }

  version.rows_deleted = staged.outcome.rows_replaced;
  const bool keeps_history = history_retention_seconds(*head->schema) > 0;
  staged.change->finish_batch = [&](CommitNumber commit, MetaBatch& out) {
    parts_.history.add_version(head->id, commit, std::move(version), out);
    for (TabletRecords& record : records) {
      if (!record.carried.empty()) {
        out.put(meta_keys::carried_block(record.tablet, commit), std::move(record.carried));
        table.buffers[record.buffer].last_commit = commit;
      }
      if (keeps_history) {
        for (RowsetId segment : record.segments) HistoryWriter::add_birth(record.tablet, segment, commit, out);
        if (!record.dead.empty()) HistoryWriter::add_deaths(record.tablet, commit, record.dead, out);
      }
      if (!record.dead.empty()) out.put(meta_keys::delete_delta(record.tablet, commit), std::move(record.dead));
    }
  };
  TableSnapshotPtr installed = next;
  staged.change->install = [installed](ServerSnapshot& server) { server.tables[installed->id] = installed; };
  FRESHET_ASSIGN_OR_RETURN(staged.outcome.commit, parts_.pipeline.enqueue(staged.change));
  staged.change->finish_batch = nullptr;
  table.set_head(std::move(next));
  return staged;
}

}  // namespace freshet::storage
