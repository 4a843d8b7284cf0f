#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>

#include "storage/catalog/table_state.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/labels.h"
#include "storage/commit/load_commit.h"
#include "storage/commit/row_completion.h"
#include "storage/commit/stream_positions.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

class ReadGuard;

/// Turns the rows of a load into one commit: the protocol of merge-on-write.
///
/// 1. prepare: in-load duplicates are settled (the later row of a key wins), keys are sorted.
/// 2. rounds outside the lock: the keys are looked up in everything the staged head has and this load has not probed yet:
///    segments by identity, delta buffers by row count. What was committed or compacted meanwhile is a new rowset or more
///    rows, and is probed in the next round, until at most kRowsProbedUnderLock rows are left.
/// 3. under the publish lock: the rest is probed; new rows enter the delta buffer; the next snapshot of each tablet is built
///    completely; the batch is staged. All that can fail comes before the delta buffer is touched.
/// 4. after the sync the snapshot is installed by the pipeline, and the load is visible.
///
/// Hits on a rowset that vanished meanwhile are dropped: its surviving rows live on in an output that was probed itself.
/// Any thread; loads of different tables share nothing but the pipeline.
class LoadPublisher {
 public:
  static constexpr uint64_t kRowsProbedUnderLock = 4096;
  static constexpr int kRoundsOutsideLock = 8;
  /// So often rows are completed anew because those of the table changed meanwhile; the last time of a small partial
  /// update under the lock, so that it ends. Others may settle four times as many rows under the lock each time.
  static constexpr int kCompletionAttempts = 8;

  struct Parts {
    CommitPipeline& pipeline;
    Labels& labels;
    StreamPositions& positions;
    FileStore& files;
    PageCache& page_cache;
    IdAllocator& ids;
    HistoryWriter& history;
  };
  struct Limits {
    uint64_t delta_buffer_bytes = 64ull << 20;  ///< a fuller buffer is sealed, and a new one takes further rows
    uint64_t delta_buffer_rows = 1ull << 20;
  };
  LoadPublisher(const Parts& parts, const Limits& limits) : parts_(parts), limits_(limits) {}

  Result<CommitOutcome> publish(TableState& table, LoadCommit load);

 private:
  struct Bucket;
  struct Staged;
  /// What is compared with the head under the publish lock.
  struct Checks {
    const RowCompletion* completion = nullptr;
    ReadGuard* guard = nullptr;
    int attempt = 1;
  };
  static constexpr uint64_t most_settled_under_lock(int attempt) {
    return kRowsProbedUnderLock << (2 * std::min(attempt - 1, kCompletionAttempts));
  }
  /// Null for a load that does not depend on what was read.
  Result<std::unique_ptr<ReadGuard>> open_guard(const LoadCommit& load) const;
  /// Partial updates, and loads into tables that aggregate. `guard` may be null.
  Result<CommitOutcome> publish_completed(TableState& table, const LoadCommit& load, ReadGuard* guard);
  Result<std::unique_ptr<RowCompletion>> begin_completion(const LoadCommit& load, const TableSnapshotPtr& base) const;
  Result<CommitOutcome> finish(const Staged& staged, const LoadCommit& load);
  /// False when too many rows have changed since they were completed.
  Result<bool> settle(const TableSnapshot& head, const RowCompletion& completion, int attempt,
                      std::vector<Bucket>& buckets) const;
  Result<std::vector<Bucket>> prepare(const TableSnapshot& table, LoadCommit& load) const;
  Status probe_rounds(const TableState& table, std::vector<Bucket>& buckets) const;
  Status probe_rest(const TableSnapshot& head, std::vector<Bucket>& buckets) const;
  static Status map_rows(const TableSchema& from, const TableSchema& to, std::vector<Bucket>& buckets);
  static Status check_dead_rows(const TableSnapshot& head, const std::vector<Bucket>& buckets);
  /// There is no change in the answer when too much came since the checks were prepared: prepare them again.
  Result<Staged> stage(TableState& table, const LoadCommit& load, std::vector<Bucket>& buckets, const Checks& checks);

  Parts parts_;
  Limits limits_;
};

}  // namespace freshet::storage
