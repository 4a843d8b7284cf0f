#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/load_request.h"
#include "ingest/memtable_flusher.h"
#include "storage/base/memory_budget.h"
#include "storage/engine/storage_engine.h"

namespace freshet::ingest {

/// Takes a row that fits no partition: the reason, and the row as text with tabs between its values. An error ends the load.
using RejectRow = std::function<Status(std::string_view reason, std::string_view row)>;

/// Rows on their way into one table: routes them to partitions and buckets, flushes full memtables as segments, commits all
/// at once. What Stream Load, routine load and SQL INSERT share. One thread.
///
/// A table with AUTO PARTITION gets the partitions that rows need as they come, each in a commit of its own before that of
/// the rows; they stay when the load fails. A delete that fits no partition deletes nothing.
class LoadTransaction {
 public:
  struct Options {
    /// Rows in memory: half of it collects rows while the other half is being written.
    uint64_t memtable_bytes = 128ull << 20;
    /// Without it such a row ends the load.
    RejectRow reject = nullptr;
    /// Rows replace only these columns, and what the others hold counts for new keys alone; null: whole rows.
    storage::PartialColumnsPtr partial = nullptr;
    /// Rows of `partial` whose keys the table does not have, by its newest state when they come. The commit looks again, and
    /// is refused unless they are taken.
    NewKeys new_keys = NewKeys::kTaken;
    /// The table as it was read to make the rows: the commit fails with Conflict when their keys have other rows by then.
    storage::TableSnapshotPtr read_from = nullptr;
    /// Ends the load while it waits for memory or for room in its table.
    storage::IsCancelled is_cancelled = nullptr;
  };
  LoadTransaction(storage::StorageEngine& storage, storage::TableSnapshotPtr table, const Options& options);
  ~LoadTransaction();  ///< not committed: its segments are removed
  LoadTransaction(const LoadTransaction&) = delete;
  LoadTransaction& operator=(const LoadTransaction&) = delete;

  /// The table as it was when the load began.
  const storage::TableSnapshot& table() const { return *table_; }
  const storage::TableSnapshotPtr& table_pointer() const { return table_; }
  /// Takes rows for these partitions only. NotFound names an unknown one. REQUIRES: no rows yet.
  Status restrict_to(const std::vector<std::string>& partitions);
  /// The commit replaces all rows of the table, or of the partitions of restrict_to(), by those of the load. Not for
  /// AGGREGATE tables. Such a load commits also when it has no rows.
  void replace_all() { replaces_all_ = true; }
  /// Takes the rows of `block` in arrival order. REQUIRES: columns of table().schema.
  Status append(const Block& block);
  /// Rows taken, without those rejected.
  uint64_t row_count() const { return row_count_; }
  /// REQUIRES: not called before. Makes all rows durable and visible with the label and offsets. With no rows and no offsets
  /// only the label is stored.
  Result<storage::CommitOutcome> commit(std::optional<storage::LabelRecord> label,
                                        std::vector<storage::OffsetAdvance> offsets);
  /// Instead of commit(): what the commit needs, for one over several tables. Its segments belong to the caller.
  Result<storage::LoadCommit> take() { return finish_rows(); }
  /// The same when all rows are in memory; ResourceExhausted when some had to be written as segments.
  Result<storage::LoadCommit> take_in_memory();
  /// Instead of commit(): shares the commit with other small loads of the table.
  Result<storage::GroupOutcome> commit_in_group();
  /// Instead of commit(): makes all rows durable, and visible when StorageEngine::commit_precommitted is called.
  Status precommit(storage::LabelRecord label);

 private:
  /// The rows in memory of one tablet.
  struct Buffer {
    TabletId tablet;
    Block rows;
    std::vector<uint32_t> block_rows;  ///< of the block being routed
  };
  Buffer& buffer_at(uint32_t position);
  /// The rest of append().
  Status take_rows(const Block& block);
  /// Refuses the load, or rejects the rows, when keys are new that may not be.
  Status take_known_keys(const Block& block);
  Status route(const Block& block);
  Status make_missing_partitions(const Block& block);
  Status settle_homeless(const Block& block, size_t row);
  /// Makes sure that the load may hold `bytes` more. When the memory of all loads is in use, this one writes what it holds,
  /// and then waits with nothing in its hands.
  Status reserve_memory(uint64_t bytes);
  Status wait_for_memory(uint64_t bytes);
  /// Hands all buffered rows to the flusher.
  Status flush_buffers();
  Result<storage::LoadCommit> finish_rows();
  storage::LoadCommit make_commit();
  void add_rows(storage::LoadCommit& commit);
  void add_replaced_tablets(storage::LoadCommit& commit) const;

  storage::StorageEngine& storage_;
  storage::TableSnapshotPtr table_;
  Options options_;
  MemoryLease memory_;
  MemtableFlusher flusher_;
  PartitionMapPtr partitions_;  ///< of the table, and those that this load made
  std::vector<Buffer> buffers_;
  std::unordered_map<TabletId, size_t> buffer_of_;
  std::vector<uint32_t> slots_;      ///< by tablet position: 1 + index of the buffer; 0 = none yet
  std::vector<uint32_t> positions_;  ///< of the rows of the block being routed
  std::optional<std::set<PartitionId>> only_;
  size_t partitions_made_ = 0;
  uint64_t buffered_bytes_ = 0;
  uint64_t flushing_bytes_ = 0;  ///< with the flusher
  uint64_t row_count_ = 0;
  bool replaces_all_ = false;
  bool is_handed_over_ = false;  ///< the segments belong to the engine
};

}  // namespace freshet::ingest
