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
  flush_ = std::make_unique<Flush>();
  flush_->jobs = std::move(jobs);
  flush_->written.resize(flush_->jobs.size());
  try {
    running_ = std::async(std::launch::async, [this] { write_jobs(*flush_); });
  } catch (const std::system_error& error) {
    status_ = Status::ResourceExhausted("cannot start a thread that flushes rows: {}", error.what());
  }
  return status_;
}

Status MemtableFlusher::wait() {
  if (!running_.valid()) return status_;
  write_jobs(*flush_);
  running_.get();
  status_ = collect(*flush_);
  flush_.reset();
  return status_;
}

void MemtableFlusher::write_jobs(Flush& flush) const {
  storage::SegmentWriterOptions options;
  options.newest_commit = storage_.newest_commit();
  options.with_row_store = with_row_store_;
  const auto write = [&](Job& job) -> Result<storage::WrittenSegment> {
    // The disk may have filled since the load began.
    FRESHET_RETURN_IF_ERROR(storage_.check_disk());
    FRESHET_ASSIGN_OR_RETURN(const RowsetId id, storage_.next_rowset_id());
    return storage::write_sorted_segment(storage_.files(), id, job.tablet, schema_, job.rows, options);
  };
  for (size_t i = flush.next_job++; i < flush.jobs.size(); i = flush.next_job++) {
    Job& job = flush.jobs[i];
    flush.written[i] = write(job);
    job.rows = Block();
  }
}

Status MemtableFlusher::collect(Flush& flush) {
  Status status;
  for (size_t i = 0; i < flush.jobs.size(); ++i) {
    Result<storage::WrittenSegment>& written = *flush.written[i];
    if (!written.ok()) {
      if (status.ok()) status = written.status();
      continue;
    }
    kept_key_bytes_ += written->keys.byte_size();
    if (!schema_->is_unique() || kept_key_bytes_ > kMostKeyBytes) written->keys = KeyRun(written->keys.is_fixed());
    segments_[flush.jobs[i].tablet].push_back(std::move(written).value());
  }
  return status;
}

}  // namespace freshet::ingest
