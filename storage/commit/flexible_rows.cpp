#include "storage/commit/flexible_rows.h"

#include <algorithm>
#include <numeric>

#include "storage/commit/piece_rows.h"
#include "storage/segment/segment_writer.h"
#include "storage/types/row_mask.h"
#include "storage/types/sequence.h"
#include "storage/types/table_options.h"
#include "storage/upsert/sequence_probe.h"

namespace freshet::storage {
namespace {

std::vector<uint32_t> all_below(size_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), uint32_t{0});
  return numbers;
}

KeyRun gather_keys(const KeyRun& keys, std::span<const uint32_t> wanted) {
  KeyRun gathered(keys.is_fixed());
  gathered.reserve(wanted.size());
  for (uint32_t key : wanted) gathered.append_from(keys, key);
  return gathered;
}

/// The sequences that keys have in a snapshot: of their row, or of their delete.
struct StoredSequences {
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> at;  ///< by key: place in `values`; kNone: neither row nor delete
  Column values;
};

Result<StoredSequences> stored_sequences(const TableSchema& schema, const KeyRun& keys, const TabletSnapshot& tablet,
                                         std::span<const BaseRow> bases) {
  const size_t sequence = *schema.sequence_column();
  const BaseLocations rows = locate_base_rows(tablet, bases);
  StoredSequences stored{{}, Column(schema.columns[sequence].type)};
  FRESHET_RETURN_IF_ERROR(read_rows(schema, tablet, rows.locations, {&sequence, 1}, {&stored.values, 1}));
  FRESHET_ASSIGN_OR_RETURN(stored.at, find_tombstone_sequences(schema, keys, tablet, stored.values));
  for (size_t key = 0; key < bases.size(); ++key) {
    if (bases[key].exists()) stored.at[key] = rows.found_at[key];
  }
  return stored;
}

}  // namespace

FlexibleRows::FlexibleRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base)
    : parts_(parts),
      load_(load),
      base_(std::move(base)),
      sent_schema_(segment_schema_of(load)),
      mask_(*load.partial->mask),
      sequence_(load.schema->sequence_column()),
      delete_time_(load.schema->delete_time_column()) {}

FlexibleRows::~FlexibleRows() { remove_segment_files(parts_.files, written_); }

Result<std::vector<TabletRows>> FlexibleRows::complete() {
  const uint64_t segment_rows = segment_rows_of(load_);
  if (segment_rows > parts_.segment_rows_max) {
    return Status::ResourceExhausted("a partial update takes {} rows at most, this load has {}; split it",
                                     parts_.segment_rows_max, segment_rows);
  }
  std::vector<TabletRows> completed;
  for (const TabletRows& sent : load_.tablets) {
    FRESHET_ASSIGN_OR_RETURN(TabletRows rows, complete_bucket(sent));
    completed.push_back(std::move(rows));
  }
  if (!written_.empty()) FRESHET_RETURN_IF_ERROR(parts_.files.sync_names());
  return completed;
}

