#include "storage/engine/storage_engine.h"

#include <atomic>
#include <optional>
#include <thread>

#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/base/wall_clock.h"
#include "storage/catalog/catalog.h"
#include "storage/commit/admission.h"
#include "storage/commit/auto_increments.h"
#include "storage/commit/catalog_changes.h"
#include "storage/commit/commit_pipeline.h"
#include "storage/commit/history_expiry.h"
#include "storage/commit/labels.h"
#include "storage/commit/load_publisher.h"
#include "storage/commit/lost_metadata.h"
#include "storage/commit/obsolete_files.h"
#include "storage/commit/partition_changes.h"
#include "storage/commit/precommitted_loads.h"
#include "storage/commit/recovery.h"
#include "storage/commit/schema_changes.h"
#include "storage/commit/stream_positions.h"
#include "storage/commit/tablet_contents.h"
#include "storage/compaction/maintenance.h"
#include "storage/engine/part_options.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {
namespace {

constexpr uint64_t kFormatVersion = 1;
/// Precommitted loads whose time is over go; every so many times old labels and old versions do too.
constexpr auto kExpiryInterval = std::chrono::seconds(1);
constexpr uint64_t kSlowExpiryEvery = 10;
/// Of the newest segment files, so that a start takes the same time whatever there is.
constexpr size_t kFootersReadAtStart = 4;

Status check_format(MetaStore& meta) {
  FRESHET_ASSIGN_OR_RETURN(auto stored, meta.get(meta_keys::kFormat));
  if (!stored) {
    MetaBatch batch;
    batch.put(std::string(meta_keys::kFormat), encode_number(kFormatVersion));
    return meta.commit(batch);
  }
  FRESHET_ASSIGN_OR_RETURN(const uint64_t version, decode_number(*stored));
  if (version != kFormatVersion) {
    return Status::Unsupported("the data directory has format {}, this program reads format {}", version, kFormatVersion);
  }
  return Status::OK();
}

class Engine : public StorageEngine {
 public:
  Engine(std::unique_ptr<MetaStore> meta, std::unique_ptr<FileStore> files, const StorageOptions& options)
      : meta_(std::move(meta)),
        files_(std::move(files)),
        options_(options),
        page_cache_(options.page_cache_bytes),
        load_memory_("memory.load_bytes", options.load_memory_bytes),
        auto_increments_(*meta_),
        obsolete_(*files_),
        admission_(catalog_, admission_limits(options), [this] { maintenance_->notify(); }),
        history_(retired_),
        history_reader_(*meta_, retired_),
        history_expiry_({catalog_, *meta_, obsolete_, retired_, *files_, page_cache_, options.history_versions}),
        group_commits_(
            {[this](LoadCommit load) { return commit(std::move(load)); }, [this] { return next_transaction_id(); }},
            options.small_commit_bytes) {}
  ~Engine() override { stop(); }

  Status recover_and_start();

  ServerSnapshotPtr snapshot() const override { return pipeline_->snapshot(); }
  const StorageOptions& options() const override { return options_; }
  StorageStats stats() const override;
  Status health() const override { return pipeline_->health(); }

  Status create_database(const std::string& name, bool if_not_exists) override {
    return catalog_changes_->create_database(name, if_not_exists);
  }
  Status drop_database(const std::string& name, bool if_exists) override {
    FRESHET_RETURN_IF_ERROR(catalog_changes_->drop_database(name, if_exists));
    return labels_->count_again();
  }
  Status create_table(const std::string& database, const std::string& name, TableSchema schema,
                      const TablePartitioning& partitioning, bool if_not_exists) override {
    return catalog_changes_->create_table(database, name, std::move(schema), partitioning, if_not_exists, partition_time());
  }
  Status drop_tables(const std::vector<QualifiedName>& names, bool if_exists) override {
    return catalog_changes_->drop_tables(names, if_exists);
  }
  using StorageEngine::drop_table;
  Status drop_table(TableId table) override { return catalog_changes_->drop_table(table); }
  Status rename_tables(const std::vector<TableRename>& renames, const std::vector<QualifiedName>& dropped) override {
    return catalog_changes_->rename_tables(renames, dropped);
  }
  Status truncate_table(const std::string& database, const std::string& name) override {
    return partition_changes_->truncate(database, name);
  }
  Status change_partitions(const std::string& database, const std::string& name,
                           std::vector<PartitionChange> changes) override {
    return partition_changes_->change(database, name, std::move(changes));
  }
  Status keep_dynamic_partitions() override;
  Result<AutoPartitions> add_auto_partitions(TableId table, const std::vector<BoundTuple>& values, size_t limit) override {
    return partition_changes_->add_auto(table, values, limit);
  }
  Status alter_table(const std::string& database, const std::string& name, const TableChange& change) override {
    return schema_changes_->alter_table(database, name, change, partition_time());
  }

