#include "storage/commit/partial_rows.h"

#include <algorithm>
#include <atomic>

#include "storage/base/side_by_side.h"
#include "storage/commit/piece_rows.h"
#include "storage/upsert/sequence_probe.h"
#include "storage/upsert/within_load.h"

namespace freshet::storage {
namespace {

/// Values of one column of a segment that was written under the load's schema.
Status read_column(const SegmentReader& reader, const ColumnSchema& column, RowOrdinal first, uint32_t count, Column& out) {
  const ColumnReader* stored = reader.column(column.id);
  if (stored == nullptr) {
    return Status::Corruption("segment {} of a load lacks its column '{}'", segment_file_name(reader.meta().id),
                              column.name);
  }
  return stored->read_rows(first, count, out);
}

/// Where the base rows of a segment's pieces lie. Most columns are read in the same pieces: those are located once.
class LocatedBases {
 public:
  LocatedBases(const TabletSnapshot& tablet, std::span<const BaseRow> bases) : tablet_(tablet), bases_(bases) {}

  /// Valid until the next call.
  const BaseLocations& of(RowOrdinal first, uint32_t count) {
    if (first % PieceRows::kMost != 0 || count != std::min(PieceRows::kMost, bases_.size() - first)) {
      return other_ = locate_base_rows(tablet_, bases_.subspan(first, count));
    }
    const size_t piece = first / PieceRows::kMost;
    while (usual_.size() <= piece) {
      const size_t begin = usual_.size() * PieceRows::kMost;
      usual_.push_back(locate_base_rows(tablet_, bases_.subspan(begin, std::min(PieceRows::kMost, bases_.size() - begin))));
    }
    return usual_[piece];
  }

 private:
  const TabletSnapshot& tablet_;
  const std::span<const BaseRow> bases_;
  std::vector<BaseLocations> usual_;
  BaseLocations other_;
};

std::vector<RowOrdinal> deletes_of(const Block& rows) {
  std::vector<RowOrdinal> deletes;
  for (RowOrdinal row = 0; row < rows.delete_signs.size(); ++row) {
    if (rows.is_delete(row)) deletes.push_back(row);
  }
  return deletes;
}

}  // namespace

PartialRows::PartialRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base)
    : parts_(parts), load_(load), base_(std::move(base)) {
  const std::optional<size_t> delete_time = load.schema->delete_time_column();
  for (size_t i = 0; i < load.schema->columns.size(); ++i) {
    const bool is_given = std::binary_search(load.partial->given.begin(), load.partial->given.end(), i);
    if (!is_given && i != delete_time) missing_.push_back(i);
  }
  const std::optional<size_t> sequence = load.schema->sequence_column();
  if (!sequence) return;
  const bool is_given = std::binary_search(load.partial->given.begin(), load.partial->given.end(), *sequence);
  (is_given ? given_sequence_ : missing_sequence_) = sequence;
}

PartialRows::~PartialRows() { remove_segment_files(parts_.files, written_); }

Status PartialRows::check_new_keys(std::span<const BaseRow> bases, const Block& rows) const {
  return check_new_keys(bases, deletes_of(rows), [&](RowOrdinal row) {
    std::vector<Column> key;
    for (size_t i = 0; i < load_.schema->key_count; ++i) {
      key.emplace_back(rows.columns[i].type());
      key.back().append_from(rows.columns[i], row);
    }
    return Result<std::vector<Column>>(std::move(key));
  });
}

Status PartialRows::check_new_keys(std::span<const BaseRow> bases, std::span<const RowOrdinal> deletes,
                                   const ReadKey& read_key) const {
  const PartialColumns& partial = *load_.partial;
  if (!partial.new_keys_fail && partial.no_default.empty()) return Status::OK();
  for (RowOrdinal i = 0; i < bases.size(); ++i) {
    if (bases[i].exists() || std::binary_search(deletes.begin(), deletes.end(), i)) continue;
    if (partial.new_keys_fail) {
      FRESHET_ASSIGN_OR_RETURN(const std::vector<Column> key, read_key(i));
      return refuse_new_key(key);
    }
    return Status::InvalidArgument(
        "the unmentioned column `{}` should have default value or be nullable for newly inserted rows in non-strict mode "
        "partial update",
        load_.schema->columns[partial.no_default.front()].name);
  }
  return Status::OK();
}

