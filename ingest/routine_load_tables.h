#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingest/routine_load_table.h"
#include "ingest/stream_history.h"
#include "ingest/stream_source.h"

namespace freshet::ingest {

/// The tables of a routine load: its one, or those that its messages name ("table|row", "database.table|row"). One thread.
///
/// Several tables commit one after another, each with its rows' positions; then the positions of the job move. A crash
/// between two commits leaves some tables ahead of the job: what is read again is left out of those that have it. The
/// tables' positions are stored as those of partitions behind the job's own, at a place for each table.
class RoutineLoadTables {
 public:
  static constexpr size_t kMostTables = 1000;
  static constexpr int32_t kPartitionsOfAPlace = 1 << 16;

  /// Who moves positions.
  struct Reader {
    JobId job;
    uint64_t epoch = 0;
  };
  /// Stores a table that was not named before and answers its place: 1, 2 ...
  using NameTable = std::function<Result<int32_t>(const std::string&)>;

  /// `load.table` is empty when messages name their tables.
  RoutineLoadTables(const RoutineLoadTable::Parts& parts, LoadRequest load, NameTable name_table)
      : parts_(parts), load_(std::move(load)), name_table_(std::move(name_table)) {}

  /// Begins anew with the tables that were named before, in the order of their places, and all stored positions of the job;
  /// answers those of the job itself.
  StreamPositions open(const std::vector<std::string>& named, const StreamPositions& stored);
  void close() { targets_.clear(); }
  /// Adds what moving the job's partitions `from` one position `to` another means for its tables.
  void move(StreamPositions& from, StreamPositions& to);

  Status begin_batch();
  /// Whether a table of the batch is another, or has another schema, than when the batch began.
  bool has_changed() const;
  /// Takes one message into its table; one that names none is a rejected row.
  Status feed(const StreamMessage& message);
  /// Hands all rows to their transactions; answers how many there are.
  Result<uint64_t> prepare_commit();
  /// Commits rows and positions in one commit, or table by table; the record with the job's positions. REQUIRES:
  /// prepare_commit(), and a position that moves.
  Status commit(const Reader& reader, const StreamPositions& from, const StreamPositions& to, storage::RoomRecord record);

  static std::vector<storage::OffsetAdvance> advances(const Reader& reader, const StreamPositions& from,
                                                      const StreamPositions& to);

 private:
  struct Target {
    std::unique_ptr<RoutineLoadTable> rows;
    int32_t place = 0;
    StreamPositions loaded = {};  ///< up to where the table has its rows, where that is stored
  };

  bool is_multi_table() const { return load_.table.empty(); }
  Target& add(const std::string& table, int32_t place);
  Status feed_named(const StreamMessage& message);

  const RoutineLoadTable::Parts parts_;
  const LoadRequest load_;
  const NameTable name_table_;
  std::map<std::string, Target> targets_;  ///< by table
};

}  // namespace freshet::ingest
