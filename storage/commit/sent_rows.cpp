#include "storage/commit/sent_rows.h"

#include <algorithm>

#include "storage/tablet/row_reader.h"
#include "storage/types/schema_mapping.h"

namespace freshet::storage {

Result<SentRows> SentRows::open(FileStore& files, PageCache& page_cache, const TabletRows& sent,
                                const TableSchema& sent_schema, const SchemaPtr& schema) {
  SentRows rows(schema);
  rows.sent_ = &sent;
  for (const WrittenSegment& segment : sent.segments) {
    rows.segments_.segments.push_back({std::make_shared<const Segment>(files, page_cache, segment.meta, schema), {}});
    rows.first_rows_.push_back(rows.first_rows_.back() + segment.meta.row_count);
  }
  if (sent.rows) {
    FRESHET_ASSIGN_OR_RETURN(rows.block_, map_block(*sent.rows, sent_schema, *schema));
  } else {
    rows.block_ = Block::for_schema(*schema);
  }
  rows.first_rows_.push_back(rows.first_rows_.back() + static_cast<uint32_t>(rows.block_.row_count()));
  return rows;
}

/// A segment that keeps all rows of a key has no index to read its keys from.
Status SentRows::read_keys(const SegmentReader& reader, const KeyCodec& codec, KeyRun& out) const {
  if (schema_->is_unique()) return reader.read_keys(0, reader.row_count(), out);
  Block key_columns;
  for (size_t i = 0; i < schema_->key_count; ++i) {
    const ColumnSchema& column = schema_->columns[i];
    const ColumnReader* stored = reader.column(column.id);
    if (stored == nullptr) return Status::Corruption("a segment of a load lacks its key column '{}'", column.name);
    FRESHET_RETURN_IF_ERROR(stored->read_rows(0, reader.row_count(), key_columns.columns.emplace_back(column.type)));
  }
  codec.append_keys(key_columns, 0, reader.row_count(), out);
  return Status::OK();
}

Result<KeyRun> SentRows::keys(const KeyCodec& codec) const {
  KeyRun keys = codec.make_run();
  keys.reserve(size());
  for (size_t i = 0; i < segment_count(); ++i) {
    const WrittenSegment& segment = sent_->segments[i];
    if (segment.keys.size() == segment.meta.row_count) {
      for (size_t row = 0; row < segment.keys.size(); ++row) keys.append_from(segment.keys, row);
    } else {
      FRESHET_ASSIGN_OR_RETURN(const auto reader, segments_.segments[i].segment->reader());
      FRESHET_RETURN_IF_ERROR(read_keys(*reader, codec, keys));
    }
  }
  codec.append_keys(block_, 0, block_.row_count(), keys);
  return keys;
}

SentRows::Place SentRows::place_of(uint32_t number) const {
  const auto part = std::upper_bound(first_rows_.begin(), first_rows_.end(), number) - 1;
  return {static_cast<size_t>(part - first_rows_.begin()), number - *part};
}

Status SentRows::read_segment(size_t segment, size_t column, std::span<const uint32_t> rows, Column& out) const {
  const bool is_run = rows.back() - rows.front() + 1 == rows.size() && std::is_sorted(rows.begin(), rows.end());
  FRESHET_ASSIGN_OR_RETURN(const auto reader, segments_.segments[segment].segment->reader());
  const ColumnReader* stored = reader->column(schema_->columns[column].id);
  if (is_run && stored != nullptr) return stored->read_rows(rows.front(), static_cast<uint32_t>(rows.size()), out);
  std::vector<RowLocation> locations;
  locations.reserve(rows.size());
  for (uint32_t row : rows) locations.push_back({.is_delta = false, .view = static_cast<uint32_t>(segment), .row = row});
  return read_rows(*schema_, segments_, locations, {&column, 1}, {&out, 1});
}

Status SentRows::read(size_t column, std::span<const uint32_t> numbers, Column& out) const {
  if (numbers.empty()) return Status::OK();
  if (segment_count() == 0) {
    out.append_gather(block_.columns[column], numbers);
    return Status::OK();
  }
  if (segment_count() == 1 && block_.row_count() == 0) return read_segment(0, column, numbers, out);

  // Part by part, then back into the order that was asked for.
  std::vector<std::vector<uint32_t>> rows(segment_count() + 1), wanted_at(segment_count() + 1);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Place place = place_of(numbers[i]);
    rows[place.segment].push_back(place.row);
    wanted_at[place.segment].push_back(static_cast<uint32_t>(i));
  }
  Column read(schema_->columns[column].type);
  std::vector<uint32_t> read_at(numbers.size());
  uint32_t next = 0;
  for (size_t part = 0; part < rows.size(); ++part) {
    if (rows[part].empty()) continue;
    if (part == segment_count()) {
      read.append_gather(block_.columns[column], rows[part]);
    } else {
      FRESHET_RETURN_IF_ERROR(read_segment(part, column, rows[part], read));
    }
    for (uint32_t wanted : wanted_at[part]) read_at[wanted] = next++;
  }
  out.append_gather(read, read_at);
  return Status::OK();
}

}  // namespace freshet::storage
