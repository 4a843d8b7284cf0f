#include "query/scan/scan_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/scan/key_pruning.h"
#include "query/scan/partition_pruning.h"

namespace freshet::query {
namespace {

using storage::ColumnReader;
using storage::SegmentReader;

/// The conditions of a scan beside the columns of one segment that they speak of.
struct BoundCondition {
  const ColumnReader* column;
  const ZoneCondition* condition;
};

std::vector<BoundCondition> bind_conditions(const SegmentReader& reader, std::span<const ColumnCondition> conditions) {
  std::vector<BoundCondition> bound;
  for (const ColumnCondition& condition : conditions) {
    const ColumnReader* column = reader.column(condition.column);
    if (column != nullptr) bound.push_back({column, &condition.condition});
  }
  return bound;
}

bool segment_may_match(const SegmentReader& reader, std::span<const BoundCondition> conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const BoundCondition& bound) {
    return may_match(bound.column->segment_zone(), reader.row_count(), bound.column->type(), *bound.condition);
  });
}

bool pages_may_match(const BoundCondition& bound, uint32_t row_count, RowOrdinal first, uint32_t count) {
  const uint32_t page_rows = bound.column->page_rows();
  for (uint32_t page = first / page_rows; page * page_rows < first + count; ++page) {
    const uint32_t rows = std::min(page_rows, row_count - page * page_rows);
    if (may_match(bound.column->page_zone(page), rows, bound.column->type(), *bound.condition)) return true;
  }
  return false;
}

class Planner {
 public:
  explicit Planner(const storage::TableSnapshot& table, std::span<const ColumnCondition> conditions)
      : conditions_(conditions), wanted_(wanted_keys(table, conditions)) {}

  /// Whether the tablet has none of the keys that are wanted.
  bool has_no_wanted_key(uint32_t tablet) const { return wanted_ && wanted_->of_tablet[tablet].empty(); }

  Status add_segment(uint32_t tablet, uint32_t view, const storage::SegmentView& segment) {
    const uint32_t row_count = segment.segment->meta().row_count;
    const uint32_t blocks = (row_count + kScanBlockRows - 1) / kScanBlockRows;
    plan_.counts.segments += 1;
    plan_.counts.blocks += blocks;
    plan_.counts.rows += row_count;
    if (segment.live_rows() == 0) {
      prune_segment(blocks);
      plan_.counts.rows_pruned_by_bitmap += row_count;
      return Status::OK();
    }
    if (conditions_.empty()) {
      add_rows({tablet, view, false, 0, row_count});
      return Status::OK();
    }

    FRESHET_ASSIGN_OR_RETURN(const auto reader, segment.segment->reader());
    const std::vector<BoundCondition> bound = bind_conditions(*reader, conditions_);
    if (!segment_may_match(*reader, bound)) {
      prune_segment(blocks);
      plan_.counts.rows_pruned_by_zone_map += row_count;
      return Status::OK();
    }
    const ScanMorsel run{tablet, view, false, 0, 0};
    if (wanted_) return add_wanted_rows(run, *reader);
    add_matching_blocks(run, row_count, bound);
    return Status::OK();
  }

  /// `rows_pruned`: the count that takes its rows.
  void prune_tablet(const storage::TabletSnapshot& tablet, uint64_t ScanCounts::*rows_pruned) {
    for (const storage::SegmentView& view : tablet.segments) {
      const uint32_t row_count = view.segment->meta().row_count;
      const uint32_t blocks = (row_count + kScanBlockRows - 1) / kScanBlockRows;
      plan_.counts.segments += 1;
      plan_.counts.blocks += blocks;
      plan_.counts.rows += row_count;
      plan_.counts.*rows_pruned += row_count;
      prune_segment(blocks);
    }
    for (const storage::DeltaView& view : tablet.deltas) {
      plan_.counts.rows += view.row_count;
      plan_.counts.*rows_pruned += view.row_count;
    }
  }

  void count_partitions(const std::vector<bool>& keeps) {
    plan_.counts.partitions = keeps.size();
    plan_.counts.partitions_pruned = static_cast<uint64_t>(std::count(keeps.begin(), keeps.end(), false));
  }

  void add_delta(uint32_t tablet, uint32_t view, const storage::DeltaView& delta) {
    plan_.counts.deltas += 1;
    plan_.counts.rows += delta.row_count;
    const ScanMorsel run{tablet, view, true, 0, delta.row_count};
    if (delta.live_rows() == 0) {
      plan_.counts.rows_pruned_by_bitmap += delta.row_count;
    } else if (!wanted_) {
      add_rows(run);
    } else {
      std::vector<RowOrdinal> rows;
      for (const uint32_t key : wanted_->of_tablet[tablet]) {
        if (const auto row = delta.buffer->find(wanted_->keys, key, delta.row_count)) rows.push_back(*row);
      }
      std::ranges::sort(rows);
      add_vectors_of(rows, run);
    }
  }