Result<TabletRows> FlexibleRows::complete_bucket(const TabletRows& sent) {
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* tablet, find_tablet_of(*base_, sent.tablet));
  FRESHET_ASSIGN_OR_RETURN(SentRows opened,
                           SentRows::open(parts_.files, parts_.page_cache, sent, *load_.schema, sent_schema_));
  FRESHET_ASSIGN_OR_RETURN(const KeyRun arrived, opened.keys(*base_->key_codec));
  Bucket& bucket = buckets_.emplace_back(Bucket{.sent = std::move(opened),
                                                .groups = group_rows(arrived, sort_order(arrived)),
                                                .keys = base_->key_codec->make_run(),
                                                .masks = Column(load_.schema->columns[mask_].type),
                                                .sequences = std::nullopt});
  bucket.keys.reserve(bucket.groups.size());
  for (size_t key = 0; key < bucket.groups.size(); ++key) {
    bucket.keys.append_from(arrived, bucket.groups.rows(key).front());
  }
  const std::vector<uint32_t> all_rows = all_below(bucket.sent.size());
  FRESHET_RETURN_IF_ERROR(bucket.sent.read(mask_, all_rows, bucket.masks));
  if (sequence_) {
    FRESHET_RETURN_IF_ERROR(
        bucket.sent.read(*sequence_, all_rows, bucket.sequences.emplace(load_.schema->columns[*sequence_].type)));
  }
  FRESHET_ASSIGN_OR_RETURN(bucket.bases, find_base_rows(*tablet, bucket.keys));
  FRESHET_ASSIGN_OR_RETURN(const Outcome outcome, decide(bucket, all_below(bucket.keys.size()), *tablet, bucket.bases));
  bucket.kept = outcome.keys;

  TabletRows completed;
  completed.tablet = sent.tablet;
  if (sent.segments.empty()) {
    FRESHET_ASSIGN_OR_RETURN(bucket.rows, make_block(bucket, outcome, *tablet));
    completed.rows = bucket.rows;
  } else if (!outcome.keys.empty()) {
    FRESHET_ASSIGN_OR_RETURN(WrittenSegment written, write_segment(bucket, outcome, *tablet));
    completed.segments.push_back(std::move(written));
  }
  return completed;
}

Result<FlexibleRows::Outcome> FlexibleRows::decide(const Bucket& bucket, std::span<const uint32_t> keys,
                                                   const TabletSnapshot& tablet, std::span<const BaseRow> bases) const {
  const DataType sequence_type = sequence_ ? load_.schema->columns[*sequence_].type : DataType{TypeKind::kBigInt};
  Outcome outcome{{}, {}, {}, {}, {}, Column(sequence_type)};
  StoredSequences stored{{}, Column(sequence_type)};
  if (sequence_) {
    FRESHET_ASSIGN_OR_RETURN(stored, stored_sequences(*load_.schema, gather_keys(bucket.keys, keys), tablet, bases));
  }
  Column no_sequence(sequence_type);
  no_sequence.append_null();
  std::vector<uint32_t> applied;
  for (size_t i = 0; i < keys.size(); ++i) {
    // The sequence of the row as it stands: a value of one of these columns.
    const Column* sequences = &no_sequence;
    size_t sequence_at = 0;
    const bool has_stored = sequence_ && stored.at[i] != StoredSequences::kNone;
    if (has_stored) {
      sequences = &stored.values;
      sequence_at = stored.at[i];
    }
    bool is_delete = false, keeps_base = bases[i].exists();
    applied.clear();
    for (uint32_t row : bucket.groups.rows(keys[i])) {
      const std::string_view mask = bucket.masks.bytes_at(row);
      if (sequence_ && RowMask::gives(mask, *sequence_)) {
        const bool is_first = !has_stored && applied.empty();
        if (!is_first && compare_sequences(*bucket.sequences, row, *sequences, sequence_at) < 0) continue;
        sequences = &*bucket.sequences;
        sequence_at = row;
      }
      if (is_delete || RowMask::is_delete(mask)) {
        applied.clear();
        keeps_base = false;
      }
      is_delete = RowMask::is_delete(mask);
      applied.push_back(row);
    }
    if (applied.empty()) continue;
    outcome.keys.push_back(keys[i]);
    outcome.bases.push_back(keeps_base ? bases[i] : BaseRow{});
    outcome.applied.append(applied);
    outcome.existed.push_back(bases[i].exists());
    outcome.deletes.push_back(is_delete);
    if (sequence_) outcome.sequences.append_from(*sequences, sequence_at);
  }
  FRESHET_RETURN_IF_ERROR(check_new_rows(bucket, outcome));
  return outcome;
}

