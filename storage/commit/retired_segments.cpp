#include "storage/commit/retired_segments.h"

namespace freshet::storage {

void RetiredSegments::add(std::shared_ptr<const Segment> segment) {
  std::lock_guard lock(mutex_);
  segments_[{segment->meta().tablet, segment->id()}] = std::move(segment);
}

std::shared_ptr<const Segment> RetiredSegments::find(TabletId tablet, RowsetId id) const {
  std::lock_guard lock(mutex_);
  const auto found = segments_.find({tablet, id});
  return found == segments_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const Segment>> RetiredSegments::of_tablet(TabletId tablet) const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Segment>> result;
  for (auto at = segments_.lower_bound({tablet, RowsetId(0)}); at != segments_.end() && at->first.first == tablet; ++at) {
    result.push_back(at->second);
  }
  return result;
}

void RetiredSegments::erase(TabletId tablet, RowsetId id) {
  std::lock_guard lock(mutex_);
  segments_.erase({tablet, id});
}

std::vector<std::shared_ptr<const Segment>> RetiredSegments::all() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Segment>> result;
  for (const auto& [id, segment] : segments_) result.push_back(segment);
  return result;
}

}  // namespace freshet::storage
