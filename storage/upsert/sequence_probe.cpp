#include "storage/upsert/sequence_probe.h"

#include <algorithm>

#include "storage/types/sequence.h"
#include "storage/upsert/key_visits.h"

namespace freshet::storage {
namespace {

/// Stored rows of one rowset that have one of the keys.
struct Candidates {
  std::vector<uint32_t> keys;
  std::vector<RowLocation> rows;
  std::vector<uint8_t> are_dead;
  Column sequences;
  Column delete_times{{TypeKind::kBigInt}};

  /// Neither live nor a tombstone: a newer row has replaced it.
  bool is_gone(size_t i) const { return are_dead[i] != 0 && delete_times.is_null(i); }
};

class Lookup {
 public:
  Lookup(const TableSchema& schema, const TabletSnapshot& tablet, const KeyRun& keys)
      : schema_(schema), tablet_(tablet), keys_(keys) {}

  Result<Candidates> in_segment(size_t view) const {
    const SegmentView& segment = tablet_.segments[view];
    Candidates found = make();
    FRESHET_RETURN_IF_ERROR(visit_segment_hits(segment, keys_, RowsVisited::kAll, [&](uint32_t key, RowOrdinal row) {
      const bool is_dead = segment.dead.contains(row);
      if (!is_dead || segment.segment->meta().deletes != 0)
        add(found, key, {false, static_cast<uint32_t>(view), row}, is_dead);
    }));
    FRESHET_RETURN_IF_ERROR(read(found));
    return found;
  }
  Result<Candidates> in_delta(size_t view, RowOrdinal first) const {
    const DeltaView& delta = tablet_.deltas[view];
    Candidates found = make();
    visit_delta_hits(delta, first, keys_, RowsVisited::kAll, [&](uint32_t key, RowOrdinal row) {
      add(found, key, {true, static_cast<uint32_t>(view), row}, delta.dead.contains(row));
    });
    FRESHET_RETURN_IF_ERROR(read(found));
    return found;
  }

 private:
  Candidates make() const { return {{}, {}, {}, Column(schema_.columns[*schema_.sequence_column()].type)}; }
  static void add(Candidates& found, uint32_t key, const RowLocation& row, bool is_dead) {
    found.keys.push_back(key);
    found.rows.push_back(row);
    found.are_dead.push_back(is_dead);
  }
  Status read(Candidates& found) const {
    const size_t sequence = *schema_.sequence_column(), delete_time = *schema_.delete_time_column();
    FRESHET_RETURN_IF_ERROR(read_rows(schema_, tablet_, found.rows, {&sequence, 1}, {&found.sequences, 1}));
    return read_rows(schema_, tablet_, found.rows, {&delete_time, 1}, {&found.delete_times, 1});
  }

