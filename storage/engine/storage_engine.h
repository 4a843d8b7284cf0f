#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/memory_budget.h"
#include "storage/catalog/table_names.h"
#include "storage/commit/group_commits.h"
#include "storage/commit/history_reader.h"
#include "storage/commit/load_commit.h"
#include "storage/commit/partition_changes.h"
#include "storage/commit/private_table.h"
#include "storage/compaction/compaction_requests.h"
#include "storage/io/file_store.h"
#include "storage/meta/meta_store.h"
#include "storage/segment/page_cache.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/schema_change.h"

namespace freshet::storage {

struct StorageOptions {
  uint64_t page_cache_bytes = 1ull << 30;    ///< of pages, and of the key indexes, key filters and footers of open segments
  uint64_t load_memory_bytes = 1ull << 30;   ///< rows that running loads collect, all together
  uint64_t delta_memory_bytes = 1ull << 30;  ///< delta buffers of all tablets: flushed from half of it, loads wait beyond
  uint64_t compaction_memory_bytes = 1ull << 30;  ///< row maps of all running compactions
  uint64_t memory_wait_seconds = 60;              ///< a load whose memory is in use waits so long, then it is refused
  uint64_t small_commit_bytes = 1ull << 20;       ///< at most this much is carried inside a commit record
  /// Rows of one load, beyond those of a small commit, that are made of rows of the table: partial updates, what UPDATE and
  /// DELETE change, different keys that a load brings to a kAggregate table. More are refused.
  uint64_t dependent_rows = 32ull << 20;
  uint64_t delta_flush_bytes = 64ull << 20;  ///< a tablet's delta buffer is flushed beyond this
  uint64_t delta_flush_rows = 1ull << 20;
  uint64_t delta_flush_seconds = 600;   ///< ... or when its oldest row is this old
  uint64_t delete_fold_commits = 1000;  ///< records of deleted rows of a tablet that become whole bitmaps; or at that age
  uint64_t disk_reserve_bytes = 64ull << 20;     ///< loads are refused when less is free
  uint64_t disk_full_wait_seconds = 86400;       ///< a commit that the full disk holds up waits so long for room
  uint64_t quarantine_keep_seconds = 7 * 86400;  ///< files that belonged to no commit at a start are removed by a later one
  uint32_t compaction_trigger_segments = 8;      ///< similar-sized segments of a tablet that are merged together
  uint32_t compaction_max_segments = 64;         ///< rowsets of a tablet; loads wait for compaction at so many
  double compaction_dead_fraction = 0.2;         ///< a segment with more dead rows is rewritten
  double compaction_base_fraction = 0.25;  ///< kUnique: all are merged when the smaller ones hold so much of the largest
  uint64_t compaction_bytes_per_second = 200ull << 20;
  uint32_t compaction_threads = 1;
  /// Tables with a sequence column: a delete is remembered so long. A row with a smaller sequence that comes later than
  /// that is taken as new.
  uint64_t tombstone_keep_seconds = 7 * 86400;
  uint64_t label_keep_seconds = 259200;
  /// Time for dynamic partitions, microseconds since 1970 in UTC; null = the clock of the machine.
  std::function<int64_t()> partition_clock = nullptr;
  /// Time for the end of older versions, likewise.
  std::function<int64_t()> history_clock = nullptr;
  uint64_t label_limit = 1'000'000;           ///< labels kept; loads are refused beyond, never forgotten early
  uint64_t precommit_timeout_seconds = 3600;  ///< a precommitted load is aborted when it waits longer for its second phase
  uint64_t precommitted_limit = 1000;         ///< loads between their two phases
  uint64_t history_versions = 1'000'000;      ///< of a table with history; beyond that it is shorter than the retention
};

/// Figures for /metrics.
struct StorageStats {
  uint64_t commits = 0;
  int64_t newest_commit_unix_micros = 0;  ///< 0: none of a load since the start
  uint64_t rows_written = 0;
  uint64_t rows_replaced = 0;
  uint64_t segments = 0;
  uint64_t most_rowsets = 0;  ///< segments and delta buffers with rows of the tablet that has most
  uint64_t segment_bytes = 0;
  uint64_t delta_rows = 0;
  uint64_t delta_bytes = 0;
  uint64_t load_memory_bytes = 0;
  uint64_t flushes = 0;
  uint64_t flush_bytes_written = 0;
  uint64_t compaction_waiting_rowsets = 0;   ///< inputs of the compactions that tablets need now
  uint64_t compaction_waiting_bytes = 0;     ///< ... of their live rows
  uint64_t folds = 0;                        ///< of deletes without a flush or compaction
  uint64_t fold_bytes_written = 0;           ///< of all whole bitmaps
  uint64_t carried_bytes_written = 0;        ///< rows in commit records
  uint64_t delete_record_bytes_written = 0;  ///< deletes in commit records
  uint64_t compactions_without_room = 0;     ///< tablets whose compaction waits for room on the disk
  uint64_t compactions = 0;
  uint64_t compaction_bytes_written = 0;
  uint64_t index_resident_bytes = 0;  ///< of the segments that are open
  uint64_t index_resident_rows = 0;   ///< rows of these segments
  uint64_t page_cache_bytes = 0;
  uint64_t page_cache_capacity_bytes = 0;  ///< what key indexes and filters leave of StorageOptions::page_cache_bytes
  uint64_t page_cache_hits = 0;
  uint64_t page_cache_misses = 0;
  uint64_t labels = 0;
  uint64_t precommitted_loads = 0;
  uint64_t grouped_loads = 0;  ///< that came by commit_in_group
  uint64_t disk_free_bytes = 0;
};

/// Everything on disk behind one object: what ingest and query call. It wires catalog, labels, commit, flush, compaction and
/// recovery together; each of those is a class of its own. Any thread.
class StorageEngine {
 public:
  /// Opens or creates the data directory's metadata and files, recovers, and starts background work.
  static Result<std::unique_ptr<StorageEngine>> open(std::unique_ptr<MetaStore> meta, std::unique_ptr<FileStore> files,
                                                     const StorageOptions& options);
  virtual ~StorageEngine() = default;