  Status reserve_label(DatabaseId database, const std::string& label, TransactionId transaction,
                       std::optional<LabelRecord>* existing) override {
    return labels_->reserve(database, label, transaction, existing);
  }
  Status reserve_made_up_label(DatabaseId database, const std::string& label, TransactionId transaction) override {
    return labels_->reserve_made_up(database, label, transaction);
  }
  void release_label(DatabaseId database, const std::string& label, TransactionId transaction,
                     const std::string& why) override {
    labels_->release(database, label, transaction, why);
  }
  Result<std::optional<LabelRecord>> find_label(DatabaseId database, const std::string& label) override {
    return labels_->find(database, label);
  }
  Result<std::optional<LabelRecord>> find_transaction(DatabaseId database, TransactionId transaction) override {
    return labels_->find(database, transaction);
  }
  Status list_labels(DatabaseId database, const std::function<void(const LabelRecord&)>& visit) override {
    return labels_->list(database, visit);
  }
  Status clean_labels(DatabaseId database, const std::string& label) override { return labels_->clean(database, label); }

  Result<TransactionId> next_transaction_id() override {
    FRESHET_ASSIGN_OR_RETURN(const uint64_t id, ids_->next());
    return TransactionId(id);
  }
  Result<RowsetId> next_rowset_id() override {
    FRESHET_ASSIGN_OR_RETURN(const uint64_t id, ids_->next());
    return RowsetId(id);
  }
  CommitNumber newest_commit() const override { return CommitNumber(commit_numbers_->last()); }
  FileStore& files() override { return *files_; }
  MemoryBudget& load_memory() override { return load_memory_; }
  using StorageEngine::admit_load;
  Status admit_load(TableId table, const IsCancelled& is_cancelled) override;
  Status check_disk() const override;
  Result<CommitOutcome> commit(LoadCommit commit) override;
  Result<CommitOutcome> commit_all(std::vector<LoadCommit> commits) override;
  std::unique_ptr<PrivateTable> open_private_table(TableSnapshotPtr base) override {
    return std::make_unique<PrivateTable>(*publisher_, std::move(base));
  }
  Result<GroupOutcome> commit_in_group(LoadCommit load) override {
    grouped_loads_.fetch_add(1, std::memory_order_relaxed);
    return group_commits_.commit(std::move(load));
  }
  Status precommit(LoadCommit commit) override;
  Result<std::optional<CommitOutcome>> commit_precommitted(TransactionId transaction) override;
  Result<bool> abort_precommitted(TransactionId transaction, const std::string& reason) override {
    return precommitted_->abort(transaction, reason);
  }
  void discard_segments(const std::vector<SegmentMeta>& segments) override;
  Result<int64_t> take_auto_increment(TableId table, int64_t count) override { return auto_increments_.take(table, count); }
  Status pass_auto_increment(TableId table, int64_t value) override { return auto_increments_.pass(table, value); }

  Status put_record(const std::string& kind, const std::string& key, const std::string& value) override {
    MetaBatch batch;
    batch.put(meta_keys::record(kind, key), value);
    return meta_->commit(batch);
  }
  Status erase_record(const std::string& kind, const std::string& key) override {
    MetaBatch batch;
    batch.erase(meta_keys::record(kind, key));
    return meta_->commit(batch);
  }
  Result<std::vector<std::pair<std::string, std::string>>> list_records(const std::string& kind) override;
  Result<std::vector<std::pair<int32_t, int64_t>>> stream_positions(JobId job) override { return positions_->of_job(job); }
  Status set_stream_positions(const std::vector<OffsetAdvance>& offsets) override;
  Status erase_stream_positions(JobId job) override;

