#pragma once

#include <vector>

#include "storage/catalog/table_state.h"
#include "storage/commit/id_allocator.h"
#include "storage/commit/load_commit.h"
#include "storage/io/file_store.h"
#include "storage/segment/page_cache.h"
#include "storage/upsert/base_rows.h"

namespace freshet::storage {

/// Completes the rows of a partial update against one snapshot of their table, and tells before the commit whose old row is
/// another one by then. What the client sent is never changed: rows are completed anew from it as often as it takes, so that
/// two loads that update different columns of a row both take effect, whatever their order. One thread.
class PartialRows {
 public:
  /// Most rows of one load with more rows than a commit record carries: 12 bytes of memory each.
  static constexpr uint64_t kMaxSegmentRows = 32ull << 20;

  struct Parts {
    FileStore& files;
    PageCache& page_cache;
    IdAllocator& ids;
    CommitNumber newest_commit;
  };
  /// `load` and `base` must outlive it. Segments that complete() wrote are removed in the end, unless release() was called.
  PartialRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base);
  ~PartialRows();
  PartialRows(const PartialRows&) = delete;
  PartialRows& operator=(const PartialRows&) = delete;

  /// The buckets of the load with whole rows. InvalidArgument when a key is not in the table and may not be new.
  Result<std::vector<TabletRows>> complete();

  /// A key whose row must be completed anew: row `row` of segment `segment` of bucket `bucket` of the load.
  struct Changed {
    size_t bucket;
    size_t segment;
    RowOrdinal row;
  };
  struct Settled {
    bool must_complete_again = false;  ///< too much has changed
    std::vector<Changed> changed;      ///< these rows of the segments are replaced by
    std::vector<Block> rows;           ///< ... these, by bucket
  };
  /// Compares with `head`. A load without segments answers whether nothing changed.
  Result<Settled> settle(const TableSnapshot& head, uint64_t most_changed) const;
  /// The commit took the segments.
  void release() { written_.clear(); }

 private:
  struct Part {
    size_t bucket;
    size_t segment;  ///< kRows: the rows of the bucket
    KeyRun keys;
    std::vector<BaseRow> bases;
  };
  static constexpr size_t kRows = SIZE_MAX;

  Result<Block> complete_rows(size_t bucket);
  Result<WrittenSegment> complete_segment(size_t bucket, size_t segment);
  Status check_new_keys(const KeyRun& keys, std::span<const BaseRow> bases) const;
  Status complete_anew(const TableSnapshot& head, const Part& part, const std::vector<uint32_t>& changed,
                       Settled& settled) const;

  Parts parts_;
  const LoadCommit& load_;
  const TableSnapshotPtr base_;
  std::vector<size_t> missing_;  ///< positions of columns that are not given
  std::vector<Part> completed_;
  std::vector<RowsetId> written_;
};

}  // namespace freshet::storage
