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

std::shared_ptr<const Segment> RetiredSegments::take(TabletId tablet, RowsetId id) {
  std::lock_guard lock(mutex_);
  auto node = segments_.extract({tablet, id});
  return node ? std::move(node.mapped()) : nullptr;
}

std::vector<std::shared_ptr<const Segment>> RetiredSegments::take_tablet(TabletId tablet) {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Segment>> result;
  auto next = segments_.lower_bound({tablet, RowsetId(0)});
  while (next != segments_.end() && next->first.first == tablet) {
    result.push_back(std::move(next->second));
    next = segments_.erase(next);
  }
  return result;
}

std::vector<std::shared_ptr<const Segment>> RetiredSegments::all() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Segment>> result;
  for (const auto& [id, segment] : segments_) result.push_back(segment);
  return result;
}

}  // namespace freshet::storage
