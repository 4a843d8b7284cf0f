#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "storage/engine/storage_engine.h"

namespace freshet::ingest {

/// Writes the full memtables of one load as segment files, on a thread of its own, so that decoding goes on meanwhile. The
/// memtables of one submit() are written together; submitting the next ones waits for them. A thread that waits does not
/// look on, but writes memtables that nobody has begun. Used by one thread.
class MemtableFlusher {
 public:
  /// The rows of one tablet, in arrival order.
  struct Job {
    TabletId tablet;
    Block rows;
  };

  /// `with_row_store`: false when the commit writes the rows again (see SegmentWriterOptions).
  MemtableFlusher(storage::StorageEngine& storage, SchemaPtr schema, bool with_row_store);
  ~MemtableFlusher();  ///< waits
  MemtableFlusher(const MemtableFlusher&) = delete;
  MemtableFlusher& operator=(const MemtableFlusher&) = delete;

  /// Begins to write `jobs`. Answers the error of the flush before it.
  Status submit(std::vector<Job> jobs);
  /// Helps until everything submitted is written. After an error every call answers it.
  Status wait();
  /// Segments by tablet, in the order they were submitted. REQUIRES: wait() was called since the last submit().
  std::unordered_map<TabletId, std::vector<storage::WrittenSegment>>& segments() { return segments_; }
  bool has_segments() const { return !segments_.empty(); }

 private:
  /// Keys of written segments that stay in memory for the commit; those of later segments are read from their files.
  static constexpr uint64_t kMostKeyBytes = 64ull << 20;

  /// Memtables that are being written, by the flusher's thread and by the one that waits for it.
  struct Flush {
    std::vector<Job> jobs;
    std::vector<std::optional<Result<storage::WrittenSegment>>> written;  ///< by job
    std::atomic<size_t> next_job = 0;
  };
  /// Writes jobs of the flush until all are begun.
  void write_jobs(Flush& flush) const;
  /// Takes over what a finished flush has written, also when a part of it failed.
  Status collect(Flush& flush);

  storage::StorageEngine& storage_;
  SchemaPtr schema_;
  const bool with_row_store_;
  std::unordered_map<TabletId, std::vector<storage::WrittenSegment>> segments_;
  uint64_t kept_key_bytes_ = 0;  ///< of all segments, kept or not
  std::unique_ptr<Flush> flush_;
  std::future<void> running_;
  Status status_;
};

}  // namespace freshet::ingest
