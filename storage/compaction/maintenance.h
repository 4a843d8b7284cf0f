#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/base/wall_clock.h"
#include "storage/catalog/catalog.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/obsolete_files.h"
#include "storage/compaction/compaction_picker.h"
#include "storage/compaction/compaction_requests.h"
#include "storage/io/file_store.h"
#include "storage/io/rate_limiter.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

struct MaintenanceOptions {
  uint64_t delta_flush_bytes = 64ull << 20;
  uint64_t delta_flush_rows = 1ull << 20;
  uint64_t delta_flush_seconds = 600;
  PickOptions pick;
  uint64_t compaction_bytes_per_second = 200ull << 20;
  uint32_t compaction_threads = 1;
  uint32_t segments_max = 64;  ///< loads into a tablet with more wait
  uint64_t delta_memory_bytes = 1ull << 30;
  uint64_t compaction_memory_bytes = 1ull << 30;
  uint64_t admission_wait_seconds = 60;
  uint64_t tombstone_keep_seconds = 7 * 86400;  ///< deletes of tables with a sequence column leave after so long
};

/// Keeps tables small and fast behind the loads: flushes delta buffers to segments and compacts segments, each as one
/// commit.
///
/// A flush seals a tablet's delta buffer, writes its live rows as a segment, and exchanges both in one batch that also
/// deletes the carried blocks. A compaction exchanges its inputs for one output. Deletes that arrive while files are written
/// are translated by the map from old to new positions under the publish lock. Jobs of one table run one at a time, in
/// threads of low priority. Any thread may call.
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
  };
  struct Counters {
    std::atomic<uint64_t> flushes{0};
    std::atomic<uint64_t> flush_bytes_written{0};
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

  /// Flushes all rows that are in delta buffers now.
  Status flush(TableState& table);
  /// Rewrites each tablet as one segment without dead rows, or as few as the limits of a merge allow.
  Status compact_fully(TableState& table);
  /// Slows a load down while a tablet of the table has many segments, or the delta buffers of all tables take much memory
  /// (admission_pause); ResourceExhausted when it is too much and does not end.
  Status admit(const TableState& table);
  /// Asks for a compaction of one tablet in the background; see StorageEngine::request_compaction.
  Status request(const TableState& table, TabletId tablet, CompactionKind kind);
  CompactionState compaction_state(TabletId tablet) const { return requests_.state(tablet); }
  const Counters& counters() const { return counters_; }
  /// What the compactions that a table needs now have to read.
  CompactionDebt debt(const TableSnapshot& table) const;

 private:
  void run();
  /// One round over all tables; true when something was done.
  bool work_once();
  /// What one tablet needs now; true when something was done.
  Result<bool> work_on(TableState& table, TabletId tablet);
  /// Tombstones that are older may go.
  int64_t oldest_delete_seconds() const;
  bool needs_flush(const TabletSnapshot& tablet) const;
  /// Bytes of all delta buffers, at most kDeltaCountAge old.
  uint64_t delta_bytes();
  Status flush_tablet(TableState& table, TabletId tablet);
  /// Seals the active buffer. False when there is nothing to flush.
  Result<bool> seal(TableState& table, TabletId tablet);
  Status flush_oldest_sealed(TableState& table, TabletId tablet);
  Status compact_tablet(TableState& table, TabletId tablet, const std::vector<RowsetId>& inputs);
  Status compact_as_asked(TableState& table, TabletId tablet, CompactionKind kind);
  PickOptions pick_options(const TableSchema& schema) const;
  std::vector<CompactionPick> picks_for(const TabletSnapshot& tablet, CompactionKind kind) const;

  Parts parts_;
  MaintenanceOptions options_;
  RateLimiter rate_limiter_;
  Counters counters_;
  CompactionRequests requests_;
  const WallClock clock_;
  std::atomic<uint64_t> delta_bytes_{0};
  std::atomic<uint64_t> delta_average_{0};        ///< bytes of a buffer that has rows
  std::atomic<int64_t> delta_counted_micros_{0};  ///< steady clock
  std::atomic<bool> stopping_{false};
  std::mutex wake_mutex_;  ///< guards woken_
  std::condition_variable wake_;
  bool woken_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace freshet::storage
