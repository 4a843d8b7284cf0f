#include "ingest/load_transaction.h"

#include <algorithm>
#include <chrono>

#include "ingest/new_keys.h"
#include "ingest/row_errors.h"
#include "storage/base/limits.h"
#include "storage/types/bitmap_value.h"
#include "storage/types/row_mask.h"
#include "storage/types/value_text.h"
#include "storage/upsert/base_rows.h"

namespace freshet::ingest {
namespace {

/// So many loads that had to wait can go on side by side.
constexpr uint64_t kMostWaitingGrants = 8;
constexpr std::chrono::milliseconds kCancelPoll{20};

/// Casts to BLOB would make sets of anything: what is stored must be sets, or no later row of the key could be united with
/// it.
Status check_bitmaps(const TableSchema& schema, const Block& block) {
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (schema.columns[i].type.kind != TypeKind::kBitmap) continue;
    const Column& column = block.columns[i];
    for (size_t row = 0; row < column.size(); ++row) {
      if (column.is_null(row) || is_bitmap_value(column.bytes_at(row))) continue;
      return Status::InvalidArgument("Column '{}' of row {} is no bitmap: give a bitmap function's value, as to_bitmap()'s",
                                     schema.columns[i].name, row + 1);
    }
  }
  return Status::OK();
}

}  // namespace

LoadTransaction::LoadTransaction(storage::StorageEngine& storage, storage::TableSnapshotPtr table, const Options& options)
    : storage_(storage),
      table_(std::move(table)),
      options_(options),
      memory_(storage.load_memory()),
      flusher_(storage, options_.partial && options_.partial->mask ? keeping_all_rows(*table_->schema) : table_->schema,
               options_.partial == nullptr),
      partitions_(table_->partitions),
      slots_(partitions_->tablet_count(), 0) {}

LoadTransaction::~LoadTransaction() {
  if (is_handed_over_) return;
  static_cast<void>(flusher_.wait());
  std::vector<storage::SegmentMeta> unused;
  for (const auto& [tablet, segments] : flusher_.segments()) {
    for (const storage::WrittenSegment& segment : segments) unused.push_back(segment.meta);
  }
  if (!unused.empty()) storage_.discard_segments(unused);
}

Status LoadTransaction::restrict_to(const std::vector<std::string>& partitions) {
  FRESHET_ASSERT(row_count_ == 0);
  only_.emplace();
  for (const std::string& name : partitions) {
    const std::optional<size_t> found = partitions_->find(name);
    if (!found || !partitions_->is_partitioned()) {
      return Status::NotFound("unknown partition {} of table {}.{}", name, table_->database_name, table_->name);
    }
    only_->insert(partitions_->partitions()[*found].id);
  }
  return Status::OK();
}

Status LoadTransaction::append(const Block& block) {
  FRESHET_ASSERT(!is_handed_over_ && block.columns.size() == table_->schema->columns.size());
  if (block.row_count() == 0) return Status::OK();
  FRESHET_RETURN_IF_ERROR(check_bitmaps(*table_->schema, block));
  const bool all_keys_are_taken = options_.partial == nullptr || options_.new_keys == NewKeys::kTaken;
  return all_keys_are_taken ? take_rows(block) : take_known_keys(block);
}

Status LoadTransaction::take_known_keys(const Block& block) {
  const storage::ServerSnapshotPtr server = storage_.snapshot();
  const auto now = server->tables.find(table_->id);
  if (now == server->tables.end()) return Status::NotFound("Unknown table: it was dropped during the load");
  FRESHET_ASSIGN_OR_RETURN(const std::vector<uint32_t> unknown,
                           rows_of_new_keys(*now->second, *table_->schema, block, options_.partial->mask));
  if (unknown.empty()) return take_rows(block);
  const std::span key(block.columns.data(), table_->schema->key_count);
  if (options_.new_keys == NewKeys::kRefused || !options_.reject) {
    std::vector<Column> first;
    for (const Column& column : key) first.emplace_back(column.type()).append_from(column, unknown.front());
    return storage::refuse_new_key(first);
  }
  std::vector<uint32_t> known;
  for (uint32_t row = 0, next = 0; row < block.row_count(); ++row) {
    if (next == unknown.size() || row != unknown[next]) {
      known.push_back(row);
      continue;
    }
    ++next;
    FRESHET_RETURN_IF_ERROR(
        options_.reject(fmt::format("the key {} is not in the table, and strict mode takes no new keys in a partial update",
                                    key_text(key, row)),
                        row_text(block, row)));
  }
  if (known.empty()) return Status::OK();
  Block kept = Block::for_schema(*table_->schema);
  kept.append_gather(block, known);
  return take_rows(kept);
}

