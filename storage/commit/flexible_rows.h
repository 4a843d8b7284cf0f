#pragma once

#include <optional>
#include <vector>

#include "storage/commit/row_completion.h"
#include "storage/commit/sent_rows.h"
#include "storage/types/row_groups.h"
#include "storage/upsert/base_rows.h"

namespace freshet::storage {

/// The rows of a flexible partial update: each brings columns of its own, and may be a delete (types/row_mask.h).
///
/// All rows of a key take effect in the order of arrival, as if each were a load of its own: later ones replace the columns
/// they bring, a delete removes what was before it, and one whose sequence is below that of the row it finds does nothing.
/// A load without segments becomes a block of whole rows, one with segments one new segment for each bucket.
class FlexibleRows : public RowCompletion {
 public:
  /// `load` and `base` must outlive it. REQUIRES: the layout of the load's schema is that of `base`.
  FlexibleRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base);
  ~FlexibleRows() override;
  FlexibleRows(const FlexibleRows&) = delete;
  FlexibleRows& operator=(const FlexibleRows&) = delete;

  const SchemaPtr& schema() const override { return load_.schema; }
  Result<std::vector<TabletRows>> complete() override;
  Result<Settled> settle(const TableSnapshot& head, uint64_t most_changed) const override;
  void release() override { written_.clear(); }
  std::vector<RowsetId> replaced_segments() const override { return segments_of(load_); }

 private:
  /// One bucket of the load, by key.
  struct Bucket {
    SentRows sent;
    RowGroups groups;
    KeyRun keys;
    std::vector<BaseRow> bases = {};
    Column masks;                     ///< of all sent rows
    std::optional<Column> sequences;  ///< ... their sequences, if the table has them
    std::vector<uint32_t> kept = {};  ///< keys that have a row in what complete() made, ascending
    Block rows = {};                  ///< a load without segments: these rows
  };
  /// What becomes of some keys of a bucket, against one snapshot.
  struct Outcome {
    std::vector<uint32_t> keys;    ///< that get a row or a delete, ascending
    std::vector<BaseRow> bases;    ///< by position in `keys`: what the row goes on from; none when it is a new one
    RowGroups applied;             ///< by position in `keys`: the sent rows that count, oldest first
    std::vector<uint8_t> existed;  ///< by position in `keys`: the key has a row, whether the new one goes on from it or not
    std::vector<uint8_t> deletes;  ///< by position in `keys`
    Column sequences;              ///< by position in `keys`, if the table has them
  };
  Result<TabletRows> complete_bucket(const TabletRows& sent);
  Result<Outcome> decide(const Bucket& bucket, std::span<const uint32_t> keys, const TabletSnapshot& tablet,
                         std::span<const BaseRow> bases) const;
  Status check_new_rows(const Bucket& bucket, const Outcome& outcome) const;
  Result<WrittenSegment> write_segment(const Bucket& bucket, const Outcome& outcome, const TabletSnapshot& tablet);
  /// The old rows of an outcome, read whole because the table has a row store.
  struct WholeRows {
    BaseLocations locations;
    std::vector<Column> columns;
  };
  /// Appends one column of the rows [first, first + count) of the outcome. `whole`: null, the old values are read.
  Status append_values(const Bucket& bucket, const Outcome& outcome, const TabletSnapshot& tablet, size_t first,
                       size_t count, size_t column, const WholeRows* whole, Column& out) const;
  Result<Block> make_block(const Bucket& bucket, const Outcome& outcome, const TabletSnapshot& tablet) const;

  Parts parts_;
  const LoadCommit& load_;
  const TableSnapshotPtr base_;
  const SchemaPtr sent_schema_;  ///< of the sent segments
  const size_t mask_;
  const std::optional<size_t> sequence_, delete_time_;
  std::vector<Bucket> buckets_;  ///< as the tablets of the load
  std::vector<RowsetId> written_;
};

}  // namespace freshet::storage
