#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "storage/catalog/publish_lock.h"
#include "storage/catalog/unfolded_deletes.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// The staged side of one table: the head that the next commit builds on (ahead of what readers see by the commits that are
/// being synced), and what only writers need. Shared by commits, flushes and compactions of the table.
class TableState {
 public:
  explicit TableState(TableSnapshotPtr head) : head_(std::move(head)) {}

  /// The staged head. Any thread; without the publish lock it may be outdated at once.
  TableSnapshotPtr head() const {
    std::lock_guard lock(head_mutex_);
    return head_;
  }

  PublishLock publish_lock;

  /// REQUIRES: publish_lock is held.
  void set_head(TableSnapshotPtr head) {
    std::lock_guard lock(head_mutex_);
    head_ = std::move(head);
  }

  // Guarded by publish_lock.
  bool dropped = false;
  struct BufferInfo {
    CommitNumber last_commit;  ///< newest commit with rows in the buffer
  };
  std::unordered_map<RowsetId, BufferInfo> buffers;
  /// Dead rows of each rowset that its folded bitmap in the metadata store holds.
  std::unordered_map<RowsetId, uint32_t> folded_dead_rows;
  /// Up to which commits the records of small commits are exchanged for larger ones.
  struct TabletMarks {
    CommitNumber flushed_up_to;  ///< carried blocks
    CommitNumber folded_up_to;   ///< delete deltas
  };
  std::unordered_map<TabletId, TabletMarks> marks;

  /// Tablets that went with their partitions and are kept for older versions. Guarded by Catalog::ddl_mutex.
  std::set<TabletId> dropped_tablets;

  /// Changed under publish_lock; any thread may look.
  UnfoldedDeletes unfolded_deletes;

 private:
  mutable std::mutex head_mutex_;
  TableSnapshotPtr head_;
};
using TableStatePtr = std::shared_ptr<TableState>;

}  // namespace freshet::storage
