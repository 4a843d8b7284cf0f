#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "storage/io/file_store.h"
#include "storage/meta/meta_store.h"
#include "storage/segment/segment_reader.h"

namespace freshet::storage {

/// Segment files that no snapshot names from some commit on. A record names each until the file is gone, so that a crash
/// between the commit and the removal leaves nothing behind. Any thread.
class ObsoleteFiles {
 public:
  explicit ObsoleteFiles(FileStore& files) : files_(files) {}

  /// Removes the files that records of an earlier run name.
  Status remove_recorded(MetaStore& meta);
  /// Adds a record for each segment to the batch that makes them obsolete, and erases those of files removed since.
  void add_to(MetaBatch& batch, const std::vector<std::shared_ptr<const Segment>>& segments);
  /// Tells that the batch is durable: each file goes with the last snapshot that holds its segment.
  void committed(const std::vector<std::shared_ptr<const Segment>>& segments);

 private:
  FileStore& files_;
  std::mutex mutex_;  ///< guards waiting_
  std::vector<std::pair<RowsetId, std::weak_ptr<const Segment>>> waiting_;
};

}  // namespace freshet::storage