Result<std::vector<TabletRows>> PartialRows::complete() {
  std::vector<TabletRows> buckets;
  const uint64_t segment_rows = segment_rows_of(load_);
  if (segment_rows > parts_.segment_rows_max) {
    return Status::ResourceExhausted("a partial update takes {} rows at most, this load has {}; split it",
                                     parts_.segment_rows_max, segment_rows);
  }
  std::vector<Task> tasks;
  for (size_t i = 0; i < load_.tablets.size(); ++i) {
    buckets.push_back({.tablet = load_.tablets[i].tablet, .segments = {}, .rows = std::nullopt});
    for (size_t segment = 0; segment < load_.tablets[i].segments.size(); ++segment) tasks.push_back({i, segment});
    if (load_.tablets[i].rows) tasks.push_back({i, kRows});
  }
  run(tasks);
  for (Task& task : tasks) {
    FRESHET_RETURN_IF_ERROR(std::move(task.status));
    completed_.push_back(std::move(*task.part));
    if (task.written) buckets[task.bucket].segments.push_back(std::move(*task.written));
    if (task.rows) buckets[task.bucket].rows = std::move(task.rows);
  }
  if (!written_.empty()) FRESHET_RETURN_IF_ERROR(parts_.files.sync_names());
  return buckets;
}

void PartialRows::run(std::vector<Task>& tasks) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> has_failed = false;
  const auto work = [&] {
    // Whatever a thread has taken it does: the first task that failed comes before those that nobody took.
    while (!has_failed) {
      const size_t i = next++;
      if (i >= tasks.size()) return;
      tasks[i].status = tasks[i].segment == kRows ? complete_rows(tasks[i]) : complete_segment(tasks[i]);
      if (!tasks[i].status.ok()) has_failed = true;
    }
  };
  // Rows in memory are few.
  const auto segments = std::ranges::count_if(tasks, [](const Task& task) { return task.segment != kRows; });
  if (segments < 2) return work();
  run_side_by_side(work, work);
}

Status PartialRows::complete_rows(Task& task) const {
  const Block& sent = *load_.tablets[task.bucket].rows;
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* found, find_tablet_of(*base_, load_.tablets[task.bucket].tablet));
  const TabletSnapshot& tablet = *found;
  KeyRun arrived = base_->key_codec->make_run();
  base_->key_codec->append_keys(sent, 0, sent.row_count(), arrived);
  DistinctRows distinct = distinct_rows(arrived, given_sequence_ ? &sent.columns[*given_sequence_] : nullptr);
  Block rows = Block::for_schema(*load_.schema);
  rows.append_gather(sent, distinct.rows);

  FRESHET_ASSIGN_OR_RETURN(std::vector<BaseRow> bases, find_base_rows(tablet, distinct.keys));
  FRESHET_RETURN_IF_ERROR(check_new_keys(bases, rows));
  FRESHET_RETURN_IF_ERROR(fill_missing(tablet, distinct.keys, bases, rows));
  task.part = {task.bucket, kRows, std::move(distinct.keys), std::move(bases)};
  task.rows = std::move(rows);
  return Status::OK();
}

/// Fills the columns that are not given of whole rows.
Status PartialRows::fill_missing(const TabletSnapshot& tablet, const KeyRun& keys, std::span<const BaseRow> bases,
                                 Block& rows) const {
  std::vector<Column*> values;
  for (size_t column : missing_) values.push_back(&rows.columns[column]);
  FRESHET_RETURN_IF_ERROR(fill_from_base_rows(*load_.schema, tablet, bases, missing_, values));
  if (!missing_sequence_) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const SequencesOfDeleted deleted, find_sequences_of_deleted(tablet, keys, bases));
  deleted.fill(0, rows.columns[*missing_sequence_]);
  return Status::OK();
}