  Result<TableSnapshotPtr> table_as_of(const TableSnapshot& table, CommitNumber newest, CommitNumber version) override {
    return history_reader_.as_of(table, newest, version);
  }
  Result<CommitNumber> version_at(const TableSnapshot& table, int64_t unix_micros) override {
    return history_reader_.version_at(table, unix_micros);
  }
  Result<std::vector<TableVersion>> table_versions(TableId table, size_t limit) override {
    return history_reader_.versions(table, limit);
  }
  Status expire_history() override {
    std::lock_guard one_at_a_time(history_expiry_mutex_);
    const int64_t now = options_.history_clock ? options_.history_clock() : clock_.unix_micros();
    return history_expiry_.run(now, pipeline_->snapshot()->commit);
  }

  Status flush_table(TableId table) override;
  Status compact_table(TableId table) override;
  Status request_compaction(TableId table, TabletId tablet, CompactionKind kind) override;
  CompactionState compaction_state(TabletId tablet) const override { return maintenance_->compaction_state(tablet); }
  std::vector<std::pair<TabletId, CompactionKind>> running_compactions() const override {
    return maintenance_->running_compactions();
  }
  void stop() override;
  void stop_waiting() override;

 private:
  Result<TableStatePtr> find_table(TableId id) const;
  void expire_old();
  void expire_slowly();
  void count_commit(uint64_t rows, uint64_t rows_replaced);
  int64_t partition_time() const { return options_.partition_clock ? options_.partition_clock() : clock_.unix_micros(); }
  /// Dynamic partitions of one table. What cannot be done now is done by the background.
  Status keep_dynamic_partitions_of(TableId id);

  const std::unique_ptr<MetaStore> meta_;
  const std::unique_ptr<FileStore> files_;
  const StorageOptions options_;
  const WallClock clock_;
  PageCache page_cache_;
  MemoryBudget load_memory_;
  AutoIncrements auto_increments_;
  ObsoleteFiles obsolete_;
  Catalog catalog_;
  Admission admission_;
  RetiredSegments retired_;
  HistoryWriter history_;
  HistoryReader history_reader_;
  std::mutex history_expiry_mutex_;  ///< guards history_expiry_
  HistoryExpiry history_expiry_;
  GroupCommits group_commits_;
  std::unique_ptr<IdAllocator> ids_;
  std::unique_ptr<IdAllocator> commit_numbers_;
  std::unique_ptr<Labels> labels_;
  std::unique_ptr<StreamPositions> positions_;
  std::unique_ptr<CommitPipeline> pipeline_;
  std::unique_ptr<CatalogChanges> catalog_changes_;
  std::unique_ptr<SchemaChanges> schema_changes_;
  std::unique_ptr<PartitionChanges> partition_changes_;
  std::unique_ptr<LoadPublisher> publisher_;
  std::optional<LoadMerge> load_merge_;
  std::unique_ptr<PrecommittedLoads> precommitted_;
  std::unique_ptr<Maintenance> maintenance_;

