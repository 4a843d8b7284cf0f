#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/segment/segment_reader.h"

namespace freshet::storage {

/// Segments that a compaction exchanged and that older versions of their table still need: one object for each file, so that
/// the file goes with its last user. Any thread.
class RetiredSegments {
 public:
  void add(std::shared_ptr<const Segment> segment);
  /// Null when there is none.
  std::shared_ptr<const Segment> find(TabletId tablet, RowsetId id) const;
  std::vector<std::shared_ptr<const Segment>> of_tablet(TabletId tablet) const;
  /// REQUIRES: the records that name it are gone, and durably so.
  void erase(TabletId tablet, RowsetId id);
  /// Closes files that no query uses: `reopen` makes an unopened segment of the same file.
  template <typename Reopen>
  void close_unused(const Reopen& reopen) {
    std::lock_guard lock(mutex_);
    for (auto& [id, segment] : segments_) {
      if (segment.use_count() == 1 && segment->resident_bytes() > 0) segment = reopen(*segment);
    }
  }
  std::vector<std::shared_ptr<const Segment>> all() const;

 private:
  mutable std::mutex mutex_;  ///< guards segments_
  std::map<std::pair<TabletId, RowsetId>, std::shared_ptr<const Segment>> segments_;
};

}  // namespace freshet::storage
