#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/upsert/key_lookup.h"

namespace freshet::storage {

/// Looks `sorted_keys` (strictly increasing) up in every row of `tablet` that `state` has not probed, as probe() does, for a
/// table with a sequence column: a stored row becomes a hit only when its sequence is not above that of the key
/// (`sequences`, by key); else the key goes to `losers` (any order, repeats allowed). Tombstones are compared too.
///
/// A row that has lost stays so: what beat it goes only for a row with no smaller sequence. So, as with probe(), each rowset
/// is looked at once, whatever becomes of its rows.
Status probe_sequences(const TableSchema& schema, const KeyRun& sorted_keys, const Column& sequences,
                       const TabletSnapshot& tablet, ProbeState& state, std::vector<uint32_t>& losers);

/// The largest sequence among the tombstones of each key of `sorted_keys`, as row `answer[key]` of `sequences`, to which
/// they are appended; kNoTombstone when it has none.
inline constexpr uint32_t kNoTombstone = UINT32_MAX;
Result<std::vector<uint32_t>> find_tombstone_sequences(const TableSchema& schema, const KeyRun& sorted_keys,
                                                       const TabletSnapshot& tablet, Column& sequences);

/// Those of `tombstones` (rows of segment `view`, ascending) whose work nothing else in the segments of `tablet` does: no
/// live row of their key, no tombstone with a larger sequence.
Result<std::vector<RowOrdinal>> unbeaten_tombstones(const TableSchema& schema, const TabletSnapshot& tablet, size_t view,
                                                    std::span<const RowOrdinal> tombstones);

}  // namespace freshet::storage
