#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/engine/storage_engine.h"
#include "storage/types/block.h"

namespace freshet::ingest {

/// Completes blocks whose rows bring only some columns of a table: the others get their DEFAULT, a value of their
/// AUTO_INCREMENT, or NULL. Decoders and SQL INSERT share it. One thread.
class BlockBuilder {
 public:
  /// `given`: positions in the schema that rows bring, ascending. `all_deletes`: rows only name keys, so that value columns
  /// need no value. `is_partial`: the rows of keys that are in the table keep their other columns; for the rest a column
  /// without default holds anything until the commit decides. Else InvalidArgument names a column that has neither a value
  /// nor a default.
  /// `sequence_source`: a given column whose values go to the hidden sequence column too. Rows of a table with a sequence
  /// column must bring it, unless they are partial or it has CURRENT_TIMESTAMP as its default.
  static Result<BlockBuilder> create(storage::StorageEngine& storage, storage::TableSnapshotPtr table,
                                     std::vector<size_t> given, bool all_deletes, bool is_partial,
                                     std::optional<size_t> sequence_source = std::nullopt);

  const storage::TableSnapshot& table() const { return *table_; }
  const std::vector<size_t>& given() const { return given_; }
  /// A NULL here is not an error: complete() replaces it.
  bool takes_sequence(size_t column) const { return table_->schema->columns[column].auto_increment; }
  /// CURRENT_TIMESTAMP is the time of the first complete(), or of the first one after this.
  void begin_batch() { is_at_start_ = true; }
  /// Fills the columns that are not given up to the block's rows, and NULLs of AUTO_INCREMENT columns.
  /// REQUIRES: all given columns have `rows` values, the others none.
  Status complete(Block& block, size_t rows);
  /// Encoded bytes of the key of row `row`; columns that are not given count as their default. REQUIRES: given columns
  /// filled.
  size_t key_bytes(const Block& block, size_t row) const;
  /// False when no row of the table can have a key beyond kMaxKeyBytes.
  bool may_have_long_keys() const { return has_byte_keys_; }

 private:
  BlockBuilder(storage::StorageEngine& storage, storage::TableSnapshotPtr table, std::vector<size_t> given);
  Status check_sequence(bool is_partial) const;
  Status prepare_absent(size_t column, bool all_deletes, bool is_partial);
  void copy_sequences(Block& block) const;
  Status number_nulls(size_t position, Block& block, size_t rows);
  Status renew_times();

  storage::StorageEngine* storage_;
  storage::TableSnapshotPtr table_;
  std::vector<size_t> given_;
  std::optional<size_t> sequence_source_;
  struct Constant {
    size_t column;
    Column value;  ///< one row
    bool is_time;  ///< CURRENT_TIMESTAMP
  };
  std::vector<Constant> constants_;
  std::vector<size_t> absent_sequences_;  ///< AUTO_INCREMENT columns that rows do not bring
  std::vector<size_t> given_keys_;
  size_t absent_key_bytes_ = 0;
  bool has_byte_keys_ = false;
  bool is_at_start_ = true;  ///< of a batch
  std::vector<uint32_t> zeros_;
};

/// Whether a row can do without a value of this column.
bool has_default(const ColumnSchema& column);
/// A text of rows whose key is too long, e.g. "the key is 5000 bytes long, the limit is 4096".
std::string describe_long_key(size_t key_bytes);
/// Appends a value that stands for nothing (zero or empty) where a NOT NULL column needs one that is never read.
void append_zero(Column& column);

}  // namespace freshet::ingest