  std::atomic<uint64_t> commits_{0};
  std::atomic<int64_t> newest_commit_micros_{0};
  std::atomic<uint64_t> grouped_loads_{0};
  std::atomic<uint64_t> rows_written_{0};
  std::atomic<uint64_t> rows_replaced_{0};
  std::mutex stop_mutex_;  ///< guards stopping_
  std::condition_variable stop_wake_;
  bool stopping_ = false;
  std::thread expiry_;
};

/// Recovered tablets without rows in memory have no delta buffer yet.
Status add_active_buffers(RecoveredState& state, IdAllocator& ids) {
  auto server = std::make_shared<ServerSnapshot>(*state.snapshot);
  for (const TableStatePtr& table : state.tables) {
    auto next = std::make_shared<TableSnapshot>(*table->head());
    for (TabletSnapshotPtr& tablet : next->tablets) {
      if (!tablet->deltas.empty()) continue;
      FRESHET_ASSIGN_OR_RETURN(const uint64_t buffer, ids.next());
      auto with_buffer = std::make_shared<TabletSnapshot>(*tablet);
      with_buffer->deltas.push_back({std::make_shared<DeltaBuffer>(RowsetId(buffer), next->schema), 0, {}});
      tablet = std::move(with_buffer);
    }
    server->tables[next->id] = next;
    table->set_head(std::move(next));
  }
  state.snapshot = std::move(server);
  return Status::OK();
}

Status Engine::recover_and_start() {
  failpoint(Failpoint::kRecoveryStart);
  FRESHET_RETURN_IF_ERROR(check_not_older_than_files(*meta_, *files_, kFootersReadAtStart));
  FRESHET_RETURN_IF_ERROR(check_format(*meta_));
  FRESHET_ASSIGN_OR_RETURN(ids_, IdAllocator::open(*meta_, meta_keys::kReservedIds));
  FRESHET_ASSIGN_OR_RETURN(commit_numbers_, IdAllocator::open(*meta_, meta_keys::kReservedCommits));
  FRESHET_ASSIGN_OR_RETURN(labels_, Labels::open(*meta_, clock_, {options_.label_keep_seconds, options_.label_limit}));
  FRESHET_ASSIGN_OR_RETURN(positions_, StreamPositions::open(*meta_));
  FRESHET_RETURN_IF_ERROR(obsolete_.remove_recorded(*meta_));
  failpoint(Failpoint::kRecoveryFilesRemoved);
  FRESHET_ASSIGN_OR_RETURN(RecoveredState state, recover(*meta_, *files_, page_cache_));
  failpoint(Failpoint::kRecoveryRead);
  FRESHET_RETURN_IF_ERROR(begin_checked_records(*meta_, state));
  FRESHET_RETURN_IF_ERROR(quarantine_unknown_files(state, *files_));
  const int64_t keep_since = clock_.unix_seconds() - static_cast<int64_t>(options_.quarantine_keep_seconds);
  FRESHET_ASSIGN_OR_RETURN(const size_t removed, files_->remove_quarantined(keep_since));
  if (removed != 0) log_info("{} files left the quarantine folder after {} s", removed, options_.quarantine_keep_seconds);
  failpoint(Failpoint::kRecoveryQuarantined);
  for (const auto& segment : state.retired) retired_.add(segment);
  FRESHET_RETURN_IF_ERROR(add_active_buffers(state, *ids_));
  {
    std::lock_guard ddl(catalog_.ddl_mutex);
    for (const auto& [name, id] : state.snapshot->databases) catalog_.add_database(name, id);
    for (const TableStatePtr& table : state.tables) catalog_.add_table(table);
  }
  pipeline_ = std::make_unique<CommitPipeline>(*meta_, *commit_numbers_, state.snapshot,
                                               std::chrono::seconds(options_.disk_full_wait_seconds));
  catalog_changes_ = std::make_unique<CatalogChanges>(catalog_, *pipeline_, *ids_, obsolete_, history_);
  schema_changes_ = std::make_unique<SchemaChanges>(catalog_, *pipeline_, PartitionEdit::Parts{*ids_, obsolete_, history_});
  partition_changes_ = std::make_unique<PartitionChanges>(catalog_, *pipeline_, *ids_, obsolete_, history_);
  publisher_ = std::make_unique<LoadPublisher>(
      LoadPublisher::Parts{*pipeline_, *labels_, *positions_, *files_, page_cache_, *ids_, history_, admission_},
      LoadPublisher::Limits{options_.dependent_rows, load_segments(options_)});
  load_merge_.emplace(LoadMerge::Parts{*files_, page_cache_, *ids_, *commit_numbers_}, load_merge_limits(options_));
  std::vector<LabelRecord> precommitted;
  for (const RecoveredPrecommit& load : state.precommitted) precommitted.push_back(load.label);
  precommitted_ = std::make_unique<PrecommittedLoads>(
      PrecommittedLoads::Parts{*meta_, catalog_, *pipeline_, *labels_, *publisher_, obsolete_, *files_, page_cache_, clock_},
      PrecommittedLoads::Limits{options_.precommitted_limit, options_.precommit_timeout_seconds}, precommitted);
  maintenance_ = std::make_unique<Maintenance>(Maintenance::Parts{catalog_, *pipeline_, *ids_, *commit_numbers_, obsolete_,
                                                                  *files_, page_cache_, history_, admission_},
                                               maintenance_options(options_));
  maintenance_->start();
  expiry_ = std::thread([this] { expire_old(); });
  return Status::OK();
}

Status Engine::keep_dynamic_partitions() {
  Status first;
  // Ids only: a table held over the wait for a DDL statement that drops it would keep its files until then.
  std::vector<TableId> ids;
  for (const TableStatePtr& table : catalog_.all_tables()) {
    ids.push_back(table->head()->id);
  }
  for (TableId id : ids) {
    const Status kept = keep_dynamic_partitions_of(id);
    if (first.ok()) first = kept;
  }
  return first;
}

Status Engine::keep_dynamic_partitions_of(TableId id) {
  const Status kept = partition_changes_->keep_dynamic(id, partition_time());
  if (!kept.ok()) log_warning("dynamic partitions of table {} wait: {}", id.value, kept.to_string());
  return kept;
}

void Engine::expire_old() {
  // Time went on while the server was down.
  static_cast<void>(keep_dynamic_partitions());
  std::unique_lock lock(stop_mutex_);
  for (uint64_t round = 1; !stop_wake_.wait_for(lock, kExpiryInterval, [&] { return stopping_; }); ++round) {
    lock.unlock();
    const Status precommitted = precommitted_->expire();
    if (!precommitted.ok()) log_warning("precommitted loads stay: {}", precommitted.to_string());
    if (round % kSlowExpiryEvery == 0) expire_slowly();
    lock.lock();
  }
}

void Engine::expire_slowly() {
  static_cast<void>(keep_dynamic_partitions());
  const Status labels = labels_->expire();
  if (!labels.ok()) log_warning("old labels stay: {}", labels.to_string());
  const Status history = expire_history();
  if (!history.ok()) log_warning("old versions stay: {}", history.to_string());
}

Result<TableStatePtr> Engine::find_table(TableId id) const {
  TableStatePtr table = catalog_.find_table(id);
  if (!table) return Status::NotFound("Unknown table: it was dropped");
  return table;
}

Status Engine::check_disk() const {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t free, files_->free_bytes());
  if (free >= options_.disk_reserve_bytes) return Status::OK();
  return Status::OutOfSpace(
      "the data disk has {} bytes free, below the reserve of {} (storage.disk_reserve_bytes); free space and load again",
      free, options_.disk_reserve_bytes);
}

