#pragma once

#include <optional>
#include <span>
#include <vector>

#include "storage/commit/load_commit.h"
#include "storage/segment/page_cache.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// The rows that one load brings to one bucket, numbered in arrival order: those of its segments, then those of its block.
/// They are read under the schema of a table that may have changed since. One thread.
class SentRows {
 public:
  /// `sent` must outlive it; its block is under `sent_schema`.
  static Result<SentRows> open(FileStore& files, PageCache& page_cache, const TabletRows& sent,
                               const TableSchema& sent_schema, const SchemaPtr& schema);

  uint32_t size() const { return first_rows_.back(); }
  /// Number of the first row of the block.
  uint32_t segment_rows() const { return first_rows_[segments_.segments.size()]; }
  size_t segment_count() const { return segments_.segments.size(); }
  /// Keys of all rows by number: sorted when there is one segment and no block.
  Result<KeyRun> keys(const KeyCodec& codec) const;
  /// Appends the values of one column of the rows `numbers`, in their order. Ascending numbers are read fastest.
  Status read(size_t column, std::span<const uint32_t> numbers, Column& out) const;

  struct Place {
    size_t segment;  ///< segment_count() for a row of the block
    RowOrdinal row;
  };
  Place place_of(uint32_t number) const;

 private:
  explicit SentRows(SchemaPtr schema) : schema_(std::move(schema)) {}
  Status read_keys(const SegmentReader& reader, const KeyCodec& codec, KeyRun& out) const;
  Status read_segment(size_t segment, size_t column, std::span<const uint32_t> rows, Column& out) const;

  SchemaPtr schema_;
  const TabletRows* sent_ = nullptr;
  TabletSnapshot segments_;
  Block block_;
  std::vector<uint32_t> first_rows_{0};  ///< of each segment, of the block, and the end
};

}  // namespace freshet::storage