  /// The newest visible state. Lock-free for readers; hold it as long as you read.
  virtual ServerSnapshotPtr snapshot() const = 0;
  virtual const StorageOptions& options() const = 0;
  virtual StorageStats stats() const = 0;
  /// OK while commits are taken; else why not.
  virtual Status health() const = 0;

  // Catalog. Each call is durable and visible when it returns.
  virtual Status create_database(const std::string& name, bool if_not_exists) = 0;
  /// Drops its tables too.
  virtual Status drop_database(const std::string& name, bool if_exists) = 0;
  virtual Status create_table(const std::string& database, const std::string& name, TableSchema schema,
                              const TablePartitioning& partitioning, bool if_not_exists) = 0;
  /// All of them in one commit, or none.
  virtual Status drop_tables(const std::vector<QualifiedName>& names, bool if_exists) = 0;
  Status drop_table(const std::string& database, const std::string& name, bool if_exists) {
    return drop_tables({{database, name}}, if_exists);
  }
  /// Whatever its name is by now. NotFound when it is gone.
  virtual Status drop_table(TableId table) = 0;
  /// Renames tables and drops others, all at once and in one commit, or nothing. See CatalogChanges.
  virtual Status rename_tables(const std::vector<TableRename>& renames, const std::vector<QualifiedName>& dropped) = 0;
  virtual Status truncate_table(const std::string& database, const std::string& name) = 0;
  /// ALTER TABLE: the next version of the schema, without touching a row. See SchemaChanges.
  virtual Status alter_table(const std::string& database, const std::string& name, const TableChange& change) = 0;

