#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/block_builder.h"
#include "ingest/column_mapping.h"
#include "ingest/decode/decoder.h"
#include "ingest/decode/row_batch.h"
#include "storage/types/value_text.h"

namespace freshet::ingest {

/// The half of decoding that all formats share: converts split rows column by column into blocks, rejects rows by the rules
/// of strict mode, NOT NULL and key length, and hands full blocks to the sink. One thread.
///
/// A text that is no value of its column loads as NULL; with strict_mode, or where the column is NOT NULL, the row is
/// rejected. Texts that are too long or no UTF-8 always reject the row. Value columns of deletes are not looked at.
class BlockAssembler {
 public:
  static Result<BlockAssembler> create(const LoadRequest& request, DecodeTarget target);

  const ColumnMapping& mapping() const { return mapping_; }
  const DecodeTarget& target() const { return target_; }
  const TableSchema& schema() const { return *target_.table->schema; }
  RowErrors& errors() { return target_.errors; }
  uint64_t max_row_bytes() const { return target_.max_row_bytes; }
  /// Converts and clears the batch. `is_utf8`: all its cells are known to be well-formed.
  Status add(RowBatch& batch, bool is_utf8);
  /// Hands the rows so far to the sink.
  Status flush();
  /// The same, and what comes from here on is another batch, with a CURRENT_TIMESTAMP of its own.
  Status end_batch();

 private:
  struct Problem {
    size_t row;
    std::string reason;
  };

  BlockAssembler(ColumnMapping mapping, BlockBuilder builder, DecodeTarget target, bool strict_mode);
  Status prepare_defaults();
  void reject(size_t row, std::string reason);
  bool is_ignored(size_t row, size_t column) const;
  void check_utf8(const RowBatch& batch);
  void read_delete_signs(const RowBatch& batch, size_t source);
  /// Flexible partial update: which columns each row brings.
  void append_masks(const RowBatch& batch);
  void convert(const RowBatch& batch, size_t source);
  template <typename T, typename Parse>
  void convert_fixed(const RowBatch& batch, size_t source, Column& out, const Parse& parse);
  template <typename T>
  void convert_integer(const RowBatch& batch, size_t source, Column& out);
  template <typename T>
  void convert_decimal(const RowBatch& batch, size_t source, Column& out);
  void convert_text(const RowBatch& batch, size_t source, Column& out);
  /// What a cell without a usable text becomes. `error` is kNone when the cell has no text.
  enum class Fill { kNull, kDefault, kZero };
  Fill fill_for(const RowBatch& batch, size_t row, size_t source, TextError error);
  void check_keys(const RowBatch& batch);
  void report(RowBatch& batch);
  void remove_rejected(size_t rows);

  ColumnMapping mapping_;
  BlockBuilder builder_;
  DecodeTarget target_;
  bool strict_mode_;
  std::vector<Column> defaults_;  ///< by source: one row when the column has a DEFAULT, else none
  bool is_at_start_ = true;       ///< of a batch

  Block block_;
  size_t rows_ = 0;                ///< complete rows of block_
  std::vector<uint8_t> deletes_;   ///< of the batch
  std::vector<uint8_t> rejected_;  ///< of the batch
  std::vector<Problem> problems_;  ///< of the batch
  std::string scratch_;            ///< values of one column of the batch
  std::vector<uint8_t> nulls_;
};

}  // namespace freshet::ingest
