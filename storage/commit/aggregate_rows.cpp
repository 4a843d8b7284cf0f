#include "storage/commit/aggregate_rows.h"

#include <algorithm>
#include <numeric>

#include "storage/commit/piece_rows.h"
#include "storage/segment/segment_writer.h"

namespace freshet::storage {
namespace {

/// A larger block is written as a segment: sets and long texts may make much of a small load.
constexpr size_t kMostBlockBytes = 4u << 20;
/// Most bytes of rows that are combined anew under the lock.
constexpr size_t kMostSettledBytes = 64u << 20;
/// When more than this part of a load's keys must be combined, all its rows are written anew: else a segment would consist
/// of dead rows mostly.
constexpr size_t kWriteAnewDivisor = 2;

KeyRun gather_keys(const KeyRun& keys, std::span<const uint32_t> wanted) {
  KeyRun gathered(keys.is_fixed());
  gathered.reserve(wanted.size());
  for (uint32_t key : wanted) gathered.append_from(keys, key);
  return gathered;
}

std::vector<uint32_t> all_below(size_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), uint32_t{0});
  return numbers;
}

/// What becomes of a column of a stored row.
enum class Base {
  kReplaced,  ///< by what was sent
  kCombined,
  kKept,  ///< the load does not know the column
};

Base base_of(const ColumnSchema& column, const TableSchema& sent) {
  if (column.aggregation == Aggregation::kNone) return Base::kReplaced;
  if (!sent.find(column.id)) return Base::kKept;
  return column.aggregation == Aggregation::kReplace ? Base::kReplaced : Base::kCombined;
}

}  // namespace

AggregateRows::AggregateRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base)
    : parts_(parts), load_(load), base_(std::move(base)) {}

AggregateRows::~AggregateRows() { remove_segment_files(parts_.files, written_); }

Result<std::vector<TabletRows>> AggregateRows::complete() {
  const uint64_t segment_rows = segment_rows_of(load_);
  if (segment_rows > parts_.segment_rows_max) {
    return Status::ResourceExhausted(
        "a load into an AGGREGATE KEY table takes {} different keys at most, this one has {}; "
        "split it",
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

Result<TabletRows> AggregateRows::complete_bucket(const TabletRows& sent) {
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* tablet, find_tablet_of(*base_, sent.tablet));
  FRESHET_ASSIGN_OR_RETURN(SentRows opened,
                           SentRows::open(parts_.files, parts_.page_cache, sent, *load_.schema, base_->schema));
  Bucket& bucket = buckets_.emplace_back(Bucket{.sent = std::move(opened), .keys = base_->key_codec->make_run()});
  FRESHET_ASSIGN_OR_RETURN(KeyRun arrived, bucket.sent.keys(*base_->key_codec));
  const bool is_sorted = bucket.sent.segment_count() == 1 && bucket.sent.segment_rows() == bucket.sent.size();
  bucket.groups = group_rows(arrived, is_sorted ? all_below(arrived.size()) : sort_order(arrived));
  if (bucket.groups.are_single() && is_sorted) {
    bucket.keys = std::move(arrived);
  } else {
    bucket.keys.reserve(bucket.groups.size());
    for (size_t key = 0; key < bucket.groups.size(); ++key) {
      bucket.keys.append_from(arrived, bucket.groups.rows(key).front());
    }
  }
  FRESHET_ASSIGN_OR_RETURN(bucket.bases, find_base_rows(*tablet, bucket.keys));

  TabletRows completed;
  completed.tablet = sent.tablet;
  choose_combined(bucket);
  if (sent.segments.empty()) {
    FRESHET_ASSIGN_OR_RETURN(bucket.block, combine_block(bucket, bucket.combined, *tablet, bucket.bases, kMostBlockBytes));
    completed.rows = bucket.block;
    if (completed.rows) return completed;
  }
  for (const WrittenSegment& segment : sent.segments) {
    if (bucket.keeps_segments) {
      completed.segments.push_back(segment);
    } else {
      replaced_.push_back(segment.meta.id);
    }
  }
  if (bucket.combined.empty()) return completed;
  FRESHET_ASSIGN_OR_RETURN(WrittenSegment written, write_combined(bucket, *tablet));
  completed.segments.push_back(std::move(written));
  return completed;
}

void AggregateRows::choose_combined(Bucket& bucket) const {
  const uint32_t first_of_block = bucket.sent.segment_rows();
  for (size_t key = 0; key < bucket.groups.size(); ++key) {
    const std::span<const uint32_t> rows = bucket.groups.rows(key);
    const bool stays = rows.size() == 1 && rows[0] < first_of_block && !bucket.bases[key].exists();
    if (!stays) bucket.combined.push_back(static_cast<uint32_t>(key));
  }
  bucket.keeps_segments = bucket.combined.size() * kWriteAnewDivisor <= bucket.groups.size() &&
                          bucket.sent.segment_count() < parts_.segments_max;
  if (!bucket.keeps_segments) bucket.combined = all_below(bucket.groups.size());
}

Result<WrittenSegment> AggregateRows::write_combined(const Bucket& bucket, const TabletSnapshot& tablet) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
  SegmentWriterOptions options;
  options.newest_commit = parts_.newest_commit;
  const SchemaPtr& schema = base_->schema;
  FRESHET_ASSIGN_OR_RETURN(const auto writer, SegmentWriter::create(parts_.files, RowsetId(id), tablet.id, schema, options));
  written_.push_back(RowsetId(id));
  std::vector<BaseRow> bases;
  bases.reserve(bucket.combined.size());
  for (uint32_t key : bucket.combined) bases.push_back(bucket.bases[key]);
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    FRESHET_RETURN_IF_ERROR(combine_pieces(bucket, bucket.combined, tablet, bases, column,
                                           [&](const Column& piece) { return writer->append_column(column, piece); }));
  }
  WrittenSegment written{{}, {}, gather_keys(bucket.keys, bucket.combined)};
  FRESHET_RETURN_IF_ERROR(writer->append_keys(written.keys));
  FRESHET_ASSIGN_OR_RETURN(written.meta, writer->finish());
  return written;
}

