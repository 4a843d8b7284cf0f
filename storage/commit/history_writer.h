#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/wall_clock.h"
#include "storage/commit/retired_segments.h"
#include "storage/meta/meta_records.h"
#include "storage/meta/meta_store.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// Adds to commits what queries of older versions need: the list of versions of each table and, for tables with
/// `history_retention_seconds`, when each rowset came and went and which rows died at which commit. Nothing of it is in
/// memory but the retired segments, and nothing is rewritten: what a flush or compaction exchanges simply stays until it is
/// older than the retention.
///
/// The calls that take a commit number belong into CommitPipeline::Change::finish_batch: they cannot fail. Any thread.
class HistoryWriter {
 public:
  explicit HistoryWriter(RetiredSegments& retired) : retired_(retired) {}

  /// The time is filled in.
  void add_version(TableId table, CommitNumber commit, TableVersionRecord version, MetaBatch& batch);

  // For tables with history only.
  /// Older versions than `commit` cannot be queried.
  static void begin(TableId table, CommitNumber commit, MetaBatch& batch);
  /// `inputs`: the rowsets that go with the same commit because this one has their rows. A rowset that would have none is
  /// born nevertheless, without ever being there.
  static void add_birth(TabletId tablet, RowsetId rowset, CommitNumber commit, std::vector<RowsetId> inputs,
                        MetaBatch& batch);
  /// `record`: DeadRowsRecord::encode.
  static void add_deaths(TabletId tablet, CommitNumber commit, std::string record, MetaBatch& batch);
  void retire_segment(const SegmentView& view, CommitNumber gone, MetaBatch& batch);
  /// The carried blocks up to `last_block` stay; a restart does not bring their rows back.
  static void retire_buffer(TabletId tablet, const DeltaView& view, CommitNumber last_block, CommitNumber gone,
                            MetaBatch& batch);

  // Before a tablet or table goes; also without history.
  /// Retired segments, whose files must be made obsolete, are appended. REQUIRES: no history expires meanwhile.
  void forget_tablet(TabletId tablet, MetaBatch& batch, std::vector<std::shared_ptr<const Segment>>& segments) const;
  /// Tells that the batch is durable: no version needs these any more.
  void forgotten(const std::vector<std::shared_ptr<const Segment>>& segments);
  static void forget_table(TableId table, MetaBatch& batch);

 private:
  int64_t next_micros();

  RetiredSegments& retired_;
  const WallClock clock_;
  std::atomic<int64_t> last_micros_{0};
};

}  // namespace freshet::storage
