#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/result.h"
#include "storage/tablet/row_reader.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/key_run.h"
#include "storage/upsert/key_lookup.h"

namespace freshet::storage {

/// The live row that a key had in one snapshot: what a partial update is completed from.
struct BaseRow {
  RowsetId rowset;  ///< zero: no row had the key
  RowOrdinal row = 0;
  bool exists() const { return rowset.value != 0; }
};

/// The live row of each key of `sorted_keys` (strictly increasing) in `tablet`. kUnique tables only.
Result<std::vector<BaseRow>> find_base_rows(const TabletSnapshot& tablet, const KeyRun& sorted_keys);

/// What a partial update is told whose key (one row) is not in the table and may not be new.
Status refuse_new_key(std::span<const Column> key);

/// Keys (positions in `sorted_keys`, ascending) whose live row in `now` is another one than in `then`, where `bases` were
/// found: it was replaced or deleted, it came since, or it moved because its rowset was rewritten. Costs as much as the
/// tablet changed in between. `keeps_deletes`: the table keeps deletes as rows, and keys of such count too.
Result<std::vector<uint32_t>> find_changed_keys(const TabletSnapshot& then, const TabletSnapshot& now,
                                                const KeyRun& sorted_keys, std::span<const BaseRow> bases,
                                                bool keeps_deletes);

/// Notes that the keys whose live rows in `tablet` are `bases` (none of those that are not among them has one) were looked
/// up in all of it.
void remember_base_rows(const TabletSnapshot& tablet, std::span<const BaseRow> bases, ProbeState& state);

/// Where base rows lie, in the order in which they are read fastest.
struct BaseLocations {
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<RowLocation> locations;
  std::vector<uint32_t> found_at;  ///< for each base: its place in `locations`, or kNone when it does not exist
  bool all_exist() const { return locations.size() == found_at.size(); }
};
BaseLocations locate_base_rows(const TabletSnapshot& tablet, std::span<const BaseRow> bases);

/// Replaces the columns `columns` of `block` by the values of the base rows, for the rows that have one. Row i of the block
/// has the base `bases[i]` in `tablet`, under `schema`.
Status fill_from_base_rows(const TableSchema& schema, const TabletSnapshot& tablet, std::span<const BaseRow> bases,
                           std::span<const size_t> columns, std::span<Column*> values);

/// The same for bases that are located already; the values of rows that all have a base are not looked at.
Status fill_from_base_rows(const TableSchema& schema, const TabletSnapshot& tablet, const BaseLocations& bases,
                           std::span<const size_t> columns, std::span<Column*> values);

}  // namespace freshet::storage
