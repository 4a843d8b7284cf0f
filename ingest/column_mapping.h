#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

/// How the columns of a load's rows become the columns of its table.
struct ColumnMapping {
  std::vector<SourceColumn> sources;  ///< in the order of a CSV row
  std::vector<size_t> given;          ///< positions in the schema that rows bring, ascending
  bool all_deletes = false;           ///< merge_type DELETE: every row deletes its key
  /// Position of the given column whose values are the sequences as well, in a table with a hidden sequence column.
  std::optional<size_t> sequence_source;
  /// Position of kSkipBitmapColumn when rows say there which columns they bring; it is among `given`.
  std::optional<size_t> mask;
};

/// Matches the request's columns with the table's. InvalidArgument when a name comes twice, when a key column is missing,
/// when the delete options contradict each other, or when rows of a table that is not UNIQUE would be deletes.
Result<ColumnMapping> map_columns(const LoadRequest& request, const TableSchema& schema);

}  // namespace freshet::ingest
