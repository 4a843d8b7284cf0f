#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/types/partition.h"

/// Values of the metadata store (FORMAT.md, "Metadata records"). Each begins with a version byte and ends with a CRC32C;
/// decode answers Corruption for anything else.
namespace freshet::storage {

struct TableRecord {
  DatabaseId database;
  std::string name;
  std::string schema;  ///< TableSchema::serialize
  PartitionScheme scheme;
  std::vector<Partition> partitions;

  std::string encode() const;
  static Result<TableRecord> decode(std::string_view bytes);
};

/// Rows of a small commit that have no segment file yet.
struct CarriedBlockRecord {
  RowsetId buffer;
  RowOrdinal first_row = 0;
  std::string block;  ///< Block::serialize

  std::string encode() const;
  static Result<CarriedBlockRecord> decode(std::string_view bytes);
};

/// Rows that a commit replaced in one tablet; or, folded, all dead rows of a rowset.
struct DeadRowsRecord {
  struct Entry {
    RowsetId rowset;
    std::string rows;  ///< encode_rows (Roaring)
  };
  std::vector<Entry> entries;

  std::string encode() const;
  static Result<DeadRowsRecord> decode(std::string_view bytes);
};

/// One commit of a table, for SHOW VERSIONS and FOR TIME AS OF. It names the other records of the commit, so that one that
/// is lost is noticed.
struct TableVersionRecord {
  int64_t unix_micros = 0;  ///< ascends with the commit numbers
  uint64_t rows_added = 0;
  uint64_t rows_deleted = 0;  ///< replaced ones included
  std::string label;          ///< of the load; empty when it had none

  /// What the commit wrote of one tablet.
  struct Tablet {
    TabletId id;
    bool has_block = false;   ///< a carried block
    bool has_deaths = false;  ///< a delete delta
    std::vector<RowsetId> segments;
  };
  std::vector<Tablet> tablets;
  /// Where a stream stood after the commit.
  struct Position {
    JobId job;
    int32_t partition = 0;
    int64_t next_offset = 0;
  };
  std::vector<Position> positions;

  std::string encode() const;
  static Result<TableVersionRecord> decode(std::string_view bytes);
};

/// With which commit a rowset came, in tables with history.
struct BirthRecord {
  CommitNumber commit;
  std::vector<RowsetId> inputs;  ///< the rowsets that it was exchanged for: their retired records have this commit

  std::string encode() const;
  static Result<BirthRecord> decode(std::string_view bytes);
};

/// Which records the rowsets of a tablet have, written when it is made and with every change of its segments: one that is
/// lost is noticed.
struct TabletContentsRecord {
  struct Rowset {
    RowsetId id;
    bool is_segment = false;
    uint32_t folded_dead_rows = 0;  ///< rows of its folded bitmap; 0: it has none
  };
  CommitNumber flushed_up_to;  ///< rows of carried blocks up to here are in segments, or gone
  CommitNumber folded_up_to;   ///< delete deltas up to here are in folded bitmaps
  std::vector<Rowset> rowsets;

  std::string encode() const;
  static Result<TabletContentsRecord> decode(std::string_view bytes);
};

/// A rowset that a flush or compaction exchanged, kept for queries of older versions.
struct RetiredRowsetRecord {
  CommitNumber gone;        ///< the commit that exchanged it
  std::string segment;      ///< SegmentMeta::serialize; empty for a delta buffer
  CommitNumber last_block;  ///< of a delta buffer: commit of its last carried block
  std::string dead;         ///< encode_rows: its dead rows in the end

  std::string encode() const;
  static Result<RetiredRowsetRecord> decode(std::string_view bytes);
};

/// The partitions of a table with history before a commit that emptied some, and what it emptied.
struct PartitionsRecord {
  struct Emptied {
    TabletId tablet;
    std::vector<RowsetId> rowsets;  ///< their retired records have this commit
  };
  PartitionScheme scheme;
  std::vector<Partition> partitions;
  std::vector<Emptied> emptied;

  std::string encode() const;
  static Result<PartitionsRecord> decode(std::string_view bytes);
};

std::string encode_database_name(std::string_view name);
/// Reads also what earlier builds stored: the name alone.
Result<std::string> decode_database_name(std::string_view bytes);

std::string encode_number(uint64_t value);
Result<uint64_t> decode_number(std::string_view bytes);

}  // namespace freshet::storage
