#pragma once

#include <duckdb.hpp>
#include <memory>
#include <optional>

#include "storage/segment/column_reader.h"
#include "storage/tablet/delta_buffer.h"

namespace freshet::query {

/// Rows of one vector, ascending, relative to the vector's first row.
struct RowSelection {
  const duckdb::sel_t* rows;
  uint32_t count;
};

/// One column of one segment or delta buffer, read into DuckDB vectors.
///
/// Fixed-width pages are decoded straight into flat vectors, constant pages become constant vectors, small dictionaries
/// dictionary vectors; strings point into the page or the buffer, which the vector keeps alive. One thread.
class ColumnSource {
 public:
  ColumnSource(DataType type, duckdb::Value default_value);

  /// `reader`: null when the segment has no such column, whose rows then have the default. It must outlive the next open.
  /// Its type may be narrower than the column's.
  Status open(const storage::ColumnReader* reader);
  /// `column`: position in the buffer's schema; nothing when it has no such column.
  Status open(std::shared_ptr<const storage::DeltaBuffer> buffer, std::optional<size_t> column);

  /// The column's pages when it is read from a segment, else null.
  const storage::ColumnReader* reader() const { return reader_; }

  /// Reads rows [first, first + count) to `out`, a flat vector as after a reset. REQUIRES: first % kVectorRows == 0,
  /// count <= kVectorRows.
  Status read(RowOrdinal first, uint32_t count, duckdb::Vector& out);
  /// Reads only the selected ones of these rows, side by side.
  Status read_selected(RowOrdinal first, uint32_t count, RowSelection selection, duckdb::Vector& out);

 private:
  Status pin_page(RowOrdinal row);
  void read_page(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, duckdb::Vector& out);
  void read_fixed(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, duckdb::Vector& out);
  void read_strings(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, duckdb::Vector& out);
  void read_dictionary(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, duckdb::Vector& out);
  void read_validity(uint32_t offset, uint32_t count, std::optional<RowSelection> selection, duckdb::Vector& out);
  void read_delta(RowOrdinal first, uint32_t count, std::optional<RowSelection> selection, duckdb::Vector& out);
  void set_constant(duckdb::Vector& out) const;
  void build_dictionary();

  DataType type_;
  duckdb::LogicalType logical_;
  duckdb::Value default_;

  const storage::ColumnReader* reader_ = nullptr;
  std::shared_ptr<const storage::ColumnPage> page_;
  uint32_t page_index_ = 0;
  duckdb::shared_ptr<duckdb::VectorBuffer> pin_;   ///< keeps page_ or buffer_ alive for vectors of strings
  duckdb::unique_ptr<duckdb::Vector> dictionary_;  ///< of page_, its last entry NULL; made when first needed
  uint32_t dictionary_size_ = 0;
  std::string dictionary_id_;  ///< tells group-by that vectors share a dictionary

  std::shared_ptr<const storage::DeltaBuffer> buffer_;
  size_t buffer_column_ = 0;
};

/// Keeps the selected rows of a vector that was read whole. Constant vectors stay, dictionary vectors are sliced, flat ones
/// are moved together in place.
void compact_vector(duckdb::Vector& vector, RowSelection selection);

}  // namespace freshet::query
