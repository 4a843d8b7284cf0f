#pragma once

#include <string>
#include <utility>
#include <vector>

#include "query/dml/read_write.h"

namespace freshet::query {

/// Words of our own and pieces of the statement, one behind the other.
using Fragment = std::vector<SelectItem>;

/// What MERGE INTO, INSERT ... ON DUPLICATE KEY UPDATE and INSERT IGNORE have in common: source rows meet the rows of a
/// UNIQUE table, and the first action that applies to a pair makes the row that is written. A source row to which none
/// applies is passed over.
struct MergePlan {
  enum class ActionKind : uint8_t { kUpdate, kDelete, kInsert };
  struct Action {
    ActionKind kind = ActionKind::kInsert;
    Fragment condition;                               ///< empty: always
    std::vector<std::pair<size_t, Fragment>> values;  ///< by position of the column; of kDelete none
  };
  std::string_view statement;  ///< the text that pieces are views of
  Fragment with;               ///< WITH and its queries; may be empty
  std::string database;        ///< of the table
  std::string table;
  std::string alias;         ///< by which expressions know it
  Fragment source;           ///< the tables behind FROM
  Fragment on;               ///< when a source row and a row of the table belong together
  Fragment table_condition;  ///< rows of the table that may belong to a source row at all; empty: all
  /// Expressions that tell which of the source rows of one key comes first.
  std::string order;
  /// Later source rows of a key are passed over; else they are an error, which begins with `repeated`.
  bool first_row_wins = false;
  std::string repeated;
  std::vector<Action> actions;  ///< tried in order; kInsert for source rows without a row, the others for those with one
};

struct MergeCounts {
  uint64_t inserted = 0;
  uint64_t updated = 0;
  uint64_t unchanged = 0;  ///< updates that leave the row as it is: it is not written
  uint64_t deleted = 0;
};

/// Runs the plan against `table`, which the connection reads, and commits.
Result<MergeCounts> merge_rows(const MergePlan& plan, const WriteContext& context, const storage::TableSnapshotPtr& table);

}  // namespace freshet::query