Status FlexibleRows::check_new_rows(const Bucket& bucket, const Outcome& outcome) const {
  const PartialColumns& partial = *load_.partial;
  if (!partial.new_keys_fail && partial.no_default.empty()) return Status::OK();
  for (size_t i = 0; i < outcome.keys.size(); ++i) {
    if (outcome.deletes[i] != 0 || outcome.bases[i].exists()) continue;
    if (partial.new_keys_fail && outcome.existed[i] == 0) {
      const uint32_t row = outcome.applied.rows(i).front();
      std::vector<Column> key;
      for (size_t column = 0; column < load_.schema->key_count; ++column) {
        FRESHET_RETURN_IF_ERROR(bucket.sent.read(column, {&row, 1}, key.emplace_back(load_.schema->columns[column].type)));
      }
      return refuse_new_key(key);
    }
    const std::span<const uint32_t> rows = outcome.applied.rows(i);
    for (size_t column : partial.no_default) {
      const bool is_given = std::any_of(rows.begin(), rows.end(),
                                        [&](uint32_t row) { return RowMask::gives(bucket.masks.bytes_at(row), column); });
      if (is_given) continue;
      return Status::InvalidArgument(
          "the unmentioned column `{}` should have default value or be nullable for newly inserted rows in non-strict mode "
          "partial update",
          load_.schema->columns[column].name);
    }
  }
  return Status::OK();
}

Status FlexibleRows::append_values(const Bucket& bucket, const Outcome& outcome, const TabletSnapshot& tablet, size_t first,
                                   size_t count, size_t column, const WholeRows* whole, Column& out) const {
  const DataType& type = load_.schema->columns[column].type;
  if (column == mask_ || column == delete_time_) {
    const int64_t now = unix_seconds_now();
    for (size_t i = first; i < first + count; ++i) {
      column == delete_time_&& outcome.deletes[i] != 0 ? out.append(now) : out.append_null();
    }
    return Status::OK();
  }
  if (column == sequence_) {
    out.append_range(outcome.sequences, first, count);
    return Status::OK();
  }
  // The last row that brings the column has its value; when none does, the old row, or the default, which any new one holds.
  std::vector<uint32_t> sent;
  std::vector<BaseRow> bases(count);
  for (size_t i = 0; i < count; ++i) {
    const std::span<const uint32_t> rows = outcome.applied.rows(first + i);
    const auto giver = std::find_if(rows.rbegin(), rows.rend(), [&](uint32_t row) {
      return column < load_.schema->key_count || RowMask::gives(bucket.masks.bytes_at(row), column);
    });
    if (giver == rows.rend() && outcome.bases[first + i].exists()) {
      bases[i] = outcome.bases[first + i];
    } else {
      sent.push_back(giver == rows.rend() ? rows.back() : *giver);
    }
  }
  BaseLocations old;
  Column values(type);
  if (whole != nullptr) {
    values = whole->columns[column];
  } else {
    old = locate_base_rows(tablet, bases);
    FRESHET_RETURN_IF_ERROR(read_rows(*load_.schema, tablet, old.locations, {&column, 1}, {&values, 1}));
  }
  const std::span<const uint32_t> found_at =
      whole != nullptr ? std::span(whole->locations.found_at).subspan(first) : std::span<const uint32_t>(old.found_at);
  auto next_sent = static_cast<uint32_t>(values.size());
  FRESHET_RETURN_IF_ERROR(bucket.sent.read(column, sent, values));
  std::vector<uint32_t> order(count);
  for (size_t i = 0; i < count; ++i) order[i] = bases[i].exists() ? found_at[i] : next_sent++;
  out.append_gather(values, order);
  return Status::OK();
}