Status Engine::admit_load(TableId table_id, const IsCancelled& is_cancelled) {
  FRESHET_RETURN_IF_ERROR(pipeline_->health());
  FRESHET_RETURN_IF_ERROR(check_disk());
  FRESHET_ASSIGN_OR_RETURN(const TableStatePtr table, find_table(table_id));
  return admission_.admit(*table, is_cancelled);
}

/// What a commit is about to bring.
struct LoadContent {
  explicit LoadContent(const LoadCommit& load) {
    for (const TabletRows& tablet : load.tablets) {
      for (const WrittenSegment& segment : tablet.segments) {
        segments.push_back(segment.meta);
        rows += segment.meta.row_count;
      }
      if (tablet.rows) rows += tablet.rows->row_count();
    }
  }
  std::vector<SegmentMeta> segments;
  uint64_t rows = 0;
};

void Engine::count_commit(uint64_t rows, uint64_t rows_replaced) {
  commits_.fetch_add(1, std::memory_order_relaxed);
  newest_commit_micros_.store(clock_.unix_micros(), std::memory_order_relaxed);
  rows_written_.fetch_add(rows, std::memory_order_relaxed);
  rows_replaced_.fetch_add(rows_replaced, std::memory_order_relaxed);
}

Status Engine::precommit(LoadCommit load) {
  Status status = check_disk();
  if (status.ok()) status = load_merge_->run(load);
  const LoadContent content(load);
  if (status.ok()) status = precommitted_->precommit(std::move(load));
  if (!status.ok() && status.code() != StatusCode::kUnknownOutcome) discard_segments(content.segments);
  return status;
}

