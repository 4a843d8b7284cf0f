#pragma once

#include <cstdint>
#include <future>
#include <unordered_map>
#include <vector>

#include "storage/engine/storage_engine.h"

namespace freshet::ingest {

/// Writes the full memtables of one load as segment files, on a thread of its own, so that decoding goes on meanwhile. One
/// memtable is written at a time; submitting the next one waits for it. Used by one thread.
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
  /// Waits until everything submitted is written. After an error every call answers it.
  Status wait();
  /// Segments by tablet, in the order they were submitted. REQUIRES: wait() was called since the last submit().
  std::unordered_map<TabletId, std::vector<storage::WrittenSegment>>& segments() { return segments_; }
  bool has_segments() const { return !segments_.empty(); }

 private:
  /// Keys of written segments that stay in memory for the commit; those of later segments are read from their files.
  static constexpr uint64_t kMostKeyBytes = 64ull << 20;

  Status write(std::vector<Job>& jobs);

  storage::StorageEngine& storage_;
  SchemaPtr schema_;
  const bool with_row_store_;
  std::unordered_map<TabletId, std::vector<storage::WrittenSegment>> segments_;
  uint64_t kept_key_bytes_ = 0;  ///< of all segments, kept or not
  std::future<Status> running_;
  Status status_;
};

}  // namespace freshet::ingest
