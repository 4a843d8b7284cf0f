#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "storage/base/ids.h"

namespace freshet::storage {

/// What the picker knows of one segment of a tablet.
struct SegmentStat {
  RowsetId id;
  uint64_t rows = 0;
  uint64_t dead_rows = 0;
  uint64_t bytes = 0;
  uint32_t level = 0;

  uint64_t live_rows() const { return rows - dead_rows; }
  /// What its live rows will take when they are rewritten.
  uint64_t live_bytes() const;
};

struct PickOptions {
  uint32_t trigger_segments = 8;           ///< this many segments of similar size are merged
  double dead_fraction = 0.2;              ///< a segment with more dead rows is rewritten
  double base_fraction = 0;                ///< all are merged when the smaller ones hold so much of the largest; 0: never
  uint32_t max_segments = 64;              ///< loads wait beyond this many: near it, segments of any size are merged
  uint32_t max_inputs = 32;                ///< of one compaction
  uint64_t max_input_rows = 256ull << 20;  ///< live rows of one merge
  uint64_t max_input_bytes = 16ull << 30;  ///< live bytes of one merge
  uint64_t small_bytes = 4ull << 20;       ///< segments below this are all of similar size
  uint32_t size_ratio = 4;                 ///< similar: the largest of a merge is at most so many times the smallest
  bool rests = false;  ///< rewritten a moment ago: dead rows wait, and, as long as there are few segments, dead ones
};

enum class PickReason : uint8_t {
  kAllDead,      ///< segments without a live row: nothing is written
  kSimilarSize,  ///< enough segments of similar size
  kTooMany,      ///< the tablet is near its limit of segments
  kBase,         ///< the smaller segments hold much beside the largest
  kDeadRows,     ///< a segment with too many dead rows
  kAll,          ///< by hand
};
const char* pick_reason_name(PickReason reason);

struct CompactionPick {
  PickReason reason = PickReason::kSimilarSize;
  std::vector<RowsetId> inputs;
};

/// The next compaction of a tablet, or nothing. Pure: the same segments give the same pick.
///
/// Inputs need not be neighbours in age: the live keys of a kUnique tablet are disjoint, so any set can be merged, and rows
/// of a kDuplicate table have no order between segments. Merging by similar size costs each row about log(size) rewrites and
/// leaves less than trigger_segments for each step of size; rewriting at a dead fraction f costs at most 1/f rows for each
/// row that died. Merging all at a base fraction b costs at most 1 + 1/b rows for each row that came; it begins where the
/// largest segment is no longer small, and leaves a key looked up in the largest segment nearly always found there, however
/// large the table. Under a stream of updates each load kills rows of every segment, and what is copied now dies with the
/// next loads: while a tablet rests, only segments of similar size and too many segments are merged, and dead ones dropped
/// where there are many.
std::optional<CompactionPick> pick_compaction(std::span<const SegmentStat> segments, const PickOptions& options);

/// What a compaction has to read.
struct CompactionDebt {
  uint64_t rowsets = 0;
  uint64_t live_bytes = 0;
};
/// Of the compaction that pick_compaction() gives; zero when it gives none. Pure.
CompactionDebt compaction_debt(std::span<const SegmentStat> segments, const PickOptions& options);

/// The merges that leave as few segments as the limits of one merge allow, and no dead row. Pure.
std::vector<CompactionPick> pick_all(std::span<const SegmentStat> segments, const PickOptions& options);

}  // namespace freshet::storage