Result<std::optional<CommitOutcome>> Engine::commit_precommitted(TransactionId transaction) {
  FRESHET_RETURN_IF_ERROR(check_disk());
  FRESHET_ASSIGN_OR_RETURN(const auto committed, precommitted_->commit(transaction));
  if (!committed) return std::optional<CommitOutcome>();
  count_commit(committed->rows, committed->outcome.rows_replaced);
  return std::optional(committed->outcome);
}

Result<CommitOutcome> Engine::commit(LoadCommit load) {
  Status started = check_disk();
  if (started.ok()) started = load_merge_->run(load);
  const LoadContent content(load);
  auto fail = [&](const Status& status) {
    if (status.code() != StatusCode::kUnknownOutcome) discard_segments(content.segments);
    return status;
  };
  if (!started.ok()) return fail(started);
  Result<TableStatePtr> table = find_table(load.table);
  if (!table.ok()) return fail(table.status());
  Result<CommitOutcome> outcome = publisher_->publish(**table, std::move(load));
  if (!outcome.ok()) return fail(outcome.status());
  count_commit(content.rows, outcome->rows_replaced);
  return outcome;
}

Result<CommitOutcome> Engine::commit_all(std::vector<LoadCommit> commits) {
  std::vector<SegmentMeta> segments;
  uint64_t rows = 0;
  std::vector<LoadPublisher::TableLoad> loads;
  Status status = check_disk();
  for (LoadCommit& commit : commits) {
    if (status.ok()) status = load_merge_->run(commit);
    LoadContent content(commit);
    rows += content.rows;
    segments.insert(segments.end(), content.segments.begin(), content.segments.end());
    Result<TableStatePtr> table = find_table(commit.table);
    if (status.ok()) status = table.status();
    if (table.ok()) loads.push_back({*table, std::move(commit)});
  }
  Result<CommitOutcome> outcome = status.ok() ? publisher_->publish_all(std::move(loads)) : Result<CommitOutcome>(status);
  if (outcome.ok()) {
    count_commit(rows, outcome->rows_replaced);
  } else if (outcome.status().code() != StatusCode::kUnknownOutcome) {
    discard_segments(segments);
  }
  return outcome;
}

void Engine::discard_segments(const std::vector<SegmentMeta>& segments) {
  for (const SegmentMeta& segment : segments) {
    const Status removed = files_->remove(segment_file_name(segment.id));
    if (!removed.ok()) log_warning("file of a failed load stays: {}", removed.to_string());
  }
}

Result<std::vector<std::pair<std::string, std::string>>> Engine::list_records(const std::string& kind) {
  const std::string begin = meta_keys::record(kind, "");
  std::vector<std::pair<std::string, std::string>> result;
  FRESHET_RETURN_IF_ERROR(meta_->scan(begin, prefix_end(begin), [&](std::string_view key, std::string_view value) {
    result.emplace_back(key.substr(begin.size()), value);
    return Status::OK();
  }));
  return result;
}

Status Engine::set_stream_positions(const std::vector<OffsetAdvance>& offsets) {
  auto change = std::make_shared<CommitPipeline::Change>();
  FRESHET_RETURN_IF_ERROR(pipeline_->prepare());
  FRESHET_RETURN_IF_ERROR(positions_->advance(offsets, change->batch));
  change->install = [](ServerSnapshot&) {};
  FRESHET_RETURN_IF_ERROR(pipeline_->enqueue(change).status());
  return pipeline_->wait(change);
}

Status Engine::erase_stream_positions(JobId job) {
  MetaBatch batch;
  positions_->erase_job(job, newest_commit(), batch);
  return meta_->commit(batch);
}

Status Engine::flush_table(TableId table_id) {
  FRESHET_ASSIGN_OR_RETURN(const TableStatePtr table, find_table(table_id));
  return maintenance_->flush(*table);
}

Status Engine::compact_table(TableId table_id) {
  FRESHET_ASSIGN_OR_RETURN(const TableStatePtr table, find_table(table_id));
  FRESHET_RETURN_IF_ERROR(maintenance_->flush(*table));
  return maintenance_->compact_fully(*table);
}