Status AggregateRows::combine_pieces(const Bucket& bucket, std::span<const uint32_t> keys, const TabletSnapshot& tablet,
                                     std::span<const BaseRow> bases, size_t column,
                                     const std::function<Status(const Column&)>& take) const {
  Column piece(base_->schema->columns[column].type);
  PieceRows pieces(piece.type());
  for (size_t first = 0; first < keys.size();) {
    const size_t count = pieces.next(keys.size() - first);
    piece.clear();
    FRESHET_RETURN_IF_ERROR(combine(bucket, keys.subspan(first, count), tablet, bases.subspan(first, count), column, piece));
    FRESHET_RETURN_IF_ERROR(take(piece));
    first += count;
    pieces.took(piece.byte_size());
  }
  return Status::OK();
}

Status AggregateRows::combine(const Bucket& bucket, std::span<const uint32_t> keys, const TabletSnapshot& tablet,
                              std::span<const BaseRow> bases, size_t column, Column& out) const {
  const ColumnSchema& column_schema = base_->schema->columns[column];
  Column values(column_schema.type);
  BaseLocations old;
  const Base base = base_of(column_schema, *load_.schema);
  if (base != Base::kReplaced) {
    old = locate_base_rows(tablet, bases);
    values.reserve(old.locations.size() + keys.size());
    FRESHET_RETURN_IF_ERROR(read_rows(*base_->schema, tablet, old.locations, {&column, 1}, {&values, 1}));
  }
  uint32_t next = static_cast<uint32_t>(values.size());
  std::vector<uint32_t> sent;
  sent.reserve(keys.size());
  RowGroups groups;  // of `values`: the old one of each key, then those that were sent
  groups.order.reserve(old.locations.size() + keys.size());
  groups.starts.reserve(keys.size() + 1);
  for (size_t i = 0; i < keys.size(); ++i) {
    const bool has_old = !old.found_at.empty() && old.found_at[i] != BaseLocations::kNone;
    if (has_old) groups.order.push_back(old.found_at[i]);
    std::span<const uint32_t> rows = bucket.groups.rows(keys[i]);
    if (base == Base::kKept) rows = rows.first(has_old ? 0 : 1);  // of a new row: its initial default
    for (uint32_t row : rows) {
      sent.push_back(row);
      groups.order.push_back(next++);
    }
    groups.starts.push_back(static_cast<uint32_t>(groups.order.size()));
  }
  FRESHET_RETURN_IF_ERROR(bucket.sent.read(column, sent, values));
  return aggregate_groups(column_schema, values, groups, 0, groups.size(), out);
}

