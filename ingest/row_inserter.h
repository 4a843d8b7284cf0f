#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/block_builder.h"
#include "ingest/load_transaction.h"

namespace freshet::ingest {

/// A value of INSERT ... VALUES, or of any source that has single values as text.
struct Literal {
  enum class Kind : uint8_t { kNull, kDefault, kText };
  Kind kind = Kind::kNull;
  std::string_view text;  ///< kText: a number as written, the content of a string, "true" / "false"
};

/// "Unknown column", with the closest name.
Status unknown_column(const storage::TableSnapshot& table, const std::string& name);

/// SQL's way of writing rows: strict (the first wrong value ends it, and nothing is written), all rows in one commit. One
/// thread.
///
/// Call order: begin (append_row | append_columns)* commit. Without commit nothing is visible.
class RowInserter {
 public:
  /// `columns`: names in the order of the values; empty = all columns of the table in order. `deletes`: rows name keys whose
  /// rows are removed; `columns` needs the key columns only. `partial`: rows replace only `columns`, which must be named.
  /// `new_keys_fail`: then commit() is InvalidArgument when a key is not in the table. NotFound for an unknown column, with
  /// the closest name. Fails as StorageEngine::admit_load does.
  static Result<std::unique_ptr<RowInserter>> begin(storage::StorageEngine& storage, storage::TableSnapshotPtr table,
                                                    const std::vector<std::string>& columns, bool deletes, bool partial,
                                                    LoadTransaction::Options options, bool new_keys_fail = false);

  /// Positions in the schema of the columns that rows bring, in the order of the values.
  const std::vector<size_t>& targets() const { return targets_; }
  /// As LoadTransaction::restrict_to. REQUIRES: no rows yet.
  Status restrict_to(const std::vector<std::string>& partitions) { return transaction_.restrict_to(partitions); }
  /// As LoadTransaction::replace_all.
  void replace_all() {
    transaction_.replace_all();
    replaces_all_ = true;
  }
  /// InvalidArgument: "Column 'v' of row 3: 'abc' is not a valid int".
  Status append_row(std::span<const Literal> values);
  /// Rows as columns: `block` has all columns of the schema, those of targets() filled and the others empty; it comes back
  /// cleared. NOT NULL, lengths and keys are checked. Rows with a delete sign need their keys only.
  Status append_columns(Block& block);
  /// The first AUTO_INCREMENT value that was made for a row; 0 when none was (yet).
  uint64_t first_sequence() const { return first_sequence_; }
  /// The last AUTO_INCREMENT value that a row brought; 0 when none did.
  uint64_t given_sequence() const { return given_sequence_; }
  uint64_t row_count() const { return transaction_.row_count() + buffered_rows_; }
  /// `label`: becomes visible with the rows, or alone when there are none.
  Result<storage::CommitOutcome> commit(std::optional<storage::LabelRecord> label = std::nullopt);
  /// Instead of commit(): the rows, as LoadTransaction::take_in_memory.
  Result<storage::LoadCommit> take_in_memory();
  /// As LoadTransaction::commit_in_group. REQUIRES: a row.
  Result<storage::GroupOutcome> commit_in_group();

 private:
  RowInserter(storage::StorageEngine& storage, storage::TableSnapshotPtr table, BlockBuilder builder,
              std::vector<size_t> targets, bool deletes, const LoadTransaction::Options& options);
  const TableSchema& schema() const { return *transaction_.table().schema; }
  Status append_value(size_t position, const Literal& value);
  Status check_column(const Block& block, size_t position) const;
  Status check_keys(const Block& block, size_t first) const;
  Status complete_and_append(Block& block);
  /// Position of the AUTO_INCREMENT column, if there is one.
  std::optional<size_t> sequence_position() const;
  Status flush_rows();

  LoadTransaction transaction_;
  BlockBuilder builder_;
  std::vector<size_t> targets_;
  bool deletes_;
  bool replaces_all_ = false;
  Block block_;
  size_t buffered_rows_ = 0;
  uint64_t first_sequence_ = 0;
  uint64_t given_sequence_ = 0;
};

}  // namespace freshet::ingest
