#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/encoding/decoded_bytes.h"
#include "storage/encoding/page_encoding.h"
#include "storage/types/column.h"

namespace freshet::storage {

/// Smallest and largest value and the number of NULLs of a run of rows. Byte values are cut to kZoneBytes: the minimum is a
/// prefix, the maximum a prefix rounded up (or unbounded when that is impossible).
inline constexpr size_t kZoneBytes = 32;
struct ZoneMap {
  uint32_t null_count = 0;
  bool has_bounds = false;   ///< false when every row is NULL, or the column holds NaN
  bool max_is_exact = true;  ///< byte values: false when `max` was rounded up or is unbounded (then empty)
  std::string min;           ///< fixed width: the raw value; bytes: the prefix
  std::string max;
};

/// One page of one column, pinned in memory, decoded on demand. Immutable; any thread. Rows are relative to the page.
/// A page implements the accessors of its kind (fixed-width, bytes, dictionary); a call of another kind's is a programming
/// error and ends the process.
class ColumnPage {
 public:
  virtual ~ColumnPage() = default;
  virtual PageEncoding encoding() const = 0;
  virtual uint32_t row_count() const = 0;
  virtual uint32_t null_count() const = 0;
  /// Sets bit i of `words` (bit = valid, DuckDB's layout) for rows [first, first + count); bits start at 0 of `words`.
  virtual void read_validity(uint32_t first, uint32_t count, uint64_t* words) const = 0;
  virtual bool is_null(uint32_t row) const = 0;

  /// Fixed-width columns: decodes rows [first, first + count) to `out`, side by side. NULL slots hold an unspecified value.
  virtual void read_fixed(uint32_t first, uint32_t count, void* out) const;
  /// Fixed-width columns: decodes the named rows (ascending) to `out`, side by side, without decoding the others.
  virtual void gather_fixed(std::span<const uint32_t> rows, void* out) const;
  /// kRunLength pages: the runs of rows [first, first + count), NULL or not: where each ends, relative to `first`, and its
  /// value. Returns their number, or 0 when they are more than `max_runs`.
  virtual uint32_t read_runs(uint32_t first, uint32_t count, uint32_t max_runs, uint32_t* ends, void* values) const;

  /// Byte columns: the values of rows [first, first + count). Views live as long as this page and `decoded`, where values
  /// are decoded that the page does not hold as they are.
  virtual void read_bytes(uint32_t first, uint32_t count, std::string_view* out, DecodedBytes& decoded) const;
  virtual std::string_view bytes_at(uint32_t row, DecodedBytes& decoded) const;
  /// kDictionary byte pages (kConstant is a dictionary of one): the distinct values, and each row's position among them.
  virtual std::span<const std::string_view> dictionary() const;
  virtual void read_codes(uint32_t first, uint32_t count, uint32_t* out) const;

  /// Appends rows [first, first + count) to `out`.
  void append_to(uint32_t first, uint32_t count, Column& out) const;
};

/// The pages of one column of one segment. Any thread. Cheap to hold; pages come through the page cache.
class ColumnReader {
 public:
  virtual ~ColumnReader() = default;
  virtual const DataType& type() const = 0;
  /// Rows of each page but the last; a multiple of kVectorRows.
  virtual uint32_t page_rows() const = 0;
  virtual uint32_t page_count() const = 0;
  virtual const ZoneMap& page_zone(uint32_t page) const = 0;
  virtual const ZoneMap& segment_zone() const = 0;
  /// Corruption names the file, the column and the page.
  virtual Result<std::shared_ptr<const ColumnPage>> page(uint32_t page) const = 0;
  /// Appends rows [first, first + count) of the segment to `out`, whose type may be wider.
  Status read_rows(uint32_t first, uint32_t count, Column& out) const;
};

}  // namespace freshet::storage