Result<std::optional<Block>> AggregateRows::combine_block(const Bucket& bucket, std::span<const uint32_t> keys,
                                                          const TabletSnapshot& tablet, std::span<const BaseRow> bases,
                                                          size_t most_bytes) const {
  Block rows = Block::for_schema(*base_->schema);
  size_t bytes = 0;
  for (size_t column = 0; column < rows.columns.size() && bytes <= most_bytes; ++column) {
    FRESHET_RETURN_IF_ERROR(combine_pieces(bucket, keys, tablet, bases, column, [&](const Column& piece) {
      bytes += piece.byte_size();
      if (bytes <= most_bytes) rows.columns[column].append_range(piece, 0, piece.size());
      return Status::OK();
    }));
  }
  if (bytes > most_bytes) return std::optional<Block>();
  return std::optional<Block>(std::move(rows));
}

/// Stored rows are replaced by the combined ones alone.
void AggregateRows::remember(size_t index, std::optional<size_t> segment, ProbeState& state) const {
  const Bucket& bucket = buckets_[index];
  const size_t kept = bucket.keeps_segments ? bucket.sent.segment_count() : 0;
  const bool is_combined = !segment || *segment == kept;
  remember_base_rows(*base_->find_tablet(load_.tablets[index].tablet),
                     is_combined ? std::span<const BaseRow>(bucket.bases) : std::span<const BaseRow>(), state);
}

Result<RowCompletion::Settled> AggregateRows::settle(const TableSnapshot& head, uint64_t most_changed) const {
  Settled settled;
  settled.rows.resize(buckets_.size());
  uint64_t changed_keys = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    const Bucket& bucket = buckets_[i];
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* then, find_tablet_of(*base_, load_.tablets[i].tablet));
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* now, find_tablet_of(head, load_.tablets[i].tablet));
    FRESHET_ASSIGN_OR_RETURN(const std::vector<uint32_t> changed,
                             find_changed_keys(*then, *now, bucket.keys, bucket.bases, false));
    if (changed.empty()) continue;
    changed_keys += changed.size();
    settled.must_complete_again = changed_keys > most_changed;
    if (settled.must_complete_again) return settled;
    FRESHET_ASSIGN_OR_RETURN(const std::vector<BaseRow> bases, find_base_rows(*now, gather_keys(bucket.keys, changed)));
    FRESHET_ASSIGN_OR_RETURN(std::optional<Block> rows, combine_block(bucket, changed, *now, bases, kMostSettledBytes));
    settled.must_complete_again = !rows;
    if (settled.must_complete_again) return settled;

    const size_t segments = bucket.keeps_segments ? bucket.sent.segment_count() : 0;
    if (bucket.block) {
      // The whole block again, with these rows in the place of the old ones.
      const uint32_t first_new = static_cast<uint32_t>(bucket.block->row_count());
      Block all = *bucket.block;
      all.append_gather(*rows, all_below(rows->row_count()));
      std::vector<uint32_t> order = all_below(first_new);
      for (size_t k = 0; k < changed.size(); ++k) order[changed[k]] = first_new + static_cast<uint32_t>(k);
      settled.rows[i].emplace(Block::for_schema(*base_->schema)).append_gather(all, order);
      continue;
    }
    for (uint32_t key : changed) {
      const auto at = std::lower_bound(bucket.combined.begin(), bucket.combined.end(), key);
      if (at != bucket.combined.end() && *at == key) {
        settled.changed.push_back({i, segments, static_cast<RowOrdinal>(at - bucket.combined.begin())});
      } else {
        const SentRows::Place place = bucket.sent.place_of(bucket.groups.rows(key).front());
        settled.changed.push_back({i, place.segment, place.row});
      }
    }
    settled.rows[i] = std::move(*rows);
  }
  return settled;
}

}  // namespace freshet::storage
