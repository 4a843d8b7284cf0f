#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "storage/engine/storage_engine.h"
#include "storage/io/local_file_store.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {

/// A table of the columns written as "name type [key] [not null] [auto] [default x]", e.g. {"id bigint key not null", "v
/// int"}.
storage::TableSnapshotPtr make_table(const std::vector<std::string>& columns, uint32_t bucket_count = 1,
                                     TableModel model = TableModel::kUnique);

/// The rows of a block as text, fields between '|', NULL as "NULL", deletes with a leading "-".
std::vector<std::string> rows_of(const Block& block);

/// A storage engine that keeps what is committed, so that ingest can be tested without one. Only what ingest calls works.
class FakeStorage final : public storage::StorageEngine {
 public:
  explicit FakeStorage(storage::TableSnapshotPtr table, std::unique_ptr<storage::FileStore> files = nullptr);

  std::vector<storage::LoadCommit> commits;
  std::set<std::pair<uint64_t, std::string>> reserved_labels;
  std::map<std::pair<uint64_t, std::string>, storage::LabelRecord> labels;
  std::vector<storage::SegmentMeta> discarded;
  int64_t next_number = 1;
  Status admit_status;
  Status disk_status;
  Status commit_status;
  storage::StorageOptions storage_options;

  /// Rows of the commits so far, as text, in bucket order. REQUIRES: small commits.
  std::vector<std::string> committed_rows() const;

  storage::ServerSnapshotPtr snapshot() const override { return snapshot_; }
  const storage::StorageOptions& options() const override { return storage_options; }
  storage::StorageStats stats() const override { return {}; }
  Status health() const override { return Status::OK(); }
  Status create_database(const std::string&, bool) override { return not_here(); }
  Status drop_database(const std::string&, bool) override { return not_here(); }
  Status create_table(const std::string&, const std::string&, TableSchema, const TablePartitioning&, bool) override {
    return not_here();
  }
  Status drop_tables(const std::vector<storage::QualifiedName>&, bool) override { return not_here(); }
  Status drop_table(TableId) override { return not_here(); }
  Status rename_tables(const std::vector<storage::TableRename>&, const std::vector<storage::QualifiedName>&) override {
    return not_here();
  }
  Status truncate_table(const std::string&, const std::string&) override { return not_here(); }
  Status alter_table(const std::string&, const std::string&, const TableChange&) override { return not_here(); }
  Status change_partitions(const std::string&, const std::string&, std::vector<PartitionChange>) override {
    return not_here();
  }
  Status keep_dynamic_partitions() override { return not_here(); }
  Result<storage::AutoPartitions> add_auto_partitions(TableId, const std::vector<BoundTuple>&, size_t) override {
    return not_here();
  }
  Status reserve_made_up_label(DatabaseId database, const std::string& label, TransactionId transaction) override {
    return reserve_label(database, label, transaction, nullptr);
  }
  Status reserve_label(DatabaseId database, const std::string& label, TransactionId transaction,
                       std::optional<storage::LabelRecord>* existing) override;
  void release_label(DatabaseId database, const std::string& label, TransactionId, const std::string&) override;
  Result<std::optional<storage::LabelRecord>> find_label(DatabaseId, const std::string&) override { return not_here(); }
  Result<std::optional<storage::LabelRecord>> find_transaction(DatabaseId, TransactionId) override { return not_here(); }
  Status list_labels(DatabaseId, const std::function<void(const storage::LabelRecord&)>&) override { return not_here(); }
  Status clean_labels(DatabaseId, const std::string&) override { return not_here(); }
  Result<TransactionId> next_transaction_id() override { return TransactionId(next_transaction_++); }
  Result<RowsetId> next_rowset_id() override { return RowsetId(next_rowset_++); }
  CommitNumber newest_commit() const override { return CommitNumber(1); }
  storage::FileStore& files() override { return *files_; }
  MemoryBudget& load_memory() override { return load_memory_; }
  using StorageEngine::admit_load;
  Status admit_load(TableId, const storage::IsCancelled&) override { return admit_status; }
  Status check_disk() const override { return disk_status; }
  Result<storage::CommitOutcome> commit(storage::LoadCommit commit) override;
  Result<storage::CommitOutcome> commit_all(std::vector<storage::LoadCommit>) override {
    return Status::Unsupported("the fake storage commits one table at a time");
  }
  std::unique_ptr<storage::PrivateTable> open_private_table(storage::TableSnapshotPtr) override { return nullptr; }
  Result<storage::GroupOutcome> commit_in_group(storage::LoadCommit load) override {
    FRESHET_ASSIGN_OR_RETURN(const storage::CommitOutcome outcome, commit(std::move(load)));
    return storage::GroupOutcome{outcome, TransactionId(next_transaction_++), "group_commit_1_1"};
  }
  Status precommit(storage::LoadCommit) override { return not_here(); }
  Result<std::optional<storage::CommitOutcome>> commit_precommitted(TransactionId) override { return not_here(); }
  Result<bool> abort_precommitted(TransactionId, const std::string&) override { return not_here(); }
  void discard_segments(const std::vector<storage::SegmentMeta>& segments) override;
  Result<int64_t> take_auto_increment(TableId table, int64_t count) override;
  Status pass_auto_increment(TableId table, int64_t value) override;
  Status put_record(const std::string&, const std::string&, const std::string&) override { return not_here(); }
  Status erase_record(const std::string&, const std::string&) override { return not_here(); }
  Result<std::vector<std::pair<std::string, std::string>>> list_records(const std::string&) override { return not_here(); }
  Result<std::vector<std::pair<int32_t, int64_t>>> stream_positions(JobId) override { return not_here(); }
  Status set_stream_positions(const std::vector<storage::OffsetAdvance>&) override { return not_here(); }
  Status erase_stream_positions(JobId) override { return not_here(); }
  Result<storage::TableSnapshotPtr> table_as_of(const storage::TableSnapshot&, CommitNumber, CommitNumber) override {
    return not_here();
  }
  Result<CommitNumber> version_at(const storage::TableSnapshot&, int64_t) override { return not_here(); }
  Result<std::vector<storage::TableVersion>> table_versions(TableId, size_t) override { return not_here(); }
  Status expire_history() override { return not_here(); }
  Status flush_table(TableId) override { return not_here(); }
  Status compact_table(TableId) override { return not_here(); }
  Status request_compaction(TableId, TabletId, storage::CompactionKind) override { return not_here(); }
  storage::CompactionState compaction_state(TabletId) const override { return {}; }
  std::vector<std::pair<TabletId, storage::CompactionKind>> running_compactions() const override { return {}; }
  void stop() override {}
  void stop_waiting() override {}

 private:
  static Status not_here() { return Status::Unsupported("not part of the fake storage"); }

  storage::ServerSnapshotPtr snapshot_;
  std::unique_ptr<storage::FileStore> files_;
  MemoryBudget load_memory_{"memory.load_bytes", 64ull << 20};
  std::mutex mutex_;
  uint64_t next_transaction_ = 1;
  std::atomic<uint64_t> next_rowset_ = 1;
};

}  // namespace freshet::ingest