/// A row without sequence keeps that of the key's delete.
Result<PartialRows::SequencesOfDeleted> PartialRows::find_sequences_of_deleted(const TabletSnapshot& tablet,
                                                                               const KeyRun& keys,
                                                                               std::span<const BaseRow> bases) const {
  SequencesOfDeleted result{{}, {}, Column(load_.schema->columns[*missing_sequence_].type)};
  KeyRun without_row(keys.is_fixed());
  for (uint32_t key = 0; key < bases.size(); ++key) {
    if (bases[key].exists()) continue;
    result.rows.push_back(key);
    without_row.append_from(keys, key);
  }
  FRESHET_ASSIGN_OR_RETURN(result.sequence_of,
                           find_tombstone_sequences(*load_.schema, without_row, tablet, result.sequences));
  return result;
}

void PartialRows::SequencesOfDeleted::fill(RowOrdinal first, Column& values) const {
  const auto begin = std::lower_bound(rows.begin(), rows.end(), first);
  const auto end = std::lower_bound(rows.begin(), rows.end(), first + values.size());
  if (begin == end) return;
  Column filled(values.type());
  filled.reserve(values.size());
  auto next = begin;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint32_t known = next != end && *next == first + i ? sequence_of[(next++) - rows.begin()] : kNoTombstone;
    known == kNoTombstone ? filled.append_from(values, i) : filled.append_from(sequences, known);
  }
  values = std::move(filled);
}

Status PartialRows::complete_segment(Task& task) {
  const TabletRows& bucket = load_.tablets[task.bucket];
  const WrittenSegment& sent = bucket.segments[task.segment];
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* found, find_tablet_of(*base_, bucket.tablet));
  const TabletSnapshot& tablet = *found;
  const SchemaPtr& schema = load_.schema;
  FRESHET_ASSIGN_OR_RETURN(const auto reader, SegmentReader::open(parts_.files, parts_.page_cache, sent.meta, *schema));
  const uint32_t row_count = reader->row_count();
  KeyRun keys(base_->key_codec->is_fixed());
  FRESHET_RETURN_IF_ERROR(reader->read_keys(0, row_count, keys));
  FRESHET_ASSIGN_OR_RETURN(std::vector<BaseRow> bases, find_base_rows(tablet, keys));
  FRESHET_RETURN_IF_ERROR(check_new_keys(bases, sent.delete_rows, [&](RowOrdinal row) -> Result<std::vector<Column>> {
    std::vector<Column> key;
    for (size_t i = 0; i < schema->key_count; ++i) {
      FRESHET_RETURN_IF_ERROR(read_column(*reader, schema->columns[i], row, 1, key.emplace_back(schema->columns[i].type)));
    }
    return key;
  }));
  SequencesOfDeleted deleted{{}, {}, Column({TypeKind::kBigInt})};
  if (missing_sequence_) {
    FRESHET_ASSIGN_OR_RETURN(deleted, find_sequences_of_deleted(tablet, keys, bases));
  }

  FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
  SegmentWriterOptions options;
  options.newest_commit = parts_.newest_commit;
  FRESHET_ASSIGN_OR_RETURN(const auto writer, SegmentWriter::create(parts_.files, RowsetId(id), tablet.id, schema, options));
  {
    std::lock_guard lock(writing_);
    written_.push_back(RowsetId(id));
  }
  LocatedBases located(tablet, bases);
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    const bool is_given = !std::binary_search(missing_.begin(), missing_.end(), column);
    PieceRows pieces(schema->columns[column].type);
    for (RowOrdinal first = 0; first < row_count;) {
      const auto count = static_cast<uint32_t>(pieces.next(row_count - first));
      Column piece(schema->columns[column].type);
      const BaseLocations* old = is_given ? nullptr : &located.of(first, count);
      if (is_given || !old->all_exist()) {
        FRESHET_RETURN_IF_ERROR(read_column(*reader, schema->columns[column], first, count, piece));
      }
      Column* values = &piece;
      if (!is_given) FRESHET_RETURN_IF_ERROR(fill_from_base_rows(*schema, tablet, *old, {&column, 1}, {&values, 1}));
      if (column == missing_sequence_) deleted.fill(first, piece);
      FRESHET_RETURN_IF_ERROR(writer->append_column(column, piece));
      first += count;
      pieces.took(piece.byte_size());
    }
  }
  FRESHET_RETURN_IF_ERROR(writer->append_keys(keys));
  task.written = {{}, sent.delete_rows, keys};
  FRESHET_ASSIGN_OR_RETURN(task.written->meta, writer->finish());
  task.part = {task.bucket, task.segment, std::move(keys), std::move(bases)};
  return Status::OK();
}

