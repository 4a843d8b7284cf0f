#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/ids.h"
#include "storage/commit/label_record.h"
#include "storage/segment/segment_writer.h"
#include "storage/tablet/snapshot.h"
#include "storage/types/block.h"
#include "storage/upsert/key_lookup.h"

namespace freshet::storage {

/// A record of an upper room, as StorageEngine::put_record stores it.
struct RoomRecord {
  std::string kind;
  std::string key;
  std::string value;
};

/// A consumed range of one stream partition. The commit is refused with Conflict unless `from` is the stored position (or
/// nothing is stored and `from` is where the job began).
struct OffsetAdvance {
  JobId job;
  uint64_t job_epoch = 0;
  int32_t partition = 0;
  int64_t from = 0;                                 ///< first offset consumed
  int64_t to = 0;                                   ///< next offset to consume
  std::optional<RoomRecord> record = std::nullopt;  ///< stored when the position moves
};

/// Asked again and again by a load that waits; true ends its waiting, and the load with Cancelled. Empty: nothing does.
using IsCancelled = std::function<bool()>;

/// The rows one load brings to one tablet, in arrival order: first `segments` (each flushed from one memtable, in order),
/// then `rows`. Later rows of a key win, deletes included; in an aggregate table they are combined, and deletes come in
/// loads of their own.
struct TabletRows {
  TabletId tablet;  ///< NotFound when it was dropped with its partition meanwhile
  std::vector<WrittenSegment> segments;
  std::optional<Block> rows;
  /// Rows of the tablet that are to be dead, in a table without a unique key. Conflict when one of the rowsets is no longer
  /// there: a flush or compaction has moved its rows.
  std::vector<RowsetHits> dead_rows = {};
  /// All rows that the tablet has when the load commits die: these rows stand for them. Not in AGGREGATE tables.
  bool replaces_all = false;
};

/// A load whose rows bring only some columns (partial update): the others stay as they are in the row that each key has when
/// the load commits. In the blocks and segments of such a load the other columns hold what a new row gets.
struct PartialColumns {
  std::vector<size_t> given;       ///< positions in the load's schema, ascending, all key columns among them
  std::vector<size_t> no_default;  ///< positions that are not given, and that a new row cannot do without
  bool new_keys_fail = false;      ///< a key that is not in the table refuses the load
  /// Position of kSkipBitmapColumn: each row brings columns of its own, and says there which (types/row_mask.h); `given` has
  /// the key columns then, and segments keep all rows of a key (keeping_all_rows). Nothing: every row brings `given`.
  std::optional<size_t> mask = std::nullopt;
};

using PartialColumnsPtr = std::shared_ptr<const PartialColumns>;

/// Everything one commit makes visible: rows, label and offsets, all or nothing. A load may be stored before it commits:
/// what is added here goes into commit/precommit_record too.
struct LoadCommit {
  TableId table;
  SchemaPtr schema;                 ///< of the rows; they are mapped when the table has a later version now
  std::vector<TabletRows> tablets;  ///< each tablet at most once
  /// Rows that replace only these columns; null: whole rows. A delete among them that does not bring the sequence column has
  /// the sequence of the row.
  PartialColumnsPtr partial;
  /// The table as it was read by the statement that computed these rows (UPDATE and the like); null: they do not depend on
  /// what was read. The commit fails with Conflict when a key of the load has another row by now (see ReadGuard). Such loads
  /// are neither precommitted nor grouped.
  TableSnapshotPtr read_from = nullptr;
  std::optional<LabelRecord> label;
  std::vector<OffsetAdvance> offsets;
  IsCancelled is_cancelled = nullptr;  ///< while the commit waits for room
};

struct CommitOutcome {
  CommitNumber commit;
  uint64_t rows_replaced = 0;  ///< live rows that this commit made dead
};

}  // namespace freshet::storage
