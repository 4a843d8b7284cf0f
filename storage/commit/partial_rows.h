#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "storage/commit/row_completion.h"
#include "storage/upsert/base_rows.h"

namespace freshet::storage {

/// Completes the rows of a partial update with the columns that they do not bring.
class PartialRows : public RowCompletion {
 public:
  /// `load` and `base` must outlive it.
  PartialRows(const Parts& parts, const LoadCommit& load, TableSnapshotPtr base);
  ~PartialRows() override;
  PartialRows(const PartialRows&) = delete;
  PartialRows& operator=(const PartialRows&) = delete;

  const SchemaPtr& schema() const override { return load_.schema; }
  /// InvalidArgument when a key is not in the table and may not be new.
  Result<std::vector<TabletRows>> complete() override;
  /// A load without segments answers whether nothing changed.
  Result<Settled> settle(const TableSnapshot& head, uint64_t most_changed) const override;
  void release() override { written_.clear(); }
  std::vector<RowsetId> replaced_segments() const override { return segments_of(load_); }

 private:
  struct Part {
    size_t bucket;
    size_t segment;  ///< kRows: the rows of the bucket
    KeyRun keys;
    std::vector<BaseRow> bases;
  };
  static constexpr size_t kRows = SIZE_MAX;

  /// What is completed by one thread: a segment of a bucket, or its rows.
  struct Task {
    size_t bucket;
    size_t segment;  ///< kRows: the rows of the bucket
    Status status = Status::OK();
    std::optional<Part> part = std::nullopt;
    std::optional<WrittenSegment> written = std::nullopt;
    std::optional<Block> rows = std::nullopt;
  };
  /// On this thread, and on another when there are several segments.
  void run(std::vector<Task>& tasks);
  Status complete_rows(Task& task) const;
  Status complete_segment(Task& task);
  /// Of keys without a row (`rows`, ascending), where the sequence of their delete lies in `sequences`.
  struct SequencesOfDeleted {
    std::vector<uint32_t> rows;
    std::vector<uint32_t> sequence_of;
    Column sequences;
    /// Replaces the sequences of rows [first, first + values.size()).
    void fill(RowOrdinal first, Column& values) const;
  };
  /// The values of the key columns of a row.
  using ReadKey = std::function<Result<std::vector<Column>>(RowOrdinal row)>;
  /// `deletes`: ascending.
  Status check_new_keys(std::span<const BaseRow> bases, std::span<const RowOrdinal> deletes, const ReadKey& read_key) const;
  Status check_new_keys(std::span<const BaseRow> bases, const Block& rows) const;
  Status fill_missing(const TabletSnapshot& tablet, const KeyRun& keys, std::span<const BaseRow> bases, Block& rows) const;
  Result<SequencesOfDeleted> find_sequences_of_deleted(const TabletSnapshot& tablet, const KeyRun& keys,
                                                       std::span<const BaseRow> bases) const;
  Status complete_anew(const TableSnapshot& head, const Part& part, const std::vector<uint32_t>& changed,
                       Settled& settled) const;

  Parts parts_;
  const LoadCommit& load_;
  const TableSnapshotPtr base_;
  std::vector<size_t> missing_;                              ///< positions of columns that are not given
  std::optional<size_t> given_sequence_, missing_sequence_;  ///< at most one: position of the sequence column
  std::vector<Part> completed_;
  std::mutex writing_;  ///< guards written_ while tasks run
  std::vector<RowsetId> written_;
};

}  // namespace freshet::storage