Result<PartialRows::Settled> PartialRows::settle(const TableSnapshot& head, uint64_t most_changed) const {
  Settled settled;
  settled.rows.resize(load_.tablets.size());
  uint64_t changed_keys = 0;
  for (const Part& part : completed_) {
    const TabletId id = load_.tablets[part.bucket].tablet;
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* then, find_tablet_of(*base_, id));
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* now, find_tablet_of(head, id));
    FRESHET_ASSIGN_OR_RETURN(
        const std::vector<uint32_t> changed,
        find_changed_keys(*then, *now, part.keys, part.bases, load_.schema->delete_time_column().has_value()));
    if (changed.empty()) continue;
    changed_keys += changed.size();
    settled.must_complete_again = part.segment == kRows || changed_keys > most_changed;
    if (settled.must_complete_again) return settled;
    FRESHET_RETURN_IF_ERROR(complete_anew(head, part, changed, settled));
  }
  return settled;
}

/// Takes what the client sent out of its own segment again.
Status PartialRows::complete_anew(const TableSnapshot& head, const Part& part, const std::vector<uint32_t>& changed,
                                  Settled& settled) const {
  const TabletRows& bucket = load_.tablets[part.bucket];
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* found, find_tablet_of(head, bucket.tablet));
  const TabletSnapshot& tablet = *found;
  KeyRun keys(part.keys.is_fixed());
  for (uint32_t key : changed) keys.append_from(part.keys, key);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<BaseRow> bases, find_base_rows(tablet, keys));
  TabletSnapshot sent;
  sent.segments.push_back(
      {std::make_shared<const Segment>(parts_.files, parts_.page_cache, bucket.segments[part.segment].meta, load_.schema),
       {}});
  std::vector<RowLocation> locations;
  for (uint32_t row : changed) locations.push_back({.is_delta = false, .view = 0, .row = row});
  Block rows = Block::for_schema(*load_.schema);
  std::vector<size_t> all(rows.columns.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  FRESHET_RETURN_IF_ERROR(read_rows(*load_.schema, sent, locations, all, rows.columns));
  const std::vector<RowOrdinal>& deletes = bucket.segments[part.segment].delete_rows;
  if (!deletes.empty()) {
    for (uint32_t row : changed) rows.delete_signs.push_back(std::binary_search(deletes.begin(), deletes.end(), row));
  }
  FRESHET_RETURN_IF_ERROR(check_new_keys(bases, rows));
  FRESHET_RETURN_IF_ERROR(fill_missing(tablet, keys, bases, rows));

  std::vector<uint32_t> every(changed.size());
  for (size_t i = 0; i < every.size(); ++i) every[i] = static_cast<uint32_t>(i);
  std::optional<Block>& whole = settled.rows[part.bucket];
  if (!whole) whole = Block::for_schema(*load_.schema);
  whole->append_gather(rows, every);
  for (uint32_t row : changed) settled.changed.push_back({part.bucket, part.segment, row});
  return Status::OK();
}

}  // namespace freshet::storage
