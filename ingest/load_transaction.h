#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/memtable_flusher.h"
#include "storage/base/memory_budget.h"
#include "storage/engine/storage_engine.h"

namespace freshet::ingest {

/// Rows on their way into one table: routes them to buckets, flushes full memtables as segments, commits all at once. What
/// Stream Load, routine load and SQL INSERT share. One thread.
class LoadTransaction {
 public:
  struct Options {
    /// Rows in memory: half of it collects rows while the other half is being written.
    uint64_t memtable_bytes = 128ull << 20;
  };
  LoadTransaction(storage::StorageEngine& storage, storage::TableSnapshotPtr table, const Options& options);
  ~LoadTransaction();  ///< not committed: its segments are removed
  LoadTransaction(const LoadTransaction&) = delete;
  LoadTransaction& operator=(const LoadTransaction&) = delete;

  const storage::TableSnapshot& table() const { return *table_; }
  const storage::TableSnapshotPtr& table_pointer() const { return table_; }
  /// Takes the rows of `block` in arrival order. REQUIRES: columns of table().schema.
  Status append(const Block& block);
  uint64_t row_count() const { return row_count_; }
  /// REQUIRES: not called before. Makes all rows durable and visible with the label and offsets. With no rows and no offsets
  /// only the label is stored.
  Result<storage::CommitOutcome> commit(std::optional<storage::LabelRecord> label,
                                        std::vector<storage::OffsetAdvance> offsets);

 private:
  void append_to_bucket(uint32_t bucket, const Block& block);
  void route(const Block& block);
  /// Makes sure that the load may hold `bytes` more. When the memory of all loads is in use, this one writes what it holds,
  /// and then waits with nothing in its hands.
  Status reserve_memory(uint64_t bytes);
  /// Hands all buffered rows to the flusher.
  Status flush_buckets();
  void take_rows(storage::LoadCommit& commit);

  storage::StorageEngine& storage_;
  storage::TableSnapshotPtr table_;
  Options options_;
  MemoryLease memory_;
  MemtableFlusher flusher_;
  std::vector<Block> buckets_;
  std::vector<uint32_t> row_buckets_;               ///< of the block being routed
  std::vector<std::vector<uint32_t>> bucket_rows_;  ///< of the block being routed
  uint64_t buffered_bytes_ = 0;
  uint64_t flushing_bytes_ = 0;  ///< with the flusher
  uint64_t row_count_ = 0;
  bool is_handed_over_ = false;  ///< the segments belong to the engine
};

}  // namespace freshet::ingest
