#include "storage/compaction/compaction_picker.h"

#include <algorithm>
#include <limits>

#include "storage/base/assert.h"
#include "storage/base/limits.h"

namespace freshet::storage {
namespace {

using Stats = std::vector<SegmentStat>;

CompactionPick make_pick(PickReason reason, std::span<const SegmentStat> inputs) {
  CompactionPick pick;
  pick.reason = reason;
  for (const SegmentStat& input : inputs) pick.inputs.push_back(input.id);
  std::sort(pick.inputs.begin(), pick.inputs.end());
  return pick;
}

/// The longest front part of `segments` that one merge may take.
std::span<const SegmentStat> within_limits(std::span<const SegmentStat> segments, const PickOptions& options) {
  uint64_t rows = 0, bytes = 0;
  size_t count = 0;
  for (; count < segments.size() && count < options.max_inputs; ++count) {
    rows += segments[count].live_rows();
    bytes += segments[count].live_bytes();
    if (rows > options.max_input_rows || bytes > options.max_input_bytes) break;
  }
  return segments.first(count);
}

/// The group of the smallest segments of similar size that is large enough. `segments` ascend by live bytes.
std::optional<CompactionPick> pick_similar(const Stats& segments, const PickOptions& options) {
  for (size_t first = 0; first < segments.size();) {
    const uint64_t largest = std::max(segments[first].live_bytes() * options.size_ratio, options.small_bytes);
    size_t end = first;
    while (end < segments.size() && segments[end].live_bytes() <= largest) ++end;
    const auto group = within_limits(std::span(segments).subspan(first, end - first), options);
    if (group.size() >= std::max(2u, options.trigger_segments)) return make_pick(PickReason::kSimilarSize, group);
    // Starting at the next segment gives the larger ones their chance.
    ++first;
  }
  return std::nullopt;
}

/// The smallest segments, whatever their sizes, so that loads need not wait for ever.
std::optional<CompactionPick> pick_from_many(const Stats& segments, const PickOptions& options) {
  const size_t room = std::min<size_t>(options.trigger_segments, options.max_segments / 2);
  if (segments.size() + room < options.max_segments) return std::nullopt;
  const auto smallest = std::span(segments).first(std::min<size_t>(segments.size(), room + 1));
  const auto group = within_limits(smallest, options);
  if (group.size() >= 2) return make_pick(PickReason::kTooMany, group);
  if (segments.size() < 2 || segments[0].live_rows() + segments[1].live_rows() > kMaxSegmentRows) return std::nullopt;
  return make_pick(PickReason::kTooMany, smallest.first(2));
}

uint64_t live_bytes_of(std::span<const SegmentStat> segments) {
  uint64_t bytes = 0;
  for (const SegmentStat& segment : segments) bytes += segment.live_bytes();
  return bytes;
}

/// All segments when one merge may take them and those beside the largest, the last, hold at least `least` and at most
/// `most` of what it holds.
std::optional<CompactionPick> pick_whole(const Stats& segments, const PickOptions& options, PickReason reason, double least,
                                         double most) {
  if (options.base_fraction <= 0 || segments.size() < 2) return std::nullopt;
  const auto largest = static_cast<double>(segments.back().live_bytes());
  const auto rest = static_cast<double>(live_bytes_of(std::span(segments).first(segments.size() - 1)));
  if (rest < least * largest || rest > most * largest) return std::nullopt;
  if (within_limits(segments, options).size() < segments.size()) return std::nullopt;
  return make_pick(reason, segments);
}

std::optional<CompactionPick> pick_base(const Stats& segments, const PickOptions& options) {
  if (segments.empty() || segments.back().live_bytes() < options.small_bytes) return std::nullopt;
  constexpr double kAnyPart = std::numeric_limits<double>::infinity();
  return pick_whole(segments, options, PickReason::kBase, options.base_fraction, kAnyPart);
}

std::optional<CompactionPick> pick_dead(const Stats& segments, const PickOptions& options) {
  const SegmentStat* worst = nullptr;
  double worst_fraction = options.dead_fraction;
  for (const SegmentStat& segment : segments) {
    const double fraction = static_cast<double>(segment.dead_rows) / static_cast<double>(segment.rows);
    if (fraction > worst_fraction) {
      worst = &segment;
      worst_fraction = fraction;
    }
  }
  if (worst == nullptr) return std::nullopt;
  // The largest takes the others with it: that costs little more than to rewrite it alone.
  if (worst == &segments.back()) {
    if (auto whole = pick_whole(segments, options, PickReason::kDeadRows, 0, 1)) return whole;
  }
  return make_pick(PickReason::kDeadRows, {worst, 1});
}

}  // namespace

uint64_t SegmentStat::live_bytes() const {
  return rows == 0 ? 0
                   : static_cast<uint64_t>(static_cast<double>(bytes) * static_cast<double>(live_rows()) /
                                           static_cast<double>(rows));
}

const char* pick_reason_name(PickReason reason) {
  switch (reason) {
    case PickReason::kAllDead: return "all dead";
    case PickReason::kSimilarSize: return "similar size";
    case PickReason::kTooMany: return "too many";
    case PickReason::kBase: return "base";
    case PickReason::kDeadRows: return "dead rows";
    case PickReason::kAll: return "all";
  }
  return "unknown";
}

std::optional<CompactionPick> pick_compaction(std::span<const SegmentStat> segments, const PickOptions& options) {
  Stats all_dead, sorted;
  for (const SegmentStat& segment : segments) {
    FRESHET_ASSERT(segment.dead_rows <= segment.rows);
    (segment.live_rows() == 0 ? all_dead : sorted).push_back(segment);
  }
  const bool are_many = segments.size() >= std::min(options.trigger_segments, options.max_segments / 2);
  if (!all_dead.empty() && (are_many || !options.rests)) {
    return make_pick(PickReason::kAllDead, std::span(all_dead).first(std::min<size_t>(all_dead.size(), options.max_inputs)));
  }
  std::sort(sorted.begin(), sorted.end(), [](const SegmentStat& a, const SegmentStat& b) {
    return a.live_bytes() != b.live_bytes() ? a.live_bytes() < b.live_bytes() : a.id < b.id;
  });
  if (auto pick = pick_similar(sorted, options)) return pick;
  if (auto pick = pick_from_many(sorted, options)) return pick;
  if (options.rests) return std::nullopt;
  if (auto pick = pick_base(sorted, options)) return pick;
  return pick_dead(sorted, options);
}

std::vector<CompactionPick> pick_all(std::span<const SegmentStat> segments, const PickOptions& options) {
  std::vector<CompactionPick> picks;
  while (!segments.empty()) {
    uint64_t rows = 0, bytes = 0, dead_rows = 0;
    size_t count = 0;
    for (; count < segments.size(); ++count) {
      rows += segments[count].live_rows();
      bytes += segments[count].live_bytes();
      if (count > 0 && (rows > options.max_input_rows || bytes > options.max_input_bytes)) break;
      dead_rows += segments[count].dead_rows;
    }
    if (count > 1 || dead_rows > 0) picks.push_back(make_pick(PickReason::kAll, segments.first(count)));
    segments = segments.subspan(count);
  }
  return picks;
}

CompactionDebt compaction_debt(std::span<const SegmentStat> segments, const PickOptions& options) {
  CompactionDebt debt;
  const std::optional<CompactionPick> pick = pick_compaction(segments, options);
  if (!pick) return debt;
  for (const SegmentStat& segment : segments) {
    if (std::find(pick->inputs.begin(), pick->inputs.end(), segment.id) == pick->inputs.end()) continue;
    debt.rowsets += 1;
    debt.live_bytes += segment.live_bytes();
  }
  return debt;
}

}  // namespace freshet::storage