Status LoadTransaction::take_rows(const Block& block) {
  const size_t rows = block.row_count();
  FRESHET_RETURN_IF_ERROR(reserve_memory(block.byte_size()));
  if (partitions_->tablet_count() == 1 && !partitions_->is_partitioned()) {
    buffer_at(0).rows.append_all(block);
    row_count_ += rows;
  } else {
    FRESHET_RETURN_IF_ERROR(route(block));
  }
  buffered_bytes_ += block.byte_size();
  return buffered_bytes_ >= options_.memtable_bytes / 2 ? flush_buffers() : Status::OK();
}

Status LoadTransaction::reserve_memory(uint64_t bytes) {
  if (memory_.try_grow_to(buffered_bytes_ + flushing_bytes_ + bytes)) return Status::OK();
  FRESHET_RETURN_IF_ERROR(flush_buffers());
  FRESHET_RETURN_IF_ERROR(flusher_.wait());
  flushing_bytes_ = 0;
  memory_.shrink_to(0);
  // More than the next block, or the load would go on with tiny segments.
  const uint64_t grant = std::min(options_.memtable_bytes / 2, storage_.load_memory().limit() / kMostWaitingGrants);
  return wait_for_memory(std::max(bytes, grant));
}

Status LoadTransaction::wait_for_memory(uint64_t bytes) {
  const std::chrono::seconds patience(storage_.options().memory_wait_seconds);
  if (!options_.is_cancelled) return memory_.wait_for(bytes, patience);
  for (const auto until = std::chrono::steady_clock::now() + patience;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left <= kCancelPoll) return memory_.wait_for(bytes, std::max(left, std::chrono::milliseconds(0)));
    const Status status = memory_.wait_for(bytes, kCancelPoll);
    if (status.ok()) return status;
    if (options_.is_cancelled()) return Status::Cancelled("Query execution was interrupted");
  }
}

LoadTransaction::Buffer& LoadTransaction::buffer_at(uint32_t position) {
  if (slots_[position] != 0) return buffers_[slots_[position] - 1];
  const TabletId tablet = partitions_->tablet_at(position);
  const auto [found, is_new] = buffer_of_.emplace(tablet, buffers_.size());
  if (is_new) buffers_.push_back({tablet, Block::for_schema(*table_->schema), {}});
  slots_[position] = static_cast<uint32_t>(found->second + 1);
  return buffers_[found->second];
}

Status LoadTransaction::route(const Block& block) {
  positions_.clear();
  partitions_->route(*table_->schema, *table_->key_codec, block, positions_);
  if (partitions_->scheme().is_auto && !only_) FRESHET_RETURN_IF_ERROR(make_missing_partitions(block));
  std::vector<size_t> touched;
  for (size_t row = 0; row < positions_.size(); ++row) {
    const uint32_t position = positions_[row];
    const bool has_home = position != PartitionMap::kNoTablet &&
                          (!only_ || only_->contains(partitions_->partitions()[partitions_->partition_of(position)].id));
    if (!has_home) {
      FRESHET_RETURN_IF_ERROR(settle_homeless(block, row));
      continue;
    }
    Buffer& buffer = buffer_at(position);
    if (buffer.block_rows.empty()) touched.push_back(slots_[position] - 1);
    buffer.block_rows.push_back(static_cast<uint32_t>(row));
    ++row_count_;
  }
  for (size_t index : touched) {
    Buffer& buffer = buffers_[index];
    buffer.rows.append_gather(block, buffer.block_rows);
    buffer.block_rows.clear();
  }
  return Status::OK();
}

Status LoadTransaction::make_missing_partitions(const Block& block) {
  std::vector<BoundTuple> missing;
  for (size_t row = 0; row < positions_.size(); ++row) {
    if (positions_[row] != PartitionMap::kNoTablet || block.is_delete(row)) continue;
    BoundTuple values = partitions_->values_of(*table_->schema, block, row);
    if (missing.empty() || values != missing.back()) missing.push_back(std::move(values));
  }
  if (missing.empty()) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const storage::AutoPartitions made,
                           storage_.add_auto_partitions(table_->id, missing, kMaxAutoPartitionsPerLoad - partitions_made_));
  partitions_made_ += made.count;
  partitions_ = made.partitions;
  slots_.assign(partitions_->tablet_count(), 0);
  positions_.clear();
  partitions_->route(*table_->schema, *table_->key_codec, block, positions_);
  return Status::OK();
}

