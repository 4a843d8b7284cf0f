#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/types/aggregation.h"
#include "storage/types/data_type.h"

namespace freshet {

/// The stored numbers of table models: append only.
enum class TableModel : uint8_t {
  kUnique = 1,     ///< UNIQUE KEY or PRIMARY KEY: the newest row of a key is the only one.
  kDuplicate = 2,  ///< DUPLICATE KEY: rows are sorted, never deduplicated.
  kAggregate = 3,  ///< AGGREGATE KEY: a new row of a key is combined with the old one, column by column.
};

/// As in DDL, e.g. "UNIQUE KEY".
std::string_view table_model_name(TableModel model);

/// Name of the hidden column that marks a loaded row as a delete of its key. It is never stored.
inline constexpr std::string_view kDeleteSignColumn = "__DORIS_DELETE_SIGN__";
/// Name by which the sequence column of a table can always be addressed; a hidden column of its own when the table has
/// function_column.sequence_type.
inline constexpr std::string_view kSequenceColumn = "__DORIS_SEQUENCE_COL__";
/// Hidden column of tables that take flexible partial updates: NULL in the table, in a load what its row brings.
inline constexpr std::string_view kSkipBitmapColumn = "__DORIS_SKIP_BITMAP_COL__";
/// Hidden column of tables with a sequence column: when a row was deleted, in seconds since 1970; NULL = it was not.
inline constexpr std::string_view kDeleteTimeColumn = "__FRESHET_DELETE_TIME__";

struct ColumnSchema {
  ColumnId id = {};  ///< Never reused within a table; files name columns by it.
  std::string name = {};
  DataType type = {};
  bool is_key = false;
  bool nullable = true;
  bool auto_increment = false;
  Aggregation aggregation = Aggregation::kNone;  ///< value columns of kAggregate tables have one, others none
  /// Text of the DEFAULT; nothing when there is none. CURRENT_TIMESTAMP is a flag, since its text is not a value.
  std::optional<std::string> default_value = {};
  bool default_current_timestamp = false;
  /// An update that does not name the column sets it to the time of the update. Then default_current_timestamp holds too.
  bool on_update_current_timestamp = false;
  std::string comment = {};
  /// What rows have that are older than the column: its default when it was added, as format_value() writes it. Nothing =
  /// NULL. It never changes but with the type.
  std::optional<std::string> initial_default = {};
  bool hidden = false;       ///< no `*` means it; it comes behind the others
  bool is_sequence = false;  ///< of the rows of a key the one with the larger value here stays, whatever comes later
};

/// The columns of a table at one schema version: key columns first. Immutable once shared.
struct TableSchema {
  uint32_t version = 1;
  TableModel model = TableModel::kUnique;
  std::vector<ColumnSchema> columns;
  size_t key_count = 0;                ///< columns[0, key_count) are the key, in key order
  std::vector<size_t> bucket_columns;  ///< positions in `columns`; a subset of the key when is_unique(); empty = round robin
  uint32_t bucket_count = 1;
  ColumnId next_column_id{1};
  std::vector<std::pair<std::string, std::string>> properties;  ///< as given, for SHOW CREATE TABLE
  std::string comment;

  /// At most one row of each key is live: kUnique and kAggregate.
  bool is_unique() const { return model != TableModel::kDuplicate; }
  bool is_aggregate() const { return model == TableModel::kAggregate; }
  /// Position of the column called `name` (case-insensitive), or nothing. kSequenceColumn is the sequence column, whatever
  /// its name. Hidden ones are found too.
  std::optional<size_t> find(std::string_view name) const;
  std::optional<size_t> find(ColumnId id) const;
  /// columns[0, visible_count()) are those that users declared; the hidden ones come behind them.
  size_t visible_count() const;
  /// Position of the column that decides which row of a key stays; nothing: the later one stays.
  std::optional<size_t> sequence_column() const;
  /// Position of kSkipBitmapColumn; nothing: the table takes no flexible partial updates.
  std::optional<size_t> skip_bitmap_column() const;
  /// Position of kDeleteTimeColumn; every table with a sequence column has it, and no other.
  std::optional<size_t> delete_time_column() const;
  /// The closest column name for an error message ("did you mean"), or nothing when none is close.
  std::optional<std::string> closest_name(std::string_view name) const;
  /// Bytes for the metadata store, and back. Corruption when `bytes` is not a schema.
  std::string serialize() const;
  static Result<TableSchema> deserialize(std::string_view bytes);
};

using SchemaPtr = std::shared_ptr<const TableSchema>;

/// Value columns of a kAggregate table have an aggregation, its key and the columns of other tables none.
Status check_aggregation(TableModel model, const ColumnSchema& column);

/// Case-insensitive comparison of ASCII names, as MySQL compares column names.
bool same_name(std::string_view a, std::string_view b);

}  // namespace freshet
