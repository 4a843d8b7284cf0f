#include "ingest/load_transaction.h"

#include <algorithm>
#include <chrono>

namespace freshet::ingest {
namespace {

/// So many loads that had to wait can go on side by side.
constexpr uint64_t kMostWaitingGrants = 8;

}  // namespace

LoadTransaction::LoadTransaction(storage::StorageEngine& storage, storage::TableSnapshotPtr table, const Options& options)
    : storage_(storage),
      table_(std::move(table)),
      options_(options),
      memory_(storage.load_memory()),
      flusher_(storage, table_) {
  const uint32_t bucket_count = table_->schema->bucket_count;
  FRESHET_ASSERT(table_->tablets.size() == bucket_count);
  buckets_.assign(bucket_count, Block::for_schema(*table_->schema));
  bucket_rows_.resize(bucket_count);
}

LoadTransaction::~LoadTransaction() {
  if (is_handed_over_) return;
  static_cast<void>(flusher_.wait());
  std::vector<storage::SegmentMeta> unused;
  for (const auto& segments : flusher_.segments()) {
    for (const storage::WrittenSegment& segment : segments) unused.push_back(segment.meta);
  }
  if (!unused.empty()) storage_.discard_segments(unused);
}

Status LoadTransaction::append(const Block& block) {
  FRESHET_ASSERT(!is_handed_over_ && block.columns.size() == table_->schema->columns.size());
  const size_t rows = block.row_count();
  if (rows == 0) return Status::OK();
  FRESHET_RETURN_IF_ERROR(reserve_memory(block.byte_size()));
  if (buckets_.size() == 1) {
    append_to_bucket(0, block);
  } else {
    route(block);
  }
  row_count_ += rows;
  buffered_bytes_ += block.byte_size();
  return buffered_bytes_ >= options_.memtable_bytes / 2 ? flush_buckets() : Status::OK();
}

Status LoadTransaction::reserve_memory(uint64_t bytes) {
  if (memory_.try_grow_to(buffered_bytes_ + flushing_bytes_ + bytes)) return Status::OK();
  FRESHET_RETURN_IF_ERROR(flush_buckets());
  FRESHET_RETURN_IF_ERROR(flusher_.wait());
  flushing_bytes_ = 0;
  memory_.shrink_to(0);
  // More than the next block, or the load would go on with tiny segments.
  const uint64_t grant = std::min(options_.memtable_bytes / 2, storage_.load_memory().limit() / kMostWaitingGrants);
  return memory_.wait_for(std::max(bytes, grant), std::chrono::seconds(storage_.options().memory_wait_seconds));
}

void LoadTransaction::append_to_bucket(uint32_t bucket, const Block& block) {
  Block& out = buckets_[bucket];
  const size_t before = out.row_count(), rows = block.row_count();
  for (size_t i = 0; i < block.columns.size(); ++i) out.columns[i].append_range(block.columns[i], 0, rows);
  if (!block.delete_signs.empty()) {
    out.delete_signs.resize(before, 0);
    out.delete_signs.insert(out.delete_signs.end(), block.delete_signs.begin(), block.delete_signs.end());
  } else if (!out.delete_signs.empty()) {
    out.delete_signs.resize(before + rows, 0);
  }
}

void LoadTransaction::route(const Block& block) {
  row_buckets_.clear();
  table_->key_codec->append_buckets(*table_->schema, block, 0, block.row_count(), row_buckets_);
  for (auto& rows : bucket_rows_) rows.clear();
  for (size_t row = 0; row < row_buckets_.size(); ++row)
    bucket_rows_[row_buckets_[row]].push_back(static_cast<uint32_t>(row));
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    if (!bucket_rows_[bucket].empty()) buckets_[bucket].append_gather(block, bucket_rows_[bucket]);
  }
}

Status LoadTransaction::flush_buckets() {
  std::vector<MemtableFlusher::Job> jobs;
  for (uint32_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    if (buckets_[bucket].row_count() == 0) continue;
    jobs.push_back({bucket, std::move(buckets_[bucket])});
    buckets_[bucket] = Block::for_schema(*table_->schema);
  }
  if (jobs.empty()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(flusher_.submit(std::move(jobs)));
  // What was being written before is written now.
  flushing_bytes_ = buffered_bytes_;
  buffered_bytes_ = 0;
  memory_.shrink_to(flushing_bytes_);
  return Status::OK();
}

void LoadTransaction::take_rows(storage::LoadCommit& commit) {
  for (uint32_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    storage::BucketRows rows;
    rows.bucket = bucket;
    rows.segments = std::move(flusher_.segments()[bucket]);
    if (buckets_[bucket].row_count() != 0) rows.rows = std::move(buckets_[bucket]);
    if (!rows.segments.empty() || rows.rows) commit.buckets.push_back(std::move(rows));
  }
}

Result<storage::CommitOutcome> LoadTransaction::commit(std::optional<storage::LabelRecord> label,
                                                       std::vector<storage::OffsetAdvance> offsets) {
  FRESHET_ASSERT(!is_handed_over_);
  FRESHET_RETURN_IF_ERROR(flusher_.wait());
  if (flusher_.has_segments() || buffered_bytes_ > storage_.options().small_commit_bytes) {
    FRESHET_RETURN_IF_ERROR(flush_buckets());
    FRESHET_RETURN_IF_ERROR(flusher_.wait());
    FRESHET_RETURN_IF_ERROR(storage_.files().sync_names());
  }
  storage::LoadCommit commit;
  commit.table = table_->id;
  commit.schema = table_->schema;
  commit.label = std::move(label);
  commit.offsets = std::move(offsets);
  take_rows(commit);
  is_handed_over_ = true;
  return storage_.commit(std::move(commit));
}

}  // namespace freshet::ingest