  // Partitions.
  /// One change after another, all of them in one commit, or none. InvalidArgument for a table without PARTITION BY, and for
  /// ranges or values that overlap.
  virtual Status change_partitions(const std::string& database, const std::string& table,
                                   std::vector<PartitionChange> changes) = 0;
  /// What the dynamic_partition properties of tables ask for now; done in the background, and by CREATE and ALTER TABLE.
  virtual Status keep_dynamic_partitions() = 0;
  /// Makes the partitions that AUTO PARTITION lacks for rows with these values of the partition columns, and answers
  /// all of the table. ResourceExhausted beyond `limit` new ones, or kMaxPartitions of the table.
  virtual Result<AutoPartitions> add_auto_partitions(TableId table, const std::vector<BoundTuple>& values, size_t limit) = 0;

  // Labels.
  /// Takes (database, label) for a load before its body is read. LabelExists: "Label [x] has already been used, relate to
  /// txn [n]", and `existing` tells the state of the earlier one. A reservation is in memory only and ends with the commit
  /// that carries the label, or with release_label. The label of an aborted load is free.
  virtual Status reserve_label(DatabaseId database, const std::string& label, TransactionId transaction,
                               std::optional<LabelRecord>* existing) = 0;
  /// The same for a label that was made up for the load: it is remembered for a while in memory, and does not count.
  virtual Status reserve_made_up_label(DatabaseId database, const std::string& label, TransactionId transaction) = 0;
  /// Ends the reservation of this transaction, if it has one: its load failed, `why` tells the reason.
  virtual void release_label(DatabaseId database, const std::string& label, TransactionId transaction,
                             const std::string& why) = 0;
  virtual Result<std::optional<LabelRecord>> find_label(DatabaseId database, const std::string& label) = 0;
  virtual Result<std::optional<LabelRecord>> find_transaction(DatabaseId database, TransactionId transaction) = 0;
  /// All loads of a database that are known, in no order.
  virtual Status list_labels(DatabaseId database, const std::function<void(const LabelRecord&)>& visit) = 0;

  /// Forgets the load of this label, or all loads of the database when it is empty, that are visible or aborted: their
  /// labels can be used again. NotFound: there is no such load; Conflict: it has not ended.
  virtual Status clean_labels(DatabaseId database, const std::string& label) = 0;

  // Writing.
  virtual Result<TransactionId> next_transaction_id() = 0;
  virtual Result<RowsetId> next_rowset_id() = 0;
  /// The newest commit number handed out, for SegmentWriterOptions::newest_commit.
  virtual CommitNumber newest_commit() const = 0;
  virtual FileStore& files() = 0;
  /// What running loads may hold in memory. Whoever collects rows takes from it.
  virtual MemoryBudget& load_memory() = 0;
  /// Refuses early when a load cannot succeed: OutOfSpace below the disk reserve, Unavailable when stopping or broken. Slows
  /// down while the compaction of `table` or the flush of delta buffers is behind: the further, the longer it waits
  /// (bounded, then ResourceExhausted).
  virtual Status admit_load(TableId table, const IsCancelled& is_cancelled) = 0;
  Status admit_load(TableId table) { return admit_load(table, nullptr); }
  /// For whoever is about to write a part of a load: OutOfSpace below the disk reserve.
  virtual Status check_disk() const = 0;
  /// Makes a load durable and visible (DESIGN of the protocol: commit/README). Segment files named in it belong to the
  /// engine from here on: on failure they are removed, unless the outcome is unknown.
  virtual Result<CommitOutcome> commit(LoadCommit commit) = 0;
  /// Loads of several tables, one of each, as one commit: all become durable and visible together, or none.
  virtual Result<CommitOutcome> commit_all(std::vector<LoadCommit> commits) = 0;
  /// A table of a snapshot, for a transaction that changes it before it commits. The engine must outlive it.
  virtual std::unique_ptr<PrivateTable> open_private_table(TableSnapshotPtr base) = 0;
  /// As commit(), with other small loads of the table that come at about the same time (see GroupCommits). REQUIRES: neither
  /// label nor offsets.
  virtual Result<GroupOutcome> commit_in_group(LoadCommit commit) = 0;
  /// First of two phases: makes a load durable, under its label and transaction, but not visible. Segment files belong to
  /// the engine from here on, as in commit().
  virtual Status precommit(LoadCommit commit) = 0;
  /// Second phase: as commit(), against the table as it is now. Nothing when the transaction is not precommitted (any more);
  /// on an error it stays precommitted, unless the outcome is unknown.
  virtual Result<std::optional<CommitOutcome>> commit_precommitted(TransactionId transaction) = 0;
  /// Ends a precommitted load; false when the transaction is not precommitted (any more). Also done by itself after
  /// StorageOptions::precommit_timeout_seconds.
  virtual Result<bool> abort_precommitted(TransactionId transaction, const std::string& reason) = 0;
  /// Removes segment files of a load that will not commit.
  virtual void discard_segments(const std::vector<SegmentMeta>& segments) = 0;
  /// Next value of the AUTO_INCREMENT column of a table; `count` values are taken.
  virtual Result<int64_t> take_auto_increment(TableId table, int64_t count) = 0;
  /// Values to come are larger than `value`, which a row brought or a table's definition asks for.
  virtual Status pass_auto_increment(TableId table, int64_t value) = 0;