Status LoadTransaction::settle_homeless(const Block& block, size_t row) {
  if (block.is_delete(row)) {
    ++row_count_;
    return Status::OK();
  }
  const std::string values = bound_text(partitions_->values_of(*table_->schema, block, row));
  const std::string reason = only_
                                 ? fmt::format("the partition values {} are in none of the partitions of this load", values)
                                 : fmt::format("no partition for this tuple. tuple={}", values);
  if (options_.reject) return options_.reject(reason, row_text(block, row));
  return Status::InvalidArgument("Row {}: {}", row_count_ + 1, reason);
}

Status LoadTransaction::flush_buffers() {
  std::vector<MemtableFlusher::Job> jobs;
  for (Buffer& buffer : buffers_) {
    if (buffer.rows.row_count() == 0) continue;
    jobs.push_back({buffer.tablet, std::move(buffer.rows)});
    buffer.rows = Block::for_schema(*table_->schema);
  }
  if (jobs.empty()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(flusher_.submit(std::move(jobs)));
  // What was being written before is written now.
  flushing_bytes_ = buffered_bytes_;
  buffered_bytes_ = 0;
  memory_.shrink_to(flushing_bytes_);
  return Status::OK();
}

void LoadTransaction::add_rows(storage::LoadCommit& commit) {
  auto& written = flusher_.segments();
  for (Buffer& buffer : buffers_) {
    storage::TabletRows rows;
    rows.tablet = buffer.tablet;
    if (const auto found = written.find(buffer.tablet); found != written.end()) rows.segments = std::move(found->second);
    if (buffer.rows.row_count() != 0) rows.rows = std::move(buffer.rows);
    if (!rows.segments.empty() || rows.rows) commit.tablets.push_back(std::move(rows));
  }
}

void LoadTransaction::add_replaced_tablets(storage::LoadCommit& commit) const {
  for (const Partition& partition : partitions_->partitions()) {
    if (only_ && !only_->contains(partition.id)) continue;
    for (const TabletId tablet : partition.tablets) {
      auto rows = std::find_if(commit.tablets.begin(), commit.tablets.end(),
                               [&](const storage::TabletRows& known) { return known.tablet == tablet; });
      if (rows == commit.tablets.end()) {
        rows = commit.tablets.emplace(rows);
        rows->tablet = tablet;
      }
      rows->replaces_all = true;
    }
  }
}

/// Everything that the commit needs, its files synced.
Result<storage::LoadCommit> LoadTransaction::finish_rows() {
  FRESHET_ASSERT(!is_handed_over_);
  FRESHET_RETURN_IF_ERROR(flusher_.wait());
  if (flusher_.has_segments() || buffered_bytes_ > storage_.options().small_commit_bytes) {
    FRESHET_RETURN_IF_ERROR(flush_buffers());
    FRESHET_RETURN_IF_ERROR(flusher_.wait());
    FRESHET_RETURN_IF_ERROR(storage_.files().sync_names());
  }
  return make_commit();
}

Result<storage::LoadCommit> LoadTransaction::take_in_memory() {
  FRESHET_RETURN_IF_ERROR(flusher_.wait());
  if (!flusher_.has_segments()) return make_commit();
  return Status::ResourceExhausted(
      "the rows of this statement are more than a transaction holds (query.transaction_bytes): COMMIT earlier");
}

storage::LoadCommit LoadTransaction::make_commit() {
  storage::LoadCommit commit;
  commit.table = table_->id;
  commit.schema = table_->schema;
  commit.partial = options_.partial;
  commit.read_from = options_.read_from;
  commit.is_cancelled = options_.is_cancelled;
  add_rows(commit);
  if (replaces_all_) add_replaced_tablets(commit);
  is_handed_over_ = true;
  return commit;
}

Result<storage::CommitOutcome> LoadTransaction::commit(std::optional<storage::LabelRecord> label,
                                                       std::vector<storage::OffsetAdvance> offsets) {
  FRESHET_ASSIGN_OR_RETURN(storage::LoadCommit commit, finish_rows());
  commit.label = std::move(label);
  commit.offsets = std::move(offsets);
  return storage_.commit(std::move(commit));
}

Result<storage::GroupOutcome> LoadTransaction::commit_in_group() {
  FRESHET_ASSIGN_OR_RETURN(storage::LoadCommit commit, finish_rows());
  return storage_.commit_in_group(std::move(commit));
}

Status LoadTransaction::precommit(storage::LabelRecord label) {
  FRESHET_ASSIGN_OR_RETURN(storage::LoadCommit commit, finish_rows());
  commit.label = std::move(label);
  return storage_.precommit(std::move(commit));
}

}  // namespace freshet::ingest
