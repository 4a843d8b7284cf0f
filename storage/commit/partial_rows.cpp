#include "storage/commit/partial_rows.h"

#include <algorithm>

#include "storage/upsert/key_lookup.h"
#include "storage/upsert/within_load.h"

namespace freshet::storage {
namespace {

constexpr uint32_t kPieceRows = 64 * 1024;

/// Values of one column of a segment that was written under the load's schema.
Status read_column(const SegmentReader& reader, const ColumnSchema& column, RowOrdinal first, uint32_t count, Column& out) {
  const ColumnReader* stored = reader.column(column.id);
  if (stored == nullptr) {
    return Status::Corruption("segment {} of a load lacks its column '{}'", segment_file_name(reader.meta().id),
                              column.name);
  }
  return stored->read_rows(first, count, out);
}

}  // namespace

PartialRows::PartialRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base)
    : parts_(parts), load_(load), base_(std::move(base)) {
  for (size_t i = 0; i < load.schema->columns.size(); ++i) {
    if (!std::binary_search(load.partial->given.begin(), load.partial->given.end(), i)) missing_.push_back(i);
  }
}

PartialRows::~PartialRows() { remove_segment_files(parts_.files, written_); }

std::vector<RowsetId> PartialRows::replaced_segments() const {
  std::vector<RowsetId> sent;
  for (const TabletRows& bucket : load_.tablets) {
    for (const WrittenSegment& segment : bucket.segments) sent.push_back(segment.meta.id);
  }
  return sent;
}

