#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "storage/base/wall_clock.h"
#include "storage/catalog/catalog.h"
#include "storage/commit/admission.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/obsolete_files.h"
#include "storage/compaction/compaction_picker.h"
#include "storage/compaction/compaction_requests.h"
#include "storage/compaction/tablet_jobs.h"
#include "storage/io/file_store.h"
#include "storage/io/rate_limiter.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

struct MaintenanceOptions {
  uint64_t delta_flush_bytes = 64ull << 20;
  uint64_t delta_flush_rows = 1ull << 20;
  uint64_t delta_flush_seconds = 600;
  uint64_t delete_fold_commits = 1000;  ///< records of dead rows of a tablet that are folded; also after delta_flush_seconds
  PickOptions pick;
  uint64_t compaction_bytes_per_second = 200ull << 20;
  uint32_t compaction_threads = 1;
  uint64_t compaction_memory_bytes = 1ull << 30;
  uint64_t disk_reserve_bytes = 64ull << 20;    ///< a merge needs room for its output beside it
  uint64_t tombstone_keep_seconds = 7 * 86400;  ///< deletes of tables with a sequence column leave after so long
};

/// Keeps tables small and fast behind the loads: flushes delta buffers to segments and compacts segments, each as one
/// commit.
///
/// A flush seals a tablet's delta buffer, writes its live rows as a segment, and exchanges both in one batch that also
/// deletes the carried blocks. A compaction exchanges its inputs for one output. Deletes that arrive while files are written
/// are translated by the map from old to new positions under the publish lock. Flushes have a thread of their own, so that
/// none waits for a compaction; all are threads of low priority. Any thread may call.
class Maintenance {
 public:
  struct Parts {
    Catalog& catalog;
    CommitPipeline& pipeline;
    IdAllocator& ids;
    IdAllocator& commit_numbers;
    ObsoleteFiles& obsolete;
    FileStore& files;
    PageCache& page_cache;
    HistoryWriter& history;
    Admission& admission;
  };
  struct Counters {
    std::atomic<uint64_t> flushes{0};
    std::atomic<uint64_t> flush_bytes_written{0};
    std::atomic<uint64_t> folds{0};               ///< those that come with a flush or compaction are not counted
    std::atomic<uint64_t> fold_bytes_written{0};  ///< of all
    std::atomic<uint64_t> compactions{0};
    std::atomic<uint64_t> compaction_bytes_written{0};
  };

  Maintenance(const Parts& parts, const MaintenanceOptions& options);
  ~Maintenance();

  void start();
  /// Ends the threads; a running job is given up before its commit. Idempotent.
  void stop();
  /// Tells that a table may have work to do.
  void notify();

  /// Flushes all rows that are in delta buffers now, and folds the records of dead rows.
  Status flush(TableState& table);
  /// Rewrites each tablet as one segment without dead rows, or as few as the limits of a merge allow.
  Status compact_fully(TableState& table);
  /// Asks for a compaction of one tablet in the background; see StorageEngine::request_compaction.
  Status request(const TableState& table, TabletId tablet, CompactionKind kind);
  CompactionState compaction_state(TabletId tablet) const { return requests_.state(tablet); }
  std::vector<std::pair<TabletId, CompactionKind>> running_compactions() const { return requests_.running(); }
  /// Tablets whose compaction waits for room on the disk.
  uint64_t compactions_without_room() const {
    std::lock_guard lock(room_mutex_);
    return without_room_.size();
  }
  const Counters& counters() const { return counters_; }
  /// What the compactions that a table needs now have to read.
  CompactionDebt debt(const TableSnapshot& table) const;

 private:
  void run(JobKind kind);
  /// One round over all tables; true when something was done.
  bool work_once(JobKind kind);
  /// What one tablet needs now; true when something was done. REQUIRES: claimed.
  Result<bool> flush_if_needed(TableState& table, TabletId tablet);
  /// The same; `wanted_rowsets`: waiting commits would add so many.
  Result<bool> compact_if_needed(TableState& table, TabletId tablet, uint64_t wanted_rowsets);
  /// OutOfSpace when the disk has no room for the rows of a merge beside its reserve.
  Status check_room(const TabletSnapshot& tablet, const std::vector<RowsetId>& inputs) const;
  /// Whether the background may merge what is picked, if anything; says once that it waits.
  bool has_room(const TableState& table, const TabletSnapshot& tablet, const std::optional<CompactionPick>& pick);
  void forget_gone_tablets();
  /// Compacts, and remembers how that went.
  Status compact_all(TableState& table, TabletId tablet, CompactionKind kind, const std::vector<CompactionPick>& picks);
  /// Tombstones that are older may go.
  int64_t oldest_delete_seconds() const;
  bool needs_flush(const TabletSnapshot& tablet) const;
  /// REQUIRES: the flush of the tablet is claimed.
  Status flush_tablet(TableState& table, TabletId tablet);
  /// Seals the active buffer. False when there is nothing to flush.
  Result<bool> seal(TableState& table, TabletId tablet);
  /// Replaces the tablet's records of dead rows by whole bitmaps, in a commit of its own.
  Status fold_deletes(TableState& table, TabletId tablet);
  /// The same within a commit that exchanges rowsets. REQUIRES: the publish lock.
  void fold(TableState& table, const TabletSnapshot& tablet, MetaBatch& batch);
  Status flush_oldest_sealed(TableState& table, TabletId tablet);
  /// REQUIRES: the compaction of the tablet is claimed.
  Status compact_tablet(TableState& table, TabletId tablet, const std::vector<RowsetId>& inputs);
  Status compact_as_asked(TableState& table, TabletId tablet, CompactionKind kind);
  PickOptions pick_options(const TableSchema& schema, uint64_t wanted_rowsets) const;
  std::vector<CompactionPick> picks_for(const TabletSnapshot& tablet, CompactionKind kind) const;

  Parts parts_;
  MaintenanceOptions options_;
  RateLimiter rate_limiter_;
  Counters counters_;
  CompactionRequests requests_;
  TabletJobs jobs_;
  const WallClock clock_;
  mutable std::mutex room_mutex_;  ///< guards without_room_
  std::set<TabletId> without_room_;
  std::atomic<bool> stopping_{false};
  std::mutex wake_mutex_;  ///< guards calls_
  std::condition_variable wake_;
  uint64_t calls_ = 0;  ///< of notify()
  std::vector<std::thread> threads_;
};

}  // namespace freshet::storage
