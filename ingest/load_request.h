#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/result.h"

namespace freshet::ingest {

/// The numbers are stored in the records of routine loads.
enum class LoadFormat : uint8_t { kCsv, kCsvWithNames, kCsvWithNamesAndTypes, kJson, kParquet, kArrow, kDebeziumJson = 16 };
/// Whether rows or bodies name their columns, whose order is then nothing.
inline bool names_columns(LoadFormat format) { return format >= LoadFormat::kJson; }
/// Whether a message of a stream can be of this format.
inline bool comes_in_messages(LoadFormat format) {
  return format <= LoadFormat::kJson || format == LoadFormat::kDebeziumJson;
}
enum class MergeType : uint8_t { kAppend, kDelete, kMerge };
/// What becomes of the rows of a partial update whose keys are not in the table. The numbers are stored in the records of
/// routine loads.
enum class NewKeys : uint8_t {
  kTaken,    ///< they are new rows, with defaults in the columns that they do not bring
  kRefused,  ///< the load is refused: partial_update_new_key_behavior ERROR
  kRejected  ///< they are rejected rows: strict_mode, unless partial_update_new_key_behavior is given
};
enum class Compression : uint8_t { kNone, kGzip, kDeflate, kBzip2, kLz4Frame, kZstd, kSnappyFrame };

/// `column = expression`, over the source columns of a row.
struct ColumnExpression {
  std::string column;
  std::string expression;
};

/// What a client says about the rows it sends, whatever way they come (Stream Load headers, routine-load properties).
struct LoadRequest {
  std::string database;
  std::string table;
  std::string label;  ///< empty = one is made up
  LoadFormat format = LoadFormat::kCsv;
  std::string column_separator = "\t";
  std::string line_delimiter = "\n";
  char enclose = 0;  ///< 0 = none
  char escape = 0;   ///< 0 = none
  bool trim_double_quotes = false;
  bool empty_field_as_null = false;
  uint64_t skip_lines = 0;
  /// Source columns in order (hidden columns included at the end); empty = the table's columns in order. A name that is no
  /// column of the table is read and dropped.
  std::vector<std::string> columns;
  std::vector<std::string> hidden_columns;
  bool takes_more_fields = false;             ///< CSV: fields behind `columns` are dropped; else such a row is rejected
  std::vector<ColumnExpression> expressions;  ///< of `columns`: columns of the table that are computed
  std::string preceding_filter;               ///< condition on source columns; other rows are left out; empty = none
  std::string where;                          ///< condition on the row as it will be stored; empty = none
  std::string delete_condition;               ///< kMerge: rows for which it is true delete their key
  Compression compression = Compression::kNone;
  double max_filter_ratio = 0;
  bool strict_mode = false;
  MergeType merge_type = MergeType::kAppend;
  bool partial_columns = false;   ///< rows replace only the columns they bring
  bool flexible_columns = false;  ///< ... each row its own (JSON), with `partial_columns`
  NewKeys partial_new_keys = NewKeys::kTaken;
  /// function_column.sequence_col: the source column whose values are the rows' sequences, in a table whose sequence column
  /// is hidden. It may be a column of the table as well. Empty: rows bring kSequenceColumn, or a visible sequence column.
  std::string sequence_column;
  bool strip_outer_array = false;
  bool read_json_by_line = false;  ///< if neither this nor strip_outer_array is given, lines are read
  bool num_as_string = false;
  std::string json_root;
  std::vector<std::string> jsonpaths;   ///< each "$.a.b[0]"; positional with `columns`
  std::vector<std::string> partitions;  ///< rows outside of these are rejected; empty = all are taken
  bool single_tablet = false;           ///< only for tables DISTRIBUTED BY RANDOM; changes nothing there
  std::optional<bool> group_commit;     ///< may share its commit with other small loads; unset: the table tells
  bool two_phase_commit = false;        ///< the load is durable when it is answered, and visible after a second request
  std::string time_zone;                ///< that expressions are meant in; empty = UTC
  uint64_t timeout_seconds = 0;         ///< 0 = the server's default
  std::string comment;
  std::string client;  ///< who sends it, for lists of loads: an address
  std::string user;    ///< ... and a name
};

/// Fills a request from (name, value) pairs: Stream Load headers or routine-load properties, names in any case. Unknown
/// names are ignored; a known one with a bad value, or one that asks for what is not offered, is InvalidArgument or
/// Unsupported with Doris's text where it has one.
Status apply_load_properties(const std::vector<std::pair<std::string, std::string>>& properties, LoadRequest& request);

}  // namespace freshet::ingest