  // Small durable records of the upper rooms (routine-load jobs, users): key -> bytes under a namespace of their own.
  virtual Status put_record(const std::string& kind, const std::string& key, const std::string& value) = 0;
  virtual Status erase_record(const std::string& kind, const std::string& key) = 0;
  virtual Result<std::vector<std::pair<std::string, std::string>>> list_records(const std::string& kind) = 0;
  /// Stored positions of a stream job: partition -> next offset.
  virtual Result<std::vector<std::pair<int32_t, int64_t>>> stream_positions(JobId job) = 0;
  /// Moves a stored position without rows (a job that begins, or a named gap); `from` as in OffsetAdvance.
  virtual Status set_stream_positions(const std::vector<OffsetAdvance>& offsets) = 0;
  virtual Status erase_stream_positions(JobId job) = 0;

  // Older versions.
  /// `table`, of a snapshot at commit `newest`, as it was at `version`, under its schema of today. InvalidArgument says what
  /// can be queried instead when `version` is not in the table's history.
  virtual Result<TableSnapshotPtr> table_as_of(const TableSnapshot& table, CommitNumber newest, CommitNumber version) = 0;
  /// The newest version of the table at that time.
  virtual Result<CommitNumber> version_at(const TableSnapshot& table, int64_t unix_micros) = 0;
  /// The newest `limit` versions, newest first.
  virtual Result<std::vector<TableVersion>> table_versions(TableId table, size_t limit) = 0;
  /// Ends the history that is older than its retention; runs by itself every few seconds.
  virtual Status expire_history() = 0;

  // Background work by hand: tests, `ALTER TABLE ... COMPACT`, shutdown.
  virtual Status flush_table(TableId table) = 0;
  virtual Status compact_table(TableId table) = 0;
  /// Asks for a compaction in the background. AlreadyExists when one of the tablet runs or waits; Conflict when there is
  /// nothing to do; ResourceExhausted when too many wait.
  virtual Status request_compaction(TableId table, TabletId tablet, CompactionKind kind) = 0;
  virtual CompactionState compaction_state(TabletId tablet) const = 0;
  /// Tablets that are being compacted, or wait for a compaction by hand.
  virtual std::vector<std::pair<TabletId, CompactionKind>> running_compactions() const = 0;
  /// Ends background work and refuses further commits. Idempotent.
  virtual void stop() = 0;
  /// Shutdown: commits that wait for room on a full disk fail, so that their threads come back.
  virtual void stop_waiting() = 0;
};

/// Checks a stopped data directory: every record, every file, every checksum, every cross-reference (each bitmap names an
/// existing rowset and rows, keys of a kUnique tablet are live once, no file without record). Problems as sentences, each
/// with what is wrong, where, and a remedy. Files of loads that ended with the server are no damage: they go to `left_over`,
/// or to the problems when that is null.
Status check_data_directory(MetaStore& meta, FileStore& files, std::vector<std::string>& problems,
                            std::vector<std::string>* left_over = nullptr);
/// Prints the metadata store readably. For `freshet inspect`.
Status dump_metadata(MetaStore& meta, std::string& out);

}  // namespace freshet::storage
