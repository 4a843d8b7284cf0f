#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/tablet/row_reader.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// Rows of one rowset whose keys a load brings again.
struct RowsetHits {
  RowsetId rowset;
  std::vector<RowOrdinal> rows;  ///< any order
};

/// What the keys of one load and bucket have been looked up in so far, by rowset identity, and what was found.
///
/// A load probes outside the publish lock, round by round, and the little that came meanwhile under it. Rows never come
/// alive again, so hits stay right while snapshots go on; those of a rowset that compaction replaced are looked up again in
/// its output, which is a rowset of its own. One owner; not thread-safe. Belongs to one run of keys.
class ProbeState {
 public:
  /// Also of rowsets that are gone by now: the caller drops those. Rows may be dead already.
  std::span<const RowsetHits> hits() const { return hits_; }
  /// Null when there are none.
  const RowsetHits* hits_of(RowsetId rowset) const;
  /// Rows of `rowset`, from its first on, that need no further look.
  uint32_t probed_rows(RowsetId rowset) const;

  void set_probed(RowsetId rowset, uint32_t rows);
  void add_hit(RowsetId rowset, RowOrdinal row);

 private:
  struct Probed {
    RowsetId rowset;
    uint32_t rows;
  };
  std::vector<Probed> probed_;  ///< by rowset id
  std::vector<RowsetHits> hits_;
};

/// Looks `sorted_keys` (strictly increasing) up in every row of `tablet` that `state` has not probed, and remembers it
/// there. kUnique tables only. An error leaves `state` usable: what it had probed stays, the rest is probed by the next
/// call.
Status probe(const KeyRun& sorted_keys, const TabletSnapshot& tablet, ProbeState& state);
/// Rows of `tablet` that probe() would have to look at: the measure of what is left for the publish lock.
uint64_t unprobed_rows(const TabletSnapshot& tablet, const ProbeState& state);

/// Where the live row of key `key` of `keys` lies; nothing when there is none. kUnique tables only. Delta buffers
/// first, then the segments whose key range has it, largest first; no allocation when the pages are resident.
Result<std::optional<RowLocation>> find_live_row(const TabletSnapshot& tablet, const KeyRun& keys, size_t key);

}  // namespace freshet::storage
