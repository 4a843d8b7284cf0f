#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/commit/load_commit.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// The next offset of each (job, partition): staged in memory in commit order, durable with the rows. Any thread.
class StreamPositions {
 public:
  static Result<std::unique_ptr<StreamPositions>> open(MetaStore& meta);

  /// Moves all positions from `from` to `to` and adds them to `batch`; Conflict, and nothing moved, when a stored position
  /// is another, or an epoch is older than the stored one. REQUIRES: the batch is staged before the publish lock is
  /// released.
  Status advance(const std::vector<OffsetAdvance>& offsets, MetaBatch& batch);
  std::vector<std::pair<int32_t, int64_t>> of_job(JobId job) const;
  void erase_job(JobId job, CommitNumber newest, MetaBatch& batch);

 private:
  struct Position {
    uint64_t epoch = 0;
    int64_t next_offset = 0;
  };

  mutable std::mutex mutex_;  ///< guards positions_
  std::map<std::pair<JobId, int32_t>, Position> positions_;
};

}  // namespace freshet::storage
