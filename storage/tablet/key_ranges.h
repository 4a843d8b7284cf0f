#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/key_run.h"

namespace freshet::storage {

/// Which segments of a tablet may hold a key: an interval index over their key ranges.
///
/// The ends of all ranges cut the keys into intervals; within one interval every key may be in the same segments. Segments
/// are named by their position in the tablet. Memory: 4 bytes for each segment of each interval, and the ends. Immutable;
/// any thread.
class KeyRanges {
 public:
  /// Keys as KeyRun::encoded_at() gives them, both ends included. The texts must live during the constructor only.
  struct Range {
    std::string_view min_key;
    std::string_view max_key;
    uint32_t rows;
  };
  explicit KeyRanges(std::span<const Range> segments);

  size_t segment_count() const { return segment_count_; }
  /// The interval that key `key` of `keys` lies in.
  size_t interval_of(const KeyRun& keys, size_t key) const;
  /// The first of the sorted `keys` from `first` on that lies beyond the interval. REQUIRES: key `first` lies in it.
  size_t end_of(size_t interval, const KeyRun& keys, size_t first) const;
  /// Segments whose range has the interval, the one of most rows first: a key is likeliest there.
  std::span<const uint32_t> segments(size_t interval) const {
    return std::span(segments_).subspan(first_segments_[interval],
                                        first_segments_[interval + 1] - first_segments_[interval]);
  }
  /// Most segments that one key may be in.
  size_t most_segments() const;

 private:
  /// Between two intervals. The key itself belongs to the interval before when `is_after`, else to the one behind.
  struct Cut {
    std::string key;
    bool is_after;
    auto operator<=>(const Cut&) const = default;
  };
  static bool is_behind(const Cut& cut, const KeyRun& keys, size_t key) {
    const int order = keys.compare_encoded(key, cut.key);
    return order > 0 || (order == 0 && !cut.is_after);
  }

  size_t segment_count_;
  std::vector<Cut> cuts_;                 ///< ascending; interval i ends at cut i
  std::vector<uint32_t> first_segments_;  ///< of each interval in segments_, and the end
  std::vector<uint32_t> segments_;
};

}  // namespace freshet::storage