Status PartialRows::check_new_keys(const KeyRun& keys, std::span<const BaseRow> bases) const {
  const PartialColumns& partial = *load_.partial;
  if (!partial.new_keys_fail && partial.no_default.empty()) return Status::OK();
  for (size_t i = 0; i < keys.size(); ++i) {
    if (bases[i].exists()) continue;
    if (partial.new_keys_fail) {
      return Status::InvalidArgument(
          "[E-7003]Can't append new rows in partial update when partial_update_new_key_behavior is ERROR. {} of the rows "
          "have keys that are not in table {}.{}",
          std::count_if(bases.begin(), bases.end(), [](const BaseRow& base) { return !base.exists(); }),
          base_->database_name, base_->name);
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
  uint64_t segment_rows = 0;
  for (const TabletRows& bucket : load_.tablets) {
    for (const WrittenSegment& segment : bucket.segments) segment_rows += segment.meta.row_count;
  }
  if (segment_rows > kMaxSegmentRows) {
    return Status::ResourceExhausted("a partial update takes {} rows at most, this load has {}; split it", kMaxSegmentRows,
                                     segment_rows);
  }
  for (size_t i = 0; i < load_.tablets.size(); ++i) {
    TabletRows completed;
    completed.tablet = load_.tablets[i].tablet;
    for (size_t segment = 0; segment < load_.tablets[i].segments.size(); ++segment) {
      FRESHET_ASSIGN_OR_RETURN(WrittenSegment written, complete_segment(i, segment));
      completed.segments.push_back(std::move(written));
    }
    if (load_.tablets[i].rows) {
      FRESHET_ASSIGN_OR_RETURN(completed.rows, complete_rows(i));
    }
    buckets.push_back(std::move(completed));
  }
  if (!written_.empty()) FRESHET_RETURN_IF_ERROR(parts_.files.sync_names());
  return buckets;
}

Result<Block> PartialRows::complete_rows(size_t bucket) {
  const Block& sent = *load_.tablets[bucket].rows;
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* found, find_tablet_of(*base_, load_.tablets[bucket].tablet));
  const TabletSnapshot& tablet = *found;
  KeyRun arrived = base_->key_codec->make_run();
  base_->key_codec->append_keys(sent, 0, sent.row_count(), arrived);
  DistinctRows distinct = distinct_rows(arrived);
  Block rows = Block::for_schema(*load_.schema);
  rows.append_gather(sent, distinct.rows);

  FRESHET_ASSIGN_OR_RETURN(std::vector<BaseRow> bases, find_base_rows(tablet, distinct.keys));
  FRESHET_RETURN_IF_ERROR(check_new_keys(distinct.keys, bases));
  std::vector<Column*> values;
  for (size_t column : missing_) values.push_back(&rows.columns[column]);
  FRESHET_RETURN_IF_ERROR(fill_from_base_rows(*load_.schema, tablet, bases, missing_, values));
  completed_.push_back({bucket, kRows, std::move(distinct.keys), std::move(bases)});
  return rows;
}

Result<WrittenSegment> PartialRows::complete_segment(size_t bucket, size_t segment) {
  const WrittenSegment& sent = load_.tablets[bucket].segments[segment];
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* found, find_tablet_of(*base_, load_.tablets[bucket].tablet));
  const TabletSnapshot& tablet = *found;
  const SchemaPtr& schema = load_.schema;
  FRESHET_ASSIGN_OR_RETURN(const auto reader, SegmentReader::open(parts_.files, parts_.page_cache, sent.meta, *schema));
  const uint32_t row_count = reader->row_count();
  KeyRun keys(base_->key_codec->is_fixed());
  FRESHET_RETURN_IF_ERROR(reader->read_keys(0, row_count, keys));
  FRESHET_ASSIGN_OR_RETURN(std::vector<BaseRow> bases, find_base_rows(tablet, keys));
  FRESHET_RETURN_IF_ERROR(check_new_keys(keys, bases));

  FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parts_.ids.next());
  SegmentWriterOptions options;
  options.newest_commit = parts_.newest_commit;
  FRESHET_ASSIGN_OR_RETURN(const auto writer, SegmentWriter::create(parts_.files, RowsetId(id), tablet.id, schema, options));
  written_.push_back(RowsetId(id));
  for (size_t column = 0; column < schema->columns.size(); ++column) {
    const bool is_given = !std::binary_search(missing_.begin(), missing_.end(), column);
    for (RowOrdinal first = 0; first < row_count; first += kPieceRows) {
      const uint32_t count = std::min(kPieceRows, row_count - first);
      Column piece(schema->columns[column].type);
      FRESHET_RETURN_IF_ERROR(read_column(*reader, schema->columns[column], first, count, piece));
      Column* values = &piece;
      if (!is_given) {
        FRESHET_RETURN_IF_ERROR(
            fill_from_base_rows(*schema, tablet, std::span(bases).subspan(first, count), {&column, 1}, {&values, 1}));
      }
      FRESHET_RETURN_IF_ERROR(writer->append_column(column, piece));
    }
  }
  FRESHET_RETURN_IF_ERROR(writer->append_keys(keys));
  WrittenSegment written{{}, sent.delete_rows, keys};
  FRESHET_ASSIGN_OR_RETURN(written.meta, writer->finish());
  completed_.push_back({bucket, segment, std::move(keys), std::move(bases)});
  return written;
}

Result<PartialRows::Settled> PartialRows::settle(const TableSnapshot& head, uint64_t most_changed) const {
  Settled settled;
  settled.rows.resize(load_.tablets.size(), Block::for_schema(*load_.schema));
  uint64_t changed_keys = 0;
  for (const Part& part : completed_) {
    const TabletId id = load_.tablets[part.bucket].tablet;
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* then, find_tablet_of(*base_, id));
    FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* now, find_tablet_of(head, id));
    FRESHET_ASSIGN_OR_RETURN(const std::vector<uint32_t> changed, find_changed_keys(*then, *now, part.keys, part.bases));
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
  FRESHET_RETURN_IF_ERROR(check_new_keys(keys, bases));

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
  std::vector<Column*> values;
  for (size_t column : missing_) values.push_back(&rows.columns[column]);
  FRESHET_RETURN_IF_ERROR(fill_from_base_rows(*load_.schema, tablet, bases, missing_, values));

  std::vector<uint32_t> every(changed.size());
  for (size_t i = 0; i < every.size(); ++i) every[i] = static_cast<uint32_t>(i);
  settled.rows[part.bucket].append_gather(rows, every);
  for (uint32_t row : changed) settled.changed.push_back({part.bucket, part.segment, row});
  return Status::OK();
}

}  // namespace freshet::storage
