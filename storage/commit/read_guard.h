#pragma once

#include <memory>
#include <vector>

#include "storage/commit/load_commit.h"
#include "storage/segment/page_cache.h"
#include "storage/upsert/base_rows.h"

namespace freshet::storage {

/// Holds the rows of a statement to what it read: UPDATE, DELETE and all others whose rows depend on the rows before them
/// commit only while these are still the live ones.
///
/// A key's row counts as changed when it was deleted, when it came since, or when its values are others. One that a flush or
/// compaction moved, or that was written again as it was, is none. The guard remembers up to where it has compared, so what
/// is left for the publish lock is little. One thread.
class ReadGuard {
 public:
  /// `load` must outlive it, and has its schema's layout in common with `load.read_from`. ResourceExhausted when its
  /// segments have more than `rows_max` rows: 12 bytes of memory each, and their keys.
  static Result<std::unique_ptr<ReadGuard>> open(FileStore& files, PageCache& page_cache, const LoadCommit& load,
                                                 uint64_t rows_max);

  /// Conflict when a row changed up to `head`, which is not older than what was compared before.
  Status advance(const TableSnapshotPtr& head);
  /// The same under the publish lock: false, with nothing done, when more than `most` rows would have to be looked at.
  Result<bool> advance_little(const TableSnapshotPtr& head, uint64_t most);

 private:
  struct Part {
    TabletId tablet;
    KeyRun keys;
    std::vector<BaseRow> bases;  ///< in compared_
  };
  explicit ReadGuard(TableSnapshotPtr read) : compared_(std::move(read)) {}
  Status add(TabletId tablet, KeyRun keys);
  Result<std::vector<uint32_t>> changed_keys(const Part& part, const TableSnapshot& head) const;
  /// Compares the rows of these keys, and takes over where they are now.
  Status compare(Part& part, std::span<const uint32_t> keys, const TableSnapshot& head) const;
  static Status conflict(const TableSnapshot& head);

  TableSnapshotPtr compared_;
  std::vector<Part> parts_;
};

}  // namespace freshet::storage
