#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/load_request.h"
#include "storage/types/schema.h"

namespace freshet::ingest {

/// What becomes of one source column.
struct SourceColumn {
  enum class Use : uint8_t {
    kColumn,      ///< fills a column of the table
    kDeleteSign,  ///< 1 = the row deletes its key
    kIgnored,     ///< is read and dropped
  };
  std::string name;
  Use use = Use::kIgnored;
  size_t column = 0;  ///< kColumn: position in the schema
};

/// A column of the table that an expression fills.
struct ComputedColumn {
  size_t column = 0;  ///< position in the schema
  std::string expression;
};

/// How the columns of a load's rows become the columns of its table.
struct ColumnMapping {
  std::vector<SourceColumn> sources;  ///< in the order of a CSV row
  std::vector<size_t> given;          ///< positions in the schema that rows bring or that are computed, ascending
  std::vector<ComputedColumn> computed;
  std::string delete_condition;  ///< rows for which it is true delete their key; empty = none
  bool all_deletes = false;      ///< merge_type DELETE: every row deletes its key
  /// Position of the given column whose values are the sequences as well, in a table with a hidden sequence column.
  std::optional<size_t> sequence_source;
  /// Position of kSkipBitmapColumn when rows say there which columns they bring; it is among `given`.
  std::optional<size_t> mask;
};

/// Matches the request's columns with the table's. A source column whose name an expression fills is there for expressions
/// alone. InvalidArgument when a name comes twice, an expression fills no column of the table, when a key column is missing,
/// when the delete options contradict each other, or when rows of a table that is not UNIQUE would be deletes.
Result<ColumnMapping> map_columns(const LoadRequest& request, const TableSchema& schema);

/// Reads a delete sign: 1 or true, 0 or false. False when the text is none.
bool parse_delete_sign(std::string_view text, uint8_t& sign);

}  // namespace freshet::ingest
