#include "storage/commit/load_buckets.h"

#include <algorithm>
#include <numeric>

#include "storage/types/sequence.h"
#include "storage/upsert/sequence_probe.h"
#include "storage/upsert/within_load.h"

namespace freshet::storage {
namespace {

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

void kill(NewSegment& segment, std::span<const RowOrdinal> dead) {
  segment.dead.insert(segment.dead.end(), dead.begin(), dead.end());
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

void NewRows::drop(const TableSchema& schema, std::span<const uint32_t> rows) {
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

void NewRows::finish(const TableSchema& schema) {
  block_bytes.clear();
  if (kept.row_count() != 0) kept.serialize(schema, block_bytes);
  deletes.clear();
  const std::optional<size_t> delete_time = schema.delete_time_column();
  for (RowOrdinal row = 0; delete_time && row < kept.row_count(); ++row) {
    if (!kept.columns[*delete_time].is_null(row)) deletes.push_back(row);
  }
}

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

uint64_t LoadBucket::unprobed_rows(const TabletSnapshot& tablet) const {
  if (replaces_all) return 0;
  uint64_t count = rows ? storage::unprobed_rows(tablet, rows_probe) : 0;
  for (const ProbeState& state : segment_probes) count += storage::unprobed_rows(tablet, state);
  return count;
}

Status LoadBucket::probe_segment(const TableSchema& schema, size_t i, const TabletSnapshot& tablet) {
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

Status LoadBucket::probe(const TableSchema& schema, const TabletSnapshot& tablet) {
  if (replaces_all) return Status::OK();
  for (size_t i = 0; i < segments.size(); ++i) FRESHET_RETURN_IF_ERROR(probe_segment(schema, i, tablet));
  if (!rows) return Status::OK();
  const std::optional<size_t> sequence = rows_schema->sequence_column();
  if (!sequence) return storage::probe(rows->probe_keys, tablet, rows_probe);
  return probe_sequences(schema, rows->probe_keys, rows->kept.columns[*sequence], tablet, rows_probe, row_losers);
}

Status LoadBucket::settle_within_load(const TableSchema& schema, bool is_fixed) {
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

void LoadBucket::leave_losers_out(const TableSchema& schema) {
  for (NewSegment& part : segments) kill(part, part.losers);
  if (rows) rows->drop(schema, row_losers);
}

void LoadBucket::kill_replaced(const TabletSnapshot& tablet, TabletEdit& edit) const {
  for (const ProbeState& probed : segment_probes) {
    for (const RowsetHits& hits : probed.hits()) edit.kill(hits.rowset, hits.rows);
  }
  for (const RowsetHits& hits : rows_probe.hits()) edit.kill(hits.rowset, hits.rows);
  for (const RowsetHits& hits : dead_rows) edit.kill(hits.rowset, hits.rows);
  if (replaces_all) kill_all(tablet, edit);
}

RowOrdinal LoadBucket::append_rows(TabletEdit& edit) {
  DeltaView& active = edit.active_delta();
  const RowOrdinal first = active.buffer->append(rows->kept, rows->kept_keys);
  for (RowOrdinal& row : rows->deletes) row += first;
  edit.kill(active.buffer->id(), rows->deletes);
  active.row_count = active.buffer->row_count();
  return first;
}

}  // namespace freshet::storage
