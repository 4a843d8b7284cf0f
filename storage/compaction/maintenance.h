#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/catalog/catalog.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/obsolete_files.h"
#include "storage/compaction/compaction_picker.h"
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
  uint64_t admission_wait_seconds = 60;
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
  /// Rewrites each tablet as one segment without dead rows.
  Status compact_fully(TableState& table);
  /// Waits while a tablet of the table has too many segments; ResourceExhausted when that does not end.
  Status admit(const TableState& table);
  const Counters& counters() const { return counters_; }

 private:
  void run();
  /// One round over all tables; true when something was done.
  bool work_once();
  bool needs_flush(const TabletSnapshot& tablet) const;
  Status flush_tablet(TableState& table, size_t tablet_index);
  /// Seals the active buffer. False when there is nothing to flush.
  Result<bool> seal(TableState& table, size_t tablet_index);
  Status flush_oldest_sealed(TableState& table, size_t tablet_index);
  Status compact_tablet(TableState& table, size_t tablet_index, const std::vector<RowsetId>& inputs);

  Parts parts_;
  MaintenanceOptions options_;
  RateLimiter rate_limiter_;
  Counters counters_;
  std::atomic<bool> stopping_{false};
  std::mutex wake_mutex_;  ///< guards woken_
  std::condition_variable wake_;
  bool woken_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace freshet::storage