Status Engine::request_compaction(TableId table_id, TabletId tablet, CompactionKind kind) {
  FRESHET_ASSIGN_OR_RETURN(const TableStatePtr table, find_table(table_id));
  return maintenance_->request(*table, tablet, kind);
}

StorageStats Engine::stats() const {
  StorageStats stats;
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.newest_commit_unix_micros = newest_commit_micros_.load(std::memory_order_relaxed);
  stats.rows_written = rows_written_.load(std::memory_order_relaxed);
  stats.rows_replaced = rows_replaced_.load(std::memory_order_relaxed);
  const ServerSnapshotPtr visible = snapshot();
  for (const auto& [id, table] : visible->tables) {
    for (const TabletSnapshotPtr& tablet : table->tablets) {
      stats.segments += tablet->segments.size();
      stats.most_rowsets = std::max<uint64_t>(stats.most_rowsets, rowset_count(*tablet));
      for (const SegmentView& view : tablet->segments) {
        stats.segment_bytes += view.segment->meta().file_bytes;
        const uint64_t resident_bytes = view.segment->resident_bytes();
        stats.index_resident_bytes += resident_bytes;
        if (resident_bytes != 0) stats.index_resident_rows += view.segment->meta().row_count;
      }
      for (const DeltaView& view : tablet->deltas) {
        stats.delta_rows += view.row_count;
        stats.delta_bytes += view.buffer->byte_size();
      }
    }
  }
  for (const auto& [id, table] : visible->tables) {
    const CompactionDebt debt = maintenance_->debt(*table);
    stats.compaction_waiting_rowsets += debt.rowsets;
    stats.compaction_waiting_bytes += debt.live_bytes;
  }
  stats.flushes = maintenance_->counters().flushes.load(std::memory_order_relaxed);
  stats.flush_bytes_written = maintenance_->counters().flush_bytes_written.load(std::memory_order_relaxed);
  stats.folds = maintenance_->counters().folds.load(std::memory_order_relaxed);
  stats.fold_bytes_written = maintenance_->counters().fold_bytes_written.load(std::memory_order_relaxed);
  stats.carried_bytes_written = publisher_->counters().carried_bytes.load(std::memory_order_relaxed);
  stats.delete_record_bytes_written = publisher_->counters().delete_record_bytes.load(std::memory_order_relaxed);
  stats.compactions_without_room = maintenance_->compactions_without_room();
  stats.load_memory_bytes = load_memory_.used();
  stats.compactions = maintenance_->counters().compactions.load(std::memory_order_relaxed);
  stats.compaction_bytes_written = maintenance_->counters().compaction_bytes_written.load(std::memory_order_relaxed);
  stats.page_cache_bytes = page_cache_.used_bytes();
  stats.page_cache_capacity_bytes = page_cache_.capacity_bytes();
  stats.page_cache_hits = page_cache_.hit_count();
  stats.page_cache_misses = page_cache_.miss_count();
  stats.labels = labels_->count();
  stats.precommitted_loads = precommitted_->count();
  stats.grouped_loads = grouped_loads_.load(std::memory_order_relaxed);
  const Result<uint64_t> free = files_->free_bytes();
  stats.disk_free_bytes = free.ok() ? *free : 0;
  return stats;
}

void Engine::stop_waiting() {
  admission_.stop();
  if (pipeline_) pipeline_->stop_waiting();
}

void Engine::stop() {
  {
    std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  stop_wake_.notify_all();
  stop_waiting();
  if (maintenance_) maintenance_->stop();
  if (pipeline_) pipeline_->stop();
  if (expiry_.joinable()) expiry_.join();
}

}  // namespace

Result<std::unique_ptr<StorageEngine>> StorageEngine::open(std::unique_ptr<MetaStore> meta, std::unique_ptr<FileStore> files,
                                                           const StorageOptions& options) {
  auto engine = std::make_unique<Engine>(std::move(meta), std::move(files), options);
  FRESHET_RETURN_IF_ERROR(engine->recover_and_start());
  return std::unique_ptr<StorageEngine>(std::move(engine));
}

}  // namespace freshet::storage
