#include "storage/tablet/key_ranges.h"

#include <algorithm>
#include <numeric>

namespace freshet::storage {

KeyRanges::KeyRanges(std::span<const Range> segments) : segment_count_(segments.size()) {
  cuts_.reserve(segments.size() * 2);
  for (const Range& segment : segments) {
    cuts_.push_back({std::string(segment.min_key), false});
    cuts_.push_back({std::string(segment.max_key), true});
  }
  std::sort(cuts_.begin(), cuts_.end());
  cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());

  const auto position_of = [&](std::string_view key, bool is_after) {
    const auto found = std::lower_bound(
        cuts_.begin(), cuts_.end(), std::pair(key, is_after),
        [](const Cut& cut, auto wanted) { return std::pair(std::string_view(cut.key), cut.is_after) < wanted; });
    return static_cast<size_t>(found - cuts_.begin());
  };
  std::vector<uint32_t> by_rows(segments.size());
  std::iota(by_rows.begin(), by_rows.end(), 0);
  std::stable_sort(by_rows.begin(), by_rows.end(),
                   [&](uint32_t a, uint32_t b) { return segments[a].rows > segments[b].rows; });
  std::vector<std::vector<uint32_t>> of_interval(cuts_.size() + 1);
  for (uint32_t segment : by_rows) {
    const size_t begin = position_of(segments[segment].min_key, false) + 1;
    const size_t end = position_of(segments[segment].max_key, true) + 1;
    for (size_t interval = begin; interval < end; ++interval) of_interval[interval].push_back(segment);
  }
  first_segments_.reserve(of_interval.size() + 1);
  first_segments_.push_back(0);
  for (const std::vector<uint32_t>& here : of_interval) {
    segments_.insert(segments_.end(), here.begin(), here.end());
    first_segments_.push_back(static_cast<uint32_t>(segments_.size()));
  }
}

size_t KeyRanges::interval_of(const KeyRun& keys, size_t key) const {
  const auto at =
      std::partition_point(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return is_behind(cut, keys, key); });
  return static_cast<size_t>(at - cuts_.begin());
}

size_t KeyRanges::end_of(size_t interval, const KeyRun& keys, size_t first) const {
  if (interval == cuts_.size()) return keys.size();
  const Cut& cut = cuts_[interval];
  size_t begin = first + 1, left = keys.size() - begin;
  while (left > 0) {
    const size_t half = left / 2;
    const bool is_beyond = is_behind(cut, keys, begin + half);
    begin = is_beyond ? begin : begin + half + 1;
    left = is_beyond ? half : left - half - 1;
  }
  return begin;
}

size_t KeyRanges::most_segments() const {
  size_t most = 0;
  for (size_t interval = 0; interval <= cuts_.size(); ++interval) most = std::max(most, segments(interval).size());
  return most;
}

}  // namespace freshet::storage
