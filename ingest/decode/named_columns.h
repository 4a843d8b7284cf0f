#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingest/column_files.h"
#include "ingest/decode/block_assembler.h"

namespace freshet::ingest {

/// Brings columns that a body names (Parquet, Arrow) into rows. A column of the body fills the source column of its name,
/// exactly, else ignoring case; others are not read, and a source column that the body does not have gets its default or
/// NULL, as a field that a JSON row does not have. One thread.
class NamedColumns {
 public:
  explicit NamedColumns(BlockAssembler assembler);

  /// Matches the body's columns; once, before the rest. InvalidArgument when two differ in case alone and neither fits, or
  /// when nothing matches.
  Status match(const std::vector<std::string>& names);
  /// The body's columns that are read.
  const std::vector<ColumnUse>& uses() const { return uses_; }
  /// Takes `rows` rows of the columns of uses(), in that order.
  Status add(const CellColumns& columns, size_t rows);
  /// Hands the rows so far to the sink.
  Status flush() { return assembler_.flush(); }

 private:
  Result<std::optional<size_t>> find(const std::vector<std::string>& names, const std::string& source) const;

  BlockAssembler assembler_;
  RowBatch batch_;
  std::vector<ColumnUse> uses_;
  std::vector<std::optional<size_t>> use_of_source_;  ///< position in uses_
};

}  // namespace freshet::ingest
