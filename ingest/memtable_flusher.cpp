#include "ingest/memtable_flusher.h"

#include <system_error>

namespace freshet::ingest {

MemtableFlusher::MemtableFlusher(storage::StorageEngine& storage, SchemaPtr schema, bool with_row_store)
    : storage_(storage), schema_(std::move(schema)), with_row_store_(with_row_store) {}

MemtableFlusher::~MemtableFlusher() {
  if (running_.valid()) running_.wait();
}

Status MemtableFlusher::submit(std::vector<Job> jobs) {
  FRESHET_RETURN_IF_ERROR(wait());
  try {
    running_ = std::async(std::launch::async, [this, jobs = std::move(jobs)]() mutable { return write(jobs); });
  } catch (const std::system_error& error) {
    status_ = Status::ResourceExhausted("cannot start a thread that flushes rows: {}", error.what());
  }
  return status_;
}

Status MemtableFlusher::wait() {
  if (running_.valid()) status_ = running_.get();
  return status_;
}

Status MemtableFlusher::write(std::vector<Job>& jobs) {
  storage::SegmentWriterOptions options;
  options.newest_commit = storage_.newest_commit();
  options.with_row_store = with_row_store_;
  for (Job& job : jobs) {
    FRESHET_ASSIGN_OR_RETURN(const RowsetId id, storage_.next_rowset_id());
    auto written = storage::write_sorted_segment(storage_.files(), id, job.tablet, schema_, job.rows, options);
    if (!written.ok()) return written.status();
    kept_key_bytes_ += written->keys.byte_size();
    if (!schema_->is_unique() || kept_key_bytes_ > kMostKeyBytes) written->keys = KeyRun(written->keys.is_fixed());
    segments_[job.tablet].push_back(std::move(written).value());
    job.rows = Block();
  }
  return Status::OK();
}

}  // namespace freshet::ingest
