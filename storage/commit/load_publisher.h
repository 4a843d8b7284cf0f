#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "storage/catalog/table_state.h"
#include "storage/commit/admission.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_writer.h"
#include "storage/commit/labels.h"
#include "storage/commit/load_buckets.h"
#include "storage/commit/load_commit.h"
#include "storage/commit/row_completion.h"
#include "storage/commit/stream_positions.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

class ReadGuard;

/// What LoadPublisher::apply_privately() answers.
struct PrivateChange {
  TableSnapshotPtr table;
  std::vector<TabletRows> rows;  ///< the load's, completed
  std::vector<RowsetId> new_buffers;
  uint64_t rows_replaced = 0;
};

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
    Admission& admission;
  };
  struct Limits {
    uint64_t dependent_rows = 32ull << 20;  ///< see StorageOptions
    size_t load_segments = 32;              ///< that a load may bring to a tablet
  };
  /// Bytes of commit records, whose commits may still have failed.
  struct Counters {
    std::atomic<uint64_t> carried_bytes{0};        ///< rows of small commits
    std::atomic<uint64_t> delete_record_bytes{0};  ///< which rows a commit made dead
  };
  LoadPublisher(const Parts& parts, const Limits& limits) : parts_(parts), limits_(limits) {}
  const Counters& counters() const { return counters_; }

  Result<CommitOutcome> publish(TableState& table, LoadCommit load);

  struct TableLoad {
    TableStatePtr table;
    LoadCommit load;
  };
  /// Loads of several tables, one of each, as one commit: durable and visible together or not at all. Their publish locks
  /// are taken by ascending table id. As of publish().
  Result<CommitOutcome> publish_all(std::vector<TableLoad> loads);

  /// The table as it would be with a load whose rows are in memory, for a transaction that alone sees it. `own`: buffers
  /// that earlier calls made. Conflict when a partition is missing.
  Result<PrivateChange> apply_privately(const TableSnapshotPtr& current, LoadCommit load,
                                        const std::set<RowsetId>& own) const;

 private:
  using Bucket = LoadBucket;
  struct Staged {
    CommitPipeline::ChangePtr change;
    CommitOutcome outcome;
    bool lacks_room = false;
  };
  /// What the head under the publish lock says to a load.
  enum class Comparison : uint8_t {
    kReady,
    kChanged,  ///< too much came since the checks were prepared: prepare them again
    kNoRoom,   ///< others took the last place: wait outside the lock
  };
  struct TableChange;
  struct Part;
  class PublishLocks;
  /// A load that nothing can refuse any more, but a pipeline that is at its end. Its table's publish lock is held.
  struct ReadyTable {
    TableState& table;
    const LoadCommit& load;
    std::vector<Bucket>& buckets;
    TableSnapshotPtr head;
    std::vector<RowsetId> new_buffers;  ///< by bucket; zero: the active one takes its rows
    Admission::Reservation reserved;
  };
  /// What is compared with the head under the publish lock.
  struct Checks {
    const RowCompletion* completion = nullptr;
    ReadGuard* guard = nullptr;
    int attempt = 1;
  };
  static constexpr uint64_t most_settled_under_lock(int attempt) {
    return kRowsProbedUnderLock << (2 * std::min(attempt - 1, kCompletionAttempts));
  }
  /// Partial updates, and loads into tables that aggregate: their rows are completed with those of the table.
  static bool is_completed(const LoadCommit& load);
  Status prepare_part(Part& part) const;
  /// Completion leaves no more segments than a load may bring.
  std::vector<Arrival> arrivals_when_completed(const LoadCommit& load) const;
  static std::vector<Arrival> arrivals_of_buckets(const std::vector<Bucket>& buckets);
  Result<Staged> stage_parts(std::vector<Part>& parts, int attempt);
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
  /// Compares a load with the head under the publish lock. kReady: `reserved` is the room that it needs.
  Result<Comparison> compare(const TableState& table, const LoadCommit& load, std::vector<Bucket>& buckets,
                             const Checks& checks, Admission::Reservation& reserved) const;
  /// Does what can fail. REQUIRES: compare() answered kReady, under the same lock.
  Result<ReadyTable> make_ready(TableState& table, const LoadCommit& load, std::vector<Bucket>& buckets,
                                Admission::Reservation reserved);
  TableChange change_table(const ReadyTable& ready, MetaBatch& batch);
  /// One commit of all these loads.
  Result<Staged> stage(std::span<ReadyTable> ready);
  /// There is no change in the answer when compare() answers another thing than kReady.
  Result<Staged> compare_and_stage(TableState& table, const LoadCommit& load, std::vector<Bucket>& buckets,
                                   const Checks& checks);

  Parts parts_;
  Limits limits_;
  Counters counters_;
};

}  // namespace freshet::storage
