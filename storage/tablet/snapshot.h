#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/base/ids.h"
#include "storage/bitmap/dead_rows.h"
#include "storage/segment/segment_reader.h"
#include "storage/tablet/delta_buffer.h"
#include "storage/tablet/key_ranges.h"
#include "storage/types/key_run.h"
#include "storage/types/partition_map.h"

namespace freshet::storage {

/// A segment as of one commit.
struct SegmentView {
  std::shared_ptr<const Segment> segment;
  DeadRows dead;
  uint32_t live_rows() const { return segment->meta().row_count - dead.count(); }
};

/// A delta buffer as of one commit: its first `row_count` rows less the dead ones.
struct DeltaView {
  std::shared_ptr<DeltaBuffer> buffer;
  uint32_t row_count = 0;
  DeadRows dead;
  uint32_t live_rows() const { return row_count - dead.count(); }
};

/// The rows of one tablet at one commit. Immutable. Rows of a kUnique tablet: each key is live at most once over all views.
struct TabletSnapshot {
  TabletId id;
  std::vector<SegmentView> segments;  ///< oldest first
  std::vector<DeltaView> deltas;      ///< oldest first; the last one takes new rows, the others wait for their flush
  std::shared_ptr<const KeyRanges> key_ranges;  ///< of `segments`; null only while there are none
  uint64_t live_rows() const;
  /// Makes `key_ranges`. Whoever changes which segments there are calls it before others see the snapshot.
  void index_segments();
  /// Null when it is not among the views.
  const SegmentView* find_segment(RowsetId id) const;
  const DeltaView* find_delta(RowsetId id) const;
};
using TabletSnapshotPtr = std::shared_ptr<const TabletSnapshot>;

/// One table at one commit. Immutable.
struct TableSnapshot {
  TableId id;
  DatabaseId database;
  std::string database_name;
  std::string name;
  SchemaPtr schema;
  std::shared_ptr<const KeyCodec> key_codec;
  PartitionMapPtr partitions;
  std::vector<TabletSnapshotPtr> tablets;  ///< those of all partitions, in the order of `partitions`
  /// Position in `tablets`; nothing when the tablet is gone with its partition.
  std::optional<uint32_t> position_of(TabletId tablet) const { return partitions->position_of(tablet); }
  /// Null when the tablet is gone with its partition.
  const TabletSnapshot* find_tablet(TabletId tablet) const;
  uint64_t live_rows() const;
  /// The table with these partitions alone. NotFound names an unknown one.
  Result<std::shared_ptr<const TableSnapshot>> only_partitions(const std::vector<std::string>& names) const;
};
using TableSnapshotPtr = std::shared_ptr<const TableSnapshot>;

/// The whole server at one commit: every database and table, readable without locks for as long as it is held.
struct ServerSnapshot {
  CommitNumber commit;
  std::map<std::string, DatabaseId> databases;  ///< by name
  std::map<TableId, TableSnapshotPtr> tables;
  /// By (database name, table name).
  std::map<std::pair<std::string, std::string>, TableId> table_names;

  /// Null when there is no such table. Table names compare exactly, as in Doris.
  TableSnapshotPtr find_table(const std::string& database, const std::string& table) const;
};
using ServerSnapshotPtr = std::shared_ptr<const ServerSnapshot>;

}  // namespace freshet::storage
