#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/io/file_store.h"
#include "storage/segment/column_reader.h"
#include "storage/segment/page_cache.h"
#include "storage/segment/row_store.h"
#include "storage/segment/segment_meta.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// Key `key` of a probed run is row `row` of the segment.
struct KeyMatch {
  uint32_t key;
  RowOrdinal row;
};

/// An open segment file: columns, key index and filter. Immutable; any thread. The footer, the index's top level and the key
/// filter stay in memory; everything else comes through the page cache.
class SegmentReader {
 public:
  /// Corruption when footer, magic or checksums are wrong or the file is another segment's; the message names the file.
  static Result<std::shared_ptr<const SegmentReader>> open(FileStore& files, PageCache& cache, const SegmentMeta& meta,
                                                           const TableSchema& schema);
  virtual ~SegmentReader() = default;

  virtual const SegmentMeta& meta() const = 0;
  virtual uint32_t row_count() const = 0;
  virtual CommitNumber newest_commit_at_write() const = 0;
  /// Null when the file has no such column (added to the table later: every row has its default).
  virtual const ColumnReader* column(ColumnId id) const = 0;
  /// Null when the file has none.
  virtual const RowStore* row_store() const = 0;

  /// kUnique only. Appends the row of each key that is here, of those at the positions `wanted` (ascending) of `sorted_keys`
  /// (strictly increasing), ascending. Chooses by their number, and by how many of a sample the key filter lets pass,
  /// between merging both sorted runs, asking the filter first, and searching the index at once.
  virtual Status find_keys(const KeyRun& sorted_keys, std::span<const uint32_t> wanted,
                           std::vector<KeyMatch>& out) const = 0;
  /// kUnique only: the row of one key.
  virtual Result<std::optional<RowOrdinal>> find_key(const KeyRun& keys, size_t key) const = 0;
  /// kUnique only: false when the range of keys or the key filter rules the key out.
  virtual bool may_have_key(const KeyRun& keys, size_t key) const = 0;
  /// First row whose encoded key is not below `encoded` (kUnique: exact; kDuplicate: not after the true one, by page).
  virtual Result<RowOrdinal> lower_bound(std::string_view encoded) const = 0;
  /// kUnique only: appends the keys of rows [first, first + count) in order.
  virtual Status read_keys(RowOrdinal first, uint32_t count, KeyRun& out) const = 0;

  /// Bytes this reader keeps in memory beside the page cache.
  virtual uint64_t resident_bytes() const = 0;
  /// Reads every page and checks every checksum; problems are appended as text naming file and offset. Asks `is_stopped`
  /// before each page of rows and each run of keys, and leaves the rest when it is true.
  virtual void verify(std::vector<std::string>& problems, const std::function<bool()>& is_stopped) const = 0;
  void verify(std::vector<std::string>& problems) const {
    verify(problems, [] { return false; });
  }
};

/// Prints a segment file readably: footer, columns, each page with encoding, size and zone, indexes. For `freshet inspect`.
/// Needs no schema: the footer carries the column types.
Result<std::string> dump_segment(FileStore& files, const std::string& file_name);

/// A segment that is opened when it is first needed. Any thread; the first caller opens, the others wait.
class Segment {
 public:
  Segment(FileStore& files, PageCache& cache, SegmentMeta meta, SchemaPtr schema);
  ~Segment();
  const SegmentMeta& meta() const { return meta_; }
  RowsetId id() const { return meta_.id; }
  const SchemaPtr& schema() const { return schema_; }
  Result<std::shared_ptr<const SegmentReader>> reader() const;
  /// A reader of its own, whose pages come through `cache`: for work that must not take the place of pages in use.
  Result<std::shared_ptr<const SegmentReader>> open_apart(PageCache& cache) const;
  /// Memory of the open reader; 0 while it was never needed.
  uint64_t resident_bytes() const;
  /// When the last reference goes, the file is removed. Set when no record names the file any more.
  void remove_file_when_unused() const;

 private:
  struct OpenState;
  FileStore& files_;
  PageCache& cache_;
  SegmentMeta meta_;
  SchemaPtr schema_;
  std::unique_ptr<OpenState> open_;
};

}  // namespace freshet::storage