  ScanPlan take() { return std::move(plan_); }

 private:
  /// The vectors in which the key index finds wanted keys.
  Status add_wanted_rows(ScanMorsel run, const SegmentReader& reader) {
    const uint32_t row_count = reader.row_count();
    const uint32_t blocks = (row_count + kScanBlockRows - 1) / kScanBlockRows;
    std::vector<uint32_t> candidates;
    for (const uint32_t key : wanted_->of_tablet[run.tablet]) {
      if (reader.may_have_key(wanted_->keys, key)) candidates.push_back(key);
    }
    std::vector<storage::KeyMatch> matches;
    FRESHET_RETURN_IF_ERROR(reader.find_keys(wanted_->keys, candidates, matches));
    if (matches.empty()) {
      prune_segment(blocks);
      (candidates.empty() ? plan_.counts.rows_pruned_by_bloom_filter : plan_.counts.rows_pruned_by_key_index) += row_count;
      return Status::OK();
    }
    std::vector<RowOrdinal> rows;
    uint32_t blocks_kept = 0;
    for (const storage::KeyMatch& match : matches) {
      blocks_kept += rows.empty() || rows.back() / kScanBlockRows != match.row / kScanBlockRows;
      rows.push_back(match.row);
    }
    plan_.counts.blocks_pruned += blocks - blocks_kept;
    run.count = row_count;
    add_vectors_of(rows, run);
    return Status::OK();
  }

  /// Of the rows of `run`, which begins at 0, the vectors that hold `rows` (ascending).
  void add_vectors_of(std::span<const RowOrdinal> rows, ScanMorsel run) {
    const uint32_t row_count = run.count;
    uint32_t rows_kept = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      run.first = rows[i] / kVectorRows * kVectorRows;
      if (i > 0 && rows[i - 1] >= run.first) continue;
      run.count = std::min(kVectorRows, row_count - run.first);
      rows_kept += run.count;
      add_rows(run);
    }
    plan_.counts.rows_pruned_by_key_index += row_count - rows_kept;
  }

  void add_matching_blocks(ScanMorsel run, uint32_t row_count, std::span<const BoundCondition> bound) {
    for (RowOrdinal first = 0; first < row_count; first += kScanBlockRows) {
      const uint32_t count = std::min(kScanBlockRows, row_count - first);
      const bool keeps = std::all_of(bound.begin(), bound.end(), [&](const BoundCondition& condition) {
        return pages_may_match(condition, row_count, first, count);
      });
      if (keeps) {
        if (run.count == 0) run.first = first;
        run.count += count;
        continue;
      }
      plan_.counts.blocks_pruned += 1;
      plan_.counts.rows_pruned_by_zone_map += count;
      add_rows(run);
      run.count = 0;
    }
    add_rows(run);
  }

  void prune_segment(uint32_t blocks) {
    plan_.counts.segments_pruned += 1;
    plan_.counts.blocks_pruned += blocks;
  }

  /// Cuts a run into morsels that end at multiples of kMorselRows.
  void add_rows(ScanMorsel run) {
    plan_.counts.rows_planned += run.count;
    while (run.count != 0) {
      ScanMorsel morsel = run;
      morsel.count = std::min(run.count, kMorselRows - run.first % kMorselRows);
      plan_.morsels.push_back(morsel);
      run.first += morsel.count;
      run.count -= morsel.count;
    }
  }

  const std::span<const ColumnCondition> conditions_;
  const std::optional<WantedKeys> wanted_;
  ScanPlan plan_;
};

}  // namespace

Result<ScanPlan> plan_scan(const storage::TableSnapshot& table, std::span<const ColumnCondition> conditions) {
  Planner planner(table, conditions);
  const std::vector<bool> keeps = matching_partitions(*table.schema, *table.partitions, conditions);
  planner.count_partitions(keeps);
  for (uint32_t tablet = 0; tablet < table.tablets.size(); ++tablet) {
    const storage::TabletSnapshot& snapshot = *table.tablets[tablet];
    if (!keeps[table.partitions->partition_of(tablet)]) {
      planner.prune_tablet(snapshot, &ScanCounts::rows_pruned_by_partition);
      continue;
    }
    if (planner.has_no_wanted_key(tablet)) {
      planner.prune_tablet(snapshot, &ScanCounts::rows_pruned_by_bucket);
      continue;
    }
    for (uint32_t view = 0; view < snapshot.segments.size(); ++view) {
      FRESHET_RETURN_IF_ERROR(planner.add_segment(tablet, view, snapshot.segments[view]));
    }
    for (uint32_t view = 0; view < snapshot.deltas.size(); ++view) planner.add_delta(tablet, view, snapshot.deltas[view]);
  }
  return planner.take();
}

std::string describe_pruning(uint64_t total, uint64_t pruned) {
  return fmt::format("{} of {} ({} pruned)", total - pruned, total, pruned);
}

}  // namespace freshet::query