  const TableSchema& schema_;
  const TabletSnapshot& tablet_;
  const KeyRun& keys_;
};

/// Keys of rows of a segment, ascending.
Status gather_keys(const SegmentReader& reader, std::span<const RowOrdinal> rows, KeyRun& out) {
  constexpr uint32_t kPieceRows = 8192;
  KeyRun piece(out.is_fixed());
  for (size_t i = 0; i < rows.size();) {
    const RowOrdinal first = rows[i];
    const uint32_t count = std::min(kPieceRows, reader.row_count() - first);
    piece.clear();
    FRESHET_RETURN_IF_ERROR(reader.read_keys(first, count, piece));
    for (; i < rows.size() && rows[i] < first + count; ++i) out.append_from(piece, rows[i] - first);
  }
  return Status::OK();
}

}  // namespace

Status probe_sequences(const TableSchema& schema, const KeyRun& sorted_keys, const Column& sequences,
                       const TabletSnapshot& tablet, ProbeState& state, std::vector<uint32_t>& losers) {
  if (sorted_keys.size() == 0) return Status::OK();
  const auto settle = [&](RowsetId rowset, const Candidates& found) {
    for (size_t i = 0; i < found.keys.size(); ++i) {
      if (found.is_gone(i)) continue;
      if (compare_sequences(found.sequences, i, sequences, found.keys[i]) > 0) {
        losers.push_back(found.keys[i]);
      } else if (found.are_dead[i] == 0) {
        state.add_hit(rowset, found.rows[i].row);
      }
    }
  };
  const Lookup lookup(schema, tablet, sorted_keys);
  for (size_t i = 0; i < tablet.segments.size(); ++i) {
    const SegmentMeta& meta = tablet.segments[i].segment->meta();
    if (state.probed_rows(meta.id) != 0) continue;
    FRESHET_ASSIGN_OR_RETURN(const Candidates found, lookup.in_segment(i));
    settle(meta.id, found);
    state.set_probed(meta.id, meta.row_count);
  }
  for (size_t i = 0; i < tablet.deltas.size(); ++i) {
    const DeltaView& view = tablet.deltas[i];
    const RowOrdinal first = state.probed_rows(view.buffer->id());
    if (first >= view.row_count) continue;
    FRESHET_ASSIGN_OR_RETURN(const Candidates found, lookup.in_delta(i, first));
    settle(view.buffer->id(), found);
    state.set_probed(view.buffer->id(), view.row_count);
  }
  return Status::OK();
}

Result<std::vector<uint32_t>> find_tombstone_sequences(const TableSchema& schema, const KeyRun& sorted_keys,
                                                       const TabletSnapshot& tablet, Column& sequences) {
  std::vector<uint32_t> largest(sorted_keys.size(), kNoTombstone);
  const auto collect = [&](const Candidates& found) {
    for (size_t i = 0; i < found.keys.size(); ++i) {
      if (found.delete_times.is_null(i)) continue;
      uint32_t& at = largest[found.keys[i]];
      if (at != kNoTombstone && compare_sequences(found.sequences, i, sequences, at) <= 0) continue;
      at = static_cast<uint32_t>(sequences.size());
      sequences.append_from(found.sequences, i);
    }
  };
  const Lookup lookup(schema, tablet, sorted_keys);
  for (size_t i = 0; i < tablet.segments.size() && sorted_keys.size() != 0; ++i) {
    if (tablet.segments[i].segment->meta().deletes == 0) continue;
    FRESHET_ASSIGN_OR_RETURN(const Candidates found, lookup.in_segment(i));
    collect(found);
  }
  for (size_t i = 0; i < tablet.deltas.size() && sorted_keys.size() != 0; ++i) {
    FRESHET_ASSIGN_OR_RETURN(const Candidates found, lookup.in_delta(i, 0));
    collect(found);
  }
  return largest;
}

Result<std::vector<RowOrdinal>> unbeaten_tombstones(const TableSchema& schema, const TabletSnapshot& tablet, size_t view,
                                                    std::span<const RowOrdinal> tombstones) {
  FRESHET_ASSIGN_OR_RETURN(const auto reader, tablet.segments[view].segment->reader());
  KeyRun keys = KeyCodec(schema).make_run();
  FRESHET_RETURN_IF_ERROR(gather_keys(*reader, tombstones, keys));
  const Lookup lookup(schema, tablet, keys);
  FRESHET_ASSIGN_OR_RETURN(const Candidates own, lookup.in_segment(view));
  FRESHET_ASSERT(own.keys.size() == tombstones.size());
  std::vector<uint8_t> is_beaten(tombstones.size(), 0);
  for (size_t other = 0; other < tablet.segments.size(); ++other) {
    if (other == view) continue;
    FRESHET_ASSIGN_OR_RETURN(const Candidates found, lookup.in_segment(other));
    for (size_t i = 0; i < found.keys.size(); ++i) {
      if (found.is_gone(i)) continue;
      const uint32_t key = found.keys[i];
      const int order = compare_sequences(found.sequences, i, own.sequences, key);
      is_beaten[key] |= found.are_dead[i] == 0 || order > 0 || (order == 0 && other > view);
    }
  }
  std::vector<RowOrdinal> unbeaten;
  for (size_t i = 0; i < tombstones.size(); ++i) {
    if (is_beaten[i] == 0) unbeaten.push_back(tombstones[i]);
  }
  return unbeaten;
}

}  // namespace freshet::storage