Result<Block> FlexibleRows::make_block(const Bucket& bucket, const Outcome& outcome, const TabletSnapshot& tablet) const {
  Block block = Block::for_schema(*load_.schema);
  std::optional<WholeRows> whole;
  if (!row_store_options(*load_.schema).columns.empty()) {
    whole.emplace();
    whole->locations = locate_base_rows(tablet, outcome.bases);
    whole->columns = Block::for_schema(*load_.schema).columns;
    const std::vector<uint32_t> positions = all_below(block.columns.size());
    const std::vector<size_t> columns(positions.begin(), positions.end());
    FRESHET_RETURN_IF_ERROR(read_rows(*load_.schema, tablet, whole->locations.locations, columns, whole->columns));
  }
  for (size_t column = 0; column < block.columns.size(); ++column) {
    FRESHET_RETURN_IF_ERROR(append_values(bucket, outcome, tablet, 0, outcome.keys.size(), column, whole ? &*whole : nullptr,
                                          block.columns[column]));
  }
  block.delete_signs = outcome.deletes;
  return block;
}

Result<WrittenSegment> FlexibleRows::write_segment(const Bucket& bucket, const Outcome& outcome,
                                                   const TabletSnapshot& tablet) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
  SegmentWriterOptions options;
  options.newest_commit = parts_.newest_commit;
  const SchemaPtr& schema = load_.schema;
  FRESHET_ASSIGN_OR_RETURN(const auto writer, SegmentWriter::create(parts_.files, RowsetId(id), tablet.id, schema, options));
  written_.push_back(RowsetId(id));
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    Column piece(schema->columns[column].type);
    PieceRows pieces(piece.type());
    for (size_t first = 0; first < outcome.keys.size();) {
      const size_t count = pieces.next(outcome.keys.size() - first);
      piece.clear();
      FRESHET_RETURN_IF_ERROR(append_values(bucket, outcome, tablet, first, count, column, nullptr, piece));
      FRESHET_RETURN_IF_ERROR(writer->append_column(column, piece));
      first += count;
      pieces.took(piece.byte_size());
    }
  }
  KeyRun keys = gather_keys(bucket.keys, outcome.keys);
  FRESHET_RETURN_IF_ERROR(writer->append_keys(keys));
  FRESHET_ASSIGN_OR_RETURN(SegmentMeta meta, writer->finish());
  WrittenSegment written{std::move(meta), {}, std::move(keys)};
  for (RowOrdinal row = 0; row < outcome.deletes.size(); ++row) {
    if (outcome.deletes[row] != 0) written.delete_rows.push_back(row);
  }
  return written;
}

Result<RowCompletion::Settled> FlexibleRows::settle(const TableSnapshot& head, uint64_t most_changed) const {
  Settled settled;
  settled.rows.resize(buckets_.size());
  uint64_t changed_keys = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    const Bucket& bucket = buckets_[i];
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* then, find_tablet_of(*base_, load_.tablets[i].tablet));
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* now, find_tablet_of(head, load_.tablets[i].tablet));
    FRESHET_ASSIGN_OR_RETURN(const std::vector<uint32_t> changed,
                             find_changed_keys(*then, *now, bucket.keys, bucket.bases, delete_time_.has_value()));
    if (changed.empty()) continue;
    changed_keys += changed.size();
    settled.must_complete_again = changed_keys > most_changed;
    if (settled.must_complete_again) return settled;
    FRESHET_ASSIGN_OR_RETURN(const std::vector<BaseRow> bases, find_base_rows(*now, gather_keys(bucket.keys, changed)));
    FRESHET_ASSIGN_OR_RETURN(const Outcome outcome, decide(bucket, changed, *now, bases));
    FRESHET_ASSIGN_OR_RETURN(Block rows, make_block(bucket, outcome, *now));

    std::vector<uint32_t> unchanged;  // rows of the bucket's block
    for (uint32_t row = 0; row < bucket.kept.size(); ++row) {
      if (!std::binary_search(changed.begin(), changed.end(), bucket.kept[row])) {
        unchanged.push_back(row);
      } else if (bucket.sent.segment_count() != 0) {
        settled.changed.push_back({i, 0, row});
      }
    }
    if (bucket.sent.segment_count() == 0) rows.append_gather(bucket.rows, unchanged);
    settled.rows[i] = std::move(rows);
  }
  return settled;
}

}  // namespace freshet::storage
