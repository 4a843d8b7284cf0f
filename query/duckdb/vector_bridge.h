#pragma once

#include <array>
#include <duckdb.hpp>
#include <duckdb/common/types/vector_cache.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "query/duckdb/row_filter.h"
#include "storage/bitmap/row_bits.h"
#include "storage/segment/column_reader.h"
#include "storage/tablet/delta_buffer.h"

namespace freshet::query {

/// Rows of one vector, relative to its first.
class RowSelection {
 public:
  explicit RowSelection(const storage::RowBits& bits) { assign(bits); }
  void assign(const storage::RowBits& bits) {
    bits_ = bits;
    count_ = bits.count();
    is_listed_ = false;
  }

  const storage::RowBits& bits() const { return bits_; }
  uint32_t count() const { return count_; }
  /// The rows as numbers, ascending; made when first asked for.
  std::span<const duckdb::sel_t> rows() const {
    if (!is_listed_) bits_.list(rows_.data());
    is_listed_ = true;
    return {rows_.data(), count_};
  }
  /// Whether reaching for each row beats decoding all `row_count` of the vector; what is decoded fast must be few.
  bool is_sparse(uint32_t row_count, const DataType& type) const { return count_ * (type.is_bytes() ? 8 : 32) <= row_count; }

 private:
  storage::RowBits bits_;
  uint32_t count_;
  mutable std::array<duckdb::sel_t, kVectorRows> rows_;
  mutable bool is_listed_;
};

/// One column of one segment or delta buffer, read into DuckDB vectors.
///
/// Fixed-width pages are decoded straight into flat vectors, constant pages and single runs become constant vectors, small
/// dictionaries dictionary vectors; strings point into the page or the buffer, which the vector keeps alive. One thread.
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
  Status read_selected(RowOrdinal first, uint32_t count, const RowSelection& selection, duckdb::Vector& out);
  /// Keeps of the `wanted` rows of these those that pass `filter`, which is always the same one. Asks once for a constant
  /// page, once for each run, and once for each entry of a dictionary; only where that is not possible it reads values: few
  /// if few rows are wanted, else all, to `out` where that is given. True when `out` holds all `count` rows now.
  Result<bool> select(RowOrdinal first, uint32_t count, const RowFilter& filter, RowSelection& wanted, duckdb::Vector* out);

 private:
  Status pin_page(RowOrdinal row);
  /// `selection`: null for all rows.
  void read_page(uint32_t offset, uint32_t count, const RowSelection* selection, duckdb::Vector& out);
  void read_fixed(uint32_t offset, uint32_t count, const RowSelection* selection, duckdb::Vector& out);
  void read_strings(uint32_t offset, uint32_t count, const RowSelection* selection, duckdb::Vector& out);
  void read_dictionary(uint32_t offset, uint32_t count, const RowSelection* selection, duckdb::Vector& out);
  void read_validity(uint32_t offset, uint32_t count, const RowSelection* selection, duckdb::Vector& out);
  void read_delta(RowOrdinal first, uint32_t count, const RowSelection* selection, duckdb::Vector& out);
  bool is_constant_page() const;
  void set_constant(duckdb::Vector& out) const;
  void build_dictionary();
  /// Codes of rows of a dictionary page; NULL has the last one.
  void read_codes(uint32_t offset, uint32_t count, uint32_t* codes) const;

  /// What select() can do without the values of rows; false when it can do nothing.
  bool select_encoded(uint32_t offset, uint32_t count, const RowFilter& filter, RowSelection& wanted);
  bool constant_passes(const RowFilter& filter);
  bool select_runs(uint32_t offset, uint32_t count, const RowFilter& filter, RowSelection& wanted);
  bool select_codes(uint32_t offset, uint32_t count, const RowFilter& filter, RowSelection& wanted);
  void find_passing_codes(const RowFilter& filter);
  /// The codes that rows may have: that of NULL only where there is one.
  uint32_t used_codes() const;
  Status select_few(RowOrdinal first, uint32_t count, const RowFilter& filter, RowSelection& wanted);
  duckdb::Vector& empty_scratch();

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

  std::optional<bool> page_passes_;      ///< of a constant page: what the filter said
  std::vector<uint32_t> passing_codes_;  ///< of the dictionary: bits of those that pass; empty when not asked yet
  uint32_t passing_count_ = 0;
  duckdb::unique_ptr<duckdb::VectorCache> scratch_cache_;  ///< values that only the filter needs; made when first needed
  duckdb::unique_ptr<duckdb::Vector> scratch_;

  std::shared_ptr<const storage::DeltaBuffer> buffer_;
  size_t buffer_column_ = 0;
};

/// Keeps the selected rows of a vector that was read whole. Constant vectors stay, dictionary vectors are sliced, flat ones
/// are moved together in place.
void compact_vector(duckdb::Vector& vector, const RowSelection& selection);

}  // namespace freshet::query
