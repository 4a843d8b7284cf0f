#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "storage/commit/row_completion.h"
#include "storage/commit/sent_rows.h"
#include "storage/types/row_groups.h"
#include "storage/upsert/base_rows.h"

namespace freshet::storage {

/// The rows of a load into an AGGREGATE KEY table: those of each key are combined with each other and with the key's live
/// row, so that what is stored needs no aggregation when it is read.
///
/// A load without segments becomes a block of one row for each key, or a segment when it is large. Of a load with segments,
/// rows whose key nobody else has stay where they are; the others go combined into one more segment, or all rows do when
/// that are many. Columns that came after the load began keep their values in rows that are stored, and have their initial
/// default in new ones.
class AggregateRows : public RowCompletion {
 public:
  /// `load` and `base` must outlive it. REQUIRES: no row of the load is a delete.
  AggregateRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base);
  ~AggregateRows() override;
  AggregateRows(const AggregateRows&) = delete;
  AggregateRows& operator=(const AggregateRows&) = delete;

  const SchemaPtr& schema() const override { return base_->schema; }
  Result<std::vector<TabletRows>> complete() override;
  void remember(size_t bucket, std::optional<size_t> segment, ProbeState& state) const override;
  Result<Settled> settle(const TableSnapshot& head, uint64_t most_changed) const override;
  void release() override { written_.clear(); }
  std::vector<RowsetId> replaced_segments() const override { return replaced_; }

 private:
  /// One bucket of the load, by key: key i is that of group i, and base i its live row.
  struct Bucket {
    SentRows sent;
    RowGroups groups = {};
    KeyRun keys;
    std::vector<BaseRow> bases = {};
    std::vector<uint32_t> combined = {};  ///< keys whose combined rows are in the block or the last segment, ascending
    bool keeps_segments = false;          ///< the sent segments come before it
    std::optional<Block> block = {};      ///< all combined rows, when there is no segment
  };
  Result<TabletRows> complete_bucket(const TabletRows& sent);
  void choose_combined(Bucket& bucket) const;
  Result<WrittenSegment> write_combined(const Bucket& bucket, const TabletSnapshot& tablet);
  /// Appends the values of `column` of the keys `keys` of `bucket`, combined with `bases`, which belong to them and to
  /// `tablet`.
  Status combine(const Bucket& bucket, std::span<const uint32_t> keys, const TabletSnapshot& tablet,
                 std::span<const BaseRow> bases, size_t column, Column& out) const;
  /// The same, as many at a time as memory allows.
  Status combine_pieces(const Bucket& bucket, std::span<const uint32_t> keys, const TabletSnapshot& tablet,
                        std::span<const BaseRow> bases, size_t column,
                        const std::function<Status(const Column&)>& take) const;
  /// Their rows; nothing when they have more than `most_bytes`.
  Result<std::optional<Block>> combine_block(const Bucket& bucket, std::span<const uint32_t> keys,
                                             const TabletSnapshot& tablet, std::span<const BaseRow> bases,
                                             size_t most_bytes) const;

  Parts parts_;
  const LoadCommit& load_;
  const TableSnapshotPtr base_;
  std::vector<Bucket> buckets_;  ///< as the tablets of the load
  std::vector<RowsetId> written_;
  std::vector<RowsetId> replaced_;
};

}  // namespace freshet::storage
