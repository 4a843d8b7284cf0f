#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/commit/load_commit.h"
#include "storage/commit/tablet_edit.h"
#include "storage/types/key_run.h"
#include "storage/upsert/key_lookup.h"

namespace freshet::storage {

/// A segment of the load: its keys are probed as one run; deletes and rows replaced within the load are dead from the start.
struct NewSegment {
  std::shared_ptr<const Segment> segment;
  KeyRun keys;
  std::vector<RowOrdinal> dead;
  std::optional<Column> sequences = {};  ///< as far as they were needed and `keys` are kept, of all rows
  std::vector<uint32_t> losers = {};     ///< rows below the sequence of what is stored
};

/// The rows carried in the commit record: kept rows in key order, and all keys (deletes too) for probing.
struct NewRows {
  Block kept;
  KeyRun kept_keys;
  KeyRun probe_keys;
  std::string block_bytes;
  std::vector<RowOrdinal> deletes;  ///< of the kept rows: tombstones

  /// Leaves rows out. `rows`: of the kept ones, any order, repeats allowed.
  void drop(const TableSchema& schema, std::span<const uint32_t> rows);
  /// Makes what follows from the kept rows.
  void finish(const TableSchema& schema);
};

/// Sorts by key and keeps one row of each key. Deletes are taken out, or marked where the table keeps them as rows.
NewRows settle_rows(const TableSchema& schema, const KeyCodec& codec, const Block& rows);

/// What one load brings to one tablet, and what it has been looked up in so far: the unit in which LoadPublisher works. One
/// thread.
struct LoadBucket {
  TabletId tablet;
  std::vector<NewSegment> segments;
  std::vector<ProbeState> segment_probes;
  std::optional<NewRows> rows;
  const TableSchema* rows_schema = nullptr;  ///< what the kept rows are laid out by
  ProbeState rows_probe;
  std::vector<RowsetHits> dead_rows;
  bool replaces_all = false;         ///< then nothing is probed
  std::vector<uint32_t> row_losers;  ///< of `rows`: below the sequence of another part of the load, or of what is stored

  uint64_t unprobed_rows(const TabletSnapshot& tablet) const;
  Status probe(const TableSchema& schema, const TabletSnapshot& tablet);
  /// Which rows of the load lose within the load: they are dead, or left out.
  Status settle_within_load(const TableSchema& schema, bool is_fixed);
  /// REQUIRES: everything is probed.
  void leave_losers_out(const TableSchema& schema);
  /// Marks the rows of `tablet` that this load makes dead. REQUIRES: everything is probed.
  void kill_replaced(const TabletSnapshot& tablet, TabletEdit& edit) const;
  /// Appends the kept rows to the active delta buffer of `edit`; answers the place of the first.
  RowOrdinal append_rows(TabletEdit& edit);

 private:
  Status probe_segment(const TableSchema& schema, size_t i, const TabletSnapshot& tablet);
};

}  // namespace freshet::storage
