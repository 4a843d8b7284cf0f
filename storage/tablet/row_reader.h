#pragma once

#include <compare>
#include <cstdint>
#include <span>

#include "storage/tablet/snapshot.h"
#include "storage/types/schema_mapping.h"

namespace freshet::storage {

/// Where a row of a TabletSnapshot lies: in its deltas or segments, which of them, and the row there.
struct RowLocation {
  bool is_delta = false;
  uint32_t view = 0;  ///< position in TabletSnapshot::deltas or ::segments
  RowOrdinal row = 0;
  auto operator<=>(const RowLocation&) const = default;
};

/// Appends the values at `locations`, in their order, to `out[i]` for column `columns[i]` of `schema`. Reads only the named
/// values, not whole pages. A column that a segment or delta buffer does not have yet gets its initial
/// default; values of a narrower type are widened. Several columns of few rows come from a segment's row store, if it has
/// one. Without one, one location costs no allocation when the pages are resident, but for what `out` needs. Locations that
/// are grouped by view are read fastest.
Status read_rows(const TableSchema& schema, const TabletSnapshot& tablet, std::span<const RowLocation> locations,
                 std::span<const size_t> columns, std::span<Column> out);

/// Corruption unless a column of a file is stored as `schema` says, or narrower.
Status check_stored_type(const ColumnReader& stored, const ColumnSchema& schema, const SegmentMeta& segment);

}  // namespace freshet::storage
