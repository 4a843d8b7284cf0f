#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "query/accounts/account_statements.h"
#include "query/dialect/literal.h"
#include "query/dialect/point_select.h"
#include "storage/types/partition.h"

/// What the parser makes of a statement's text: plain structs, one for each kind, in one variant at the end.
///
/// Every std::string_view points into the text that was parsed, which must outlive the statement; expressions are kept as
/// they are written. Names are as written, without quotes; keywords of types and options are in upper case.
namespace freshet::query {

struct TableName {
  std::string database;  ///< empty = the current one
  std::string table;
  /// "db.t" or "t", for messages.
  std::string to_string() const { return database.empty() ? table : database + "." + table; }
};

using Properties = std::vector<std::pair<std::string, std::string>>;

// --- databases and tables ---

struct CreateDatabase {
  std::string name;
  bool if_not_exists = false;
};

struct DropDatabase {
  std::string name;
  bool if_exists = false;
  bool force = false;
};

/// A type as written: `BIGINT UNSIGNED` is {"BIGINT", {}, true}, `DECIMAL(10, 2)` is {"DECIMAL", {"10", "2"}, false}.
struct TypeName {
  std::string name;
  std::vector<std::string> arguments;
  bool is_unsigned = false;
};

enum class DefaultKind : uint8_t { kNone, kNull, kText, kCurrentTimestamp, kCurrentDate, kExpression };

struct ColumnDefinition {
  std::string name;
  TypeName type;
  std::optional<bool> nullable;  ///< nothing when neither NULL nor NOT NULL is written
  bool is_key = false;           ///< Doris's or MySQL's bare KEY
  bool is_primary_key = false;
  bool is_unique = false;
  bool auto_increment = false;
  std::optional<uint64_t> auto_increment_start;  ///< AUTO_INCREMENT(n)
  bool on_update_current_timestamp = false;
  DefaultKind default_kind = DefaultKind::kNone;
  std::string default_text;  ///< for kText the value, for kExpression what was written
  std::string aggregate;     ///< SUM, REPLACE, ...; empty when there is none
  std::string comment;
};

enum class IndexKind : uint8_t { kPlain, kUnique, kFulltext, kSpatial };

struct IndexDefinition {
  std::string name;  ///< empty when none is given
  IndexKind kind = IndexKind::kPlain;
  std::vector<std::string> columns;
};

enum class KeyModel : uint8_t { kNone, kUnique, kDuplicate, kAggregate, kPrimary };
enum class Distribution : uint8_t { kNone, kHash, kRandom };

/// One item between the parentheses of PARTITION BY, or of ALTER TABLE ADD PARTITION.
struct PartitionItem {
  PartitionDefinition definition;  ///< with FROM ... TO ... INTERVAL: the whole range, without a name
  uint64_t step = 0;               ///< the number behind INTERVAL; 0 = one partition
  std::string step_unit;           ///< DAY and the like; empty = numbers
  bool if_not_exists = false;
};

struct PartitionClause {
  PartitionKind kind = PartitionKind::kRange;
  bool is_auto = false;
  std::vector<std::string> columns;
  std::string unit;  ///< of date_trunc, upper case; empty when there is none
  std::vector<PartitionItem> items;
};

struct CreateTable {
  TableName name;
  bool if_not_exists = false;
  std::vector<ColumnDefinition> columns;
  KeyModel key_model = KeyModel::kNone;  ///< kPrimary also for MySQL's PRIMARY KEY inside the column list
  std::vector<std::string> key_columns;
  std::vector<IndexDefinition> indexes;
  Distribution distribution = Distribution::kNone;
  std::vector<std::string> distribution_columns;
  std::optional<uint64_t> buckets;  ///< nothing = AUTO or not given
  bool auto_buckets = false;        ///< BUCKETS AUTO
  std::optional<PartitionClause> partitioning;
  std::string rollup_clause;
  std::vector<std::string> cluster_columns;
  Properties properties;
  Properties options;  ///< MySQL's table options, names in upper case; ENGINE and COMMENT are apart
  std::string engine;
  std::string comment;
  std::string_view query;  ///< of AS SELECT; empty = none. Then there may be no columns
};

struct CreateTableLike {
  TableName name;
  TableName source;
  bool if_not_exists = false;
};

struct DropTable {
  std::vector<TableName> names;
  bool if_exists = false;
  bool force = false;
};

/// CREATE VIEW and ALTER VIEW.
struct CreateView {
  TableName name;
  bool if_not_exists = false;
  bool or_replace = false;
  bool must_exist = false;  ///< ALTER VIEW
  std::vector<std::string> columns;
  std::string comment;
  std::string_view query;
};

struct DropView {
  std::vector<TableName> names;
  bool if_exists = false;
};

struct TruncateTable {
  TableName name;
  std::vector<std::string> partitions;  ///< empty = the whole table
};

/// Accepted without effect: zone maps and key filters serve instead.
struct CreateIndex {
  TableName table;
  IndexDefinition index;
  bool if_not_exists = false;
};

struct DropIndex {
  TableName table;
  std::string name;
  bool if_exists = false;
};

enum class AlterKind : uint8_t {
  kAddColumn,
  kDropColumn,
  kModifyColumn,   ///< also MySQL's CHANGE: `name` is the old name, `column.name` the new one
  kModifyDefault,  ///< of column `name`, to that of `column`
  kModifyComment,  ///< of column `name`, to `new_name`
  kRenameColumn,
  kReorderColumns,  ///< ORDER BY `names`
  kRenameTable,
  kSetProperties,
  kTableComment,   ///< to `new_name`
  kEnableFeature,  ///< `name`, with `properties`
  kIndex,          ///< ADD or DROP INDEX: without effect
  kCompact,        ///< COMPACT: flush and rewrite the table as one segment a bucket
  kAddPartition,
  kDropPartition,      ///< `name`
  kRenamePartition,    ///< `name` to `new_name`
  kTruncatePartition,  ///< `name`
  kOther,              ///< anything else; see the text
};

struct AlterClause {
  AlterKind kind = AlterKind::kOther;
  ColumnDefinition column;
  std::string name;
  std::string new_name;
  std::vector<std::string> names;
  bool if_exists = false;  ///< DROP IF EXISTS, ADD IF NOT EXISTS
  bool first = false;
  std::string after;  ///< empty = not given
  Properties properties;
  PartitionItem partition;  ///< of kAddPartition
};

/// RENAME TABLE a TO b, c TO d: one after the other, all of them in one commit.
struct RenameTables {
  std::vector<std::pair<TableName, TableName>> renames;
};

/// ALTER TABLE a REPLACE WITH TABLE b: b becomes a. With `swap` a becomes b, else it is dropped.
struct ReplaceTable {
  TableName name;
  std::string by;
  bool swap = true;
};

struct AlterTable {
  TableName name;
  std::vector<AlterClause> clauses;
  std::string_view text;
};

// --- SHOW and DESCRIBE ---

enum class ShowKind : uint8_t {
  kDatabases,
  kTables,
  kTableStatus,
  kColumns,  ///< also DESC
  kIndex,
  kCreateTable,
  kCreateDatabase,
  kCreateRoutineLoad,
  kVariables,
  kStatus,
  kWarnings,
  kErrors,
  kCountWarnings,  ///< COUNT(*) WARNINGS
  kCountErrors,
  kEngines,
  kCollation,
  kCharset,
  kProcesslist,
  kRoutineLoad,
  kRoutineLoadTask,
  kFrontends,
  kBackends,
  kTransaction,
  kLoad,
  kStreamLoad,
  kLastInsert,
  kAlterTableColumn,
  kPartitions,
  kTablets,
  kData,
  kCatalogs,
  kPlugins,
  kPrivileges,
  kViews,
  kProc,  ///< PROC '/path', which is in `name`
  kVersions,
  kWorkloadGroups,
  kOther,  ///< see the text
};

struct Show {
  ShowKind kind = ShowKind::kOther;
  std::string database;             ///< FROM db, or the database of the named object; empty = the current one
  std::string name;                 ///< table, routine-load job, or created object; empty = all
  bool full = false;                ///< FULL
  bool all = false;                 ///< ALL (also finished jobs)
  bool global = false;              ///< GLOBAL
  std::optional<std::string> like;  ///< pattern, escapes resolved
  std::string_view where;           ///< condition as written; empty = none
  struct Order {
    std::string column;
    bool is_descending = false;
  };
  std::vector<Order> order_by;
  std::optional<uint64_t> limit;
  uint64_t offset = 0;
  std::string_view text;
};

struct Explain {
  bool verbose = false;
  bool analyze = false;
  std::string format;      ///< of FORMAT = ..., upper case; empty when not given
  std::string_view inner;  ///< the statement that is explained
};

// --- rows ---

/// `column = expression`, the expression as written.
struct Assignment {
  std::string column;
  std::string_view expression;
};

enum class InsertMode : uint8_t { kInsert, kReplace, kOverwrite };

/// INSERT, REPLACE and INSERT OVERWRITE. Rows of literals lie side by side in `values`, `width` to a row.
struct Insert {
  InsertMode mode = InsertMode::kInsert;
  bool ignore = false;
  TableName table;
  std::string label;                    ///< WITH LABEL; empty when not given
  std::vector<std::string> partitions;  ///< rows elsewhere are refused; empty = all are taken
  std::vector<std::string> columns;     ///< empty = all, in table order
  /// True when some value is no literal: then `cells` has all of them, `width` to a row; or when rows come from a query:
  /// then `source` has its text.
  bool needs_engine = false;
  std::vector<Literal> values;
  size_t width = 0;
  size_t row_count = 0;
  uint32_t placeholder_count = 0;  ///< in `values`
  LiteralText literal_text;
  std::vector<std::string_view> cells;
  std::string_view source;
  std::string row_alias;  ///< VALUES (...) AS alias(names): what ON DUPLICATE KEY UPDATE calls the new row
  std::vector<std::string> row_alias_columns;
  std::vector<Assignment> on_duplicate;
  std::string_view text;
};

/// The table whose rows an UPDATE or DELETE changes, and how it finds them. Views are as written; empty = not given.
struct ChangedRows {
  TableName table;
  std::string alias;
  std::vector<std::string> partitions;
  std::string_view with;            ///< WITH and its queries
  std::string_view sources;         ///< what stands behind FROM or USING: the tables that are read beside this one
  bool sources_have_table = false;  ///< MySQL's joined forms: `sources` names this table too
  std::string_view where;
  std::string_view tail;  ///< ORDER BY and LIMIT
  std::string_view text;  ///< the whole statement
};

struct Delete {
  ChangedRows rows;
  /// The condition as equalities joined by AND, if it has that form and nothing else is given; placeholders are counted from
  /// the statement's start.
  std::optional<std::vector<PointEquality>> equalities;
  LiteralText literal_text;
};

struct Update {
  ChangedRows rows;
  std::vector<Assignment> assignments;
};

/// A clause of MERGE INTO, as written.
struct MergeClause {
  enum class Kind : uint8_t { kUpdate, kDelete, kInsert };
  Kind kind = Kind::kUpdate;  ///< kInsert: WHEN NOT MATCHED
  std::string_view condition;
  std::vector<Assignment> assignments;   ///< of kUpdate
  std::vector<std::string> columns;      ///< of kInsert; empty = all
  std::vector<std::string_view> values;  ///< of kInsert
};

struct Merge {
  TableName table;
  std::string alias;
  std::string_view with;  ///< WITH and its queries; empty = none
  std::string_view source;
  std::string_view on;
  std::vector<MergeClause> clauses;
  std::string_view text;
};

/// What only the engine can run: SELECT, WITH, VALUES, TABLE.
struct Query {
  std::string_view text;
  std::optional<PointSelect> point;
};

/// DO expression, ...
struct Do {
  std::string query;  ///< the SELECT of them
};

// --- routine loads ---

enum class MergeType : uint8_t { kAppend, kDelete, kMerge };

/// A name of the source's fields, or `name = expression`.
struct LoadColumn {
  std::string name;
  std::string_view expression;  ///< empty = a field
};

struct CreateRoutineLoad {
  std::string database;  ///< empty = the current one
  std::string job;
  std::string table;  ///< empty = the rows name their tables
  MergeType merge_type = MergeType::kAppend;
  std::optional<std::string> column_separator;
  std::optional<std::string> line_delimiter;
  std::vector<LoadColumn> columns;
  std::string_view preceding_filter;
  std::string_view where;
  std::vector<std::string> partitions;
  std::string_view delete_on;
  std::string sequence_column;
  Properties properties;
  std::string source;  ///< KAFKA
  Properties source_properties;
  std::string comment;
};

struct AlterRoutineLoad {
  std::string database;
  std::string job;
  Properties properties;
  std::string source;  ///< empty when there is no FROM clause
  Properties source_properties;
};

enum class RoutineLoadAction : uint8_t { kPause, kResume, kStop };

struct ControlRoutineLoad {
  RoutineLoadAction action = RoutineLoadAction::kPause;
  bool all = false;  ///< every job of the database
  std::string database;
  std::string job;
};

/// CLEAN LABEL [label] FROM db: the names of loads that have ended may be used again.
struct CleanLabel {
  std::string database;
  std::string label;  ///< empty: all of the database
};

// --- session ---

struct Use {
  std::string database;
};

enum class SetScope : uint8_t { kSession, kGlobal, kUserVariable };

/// One assignment of SET. NAMES and CHARACTER SET appear as variables "names" and "character set"; SET TRANSACTION as
/// "transaction_isolation" ("READ-COMMITTED") and "transaction_read_only" ("ON", "OFF").
struct SetAssignment {
  SetScope scope = SetScope::kSession;
  std::string name;            ///< lower case
  bool is_default = false;     ///< = DEFAULT
  bool is_expression = false;  ///< `value` is SQL, not a plain value
  bool is_quoted = false;      ///< `value` was a quoted string
  std::string value;
};

struct Set {
  std::vector<SetAssignment> assignments;
};

enum class TransactionAction : uint8_t { kBegin, kCommit, kRollback, kSetSavepoint, kReturnToSavepoint, kReleaseSavepoint };

struct Transaction {
  TransactionAction action = TransactionAction::kBegin;
  std::string label = {};      ///< BEGIN WITH LABEL; empty when not given
  std::string savepoint = {};  ///< of the last three actions
};

enum class NamedAction : uint8_t { kPrepare, kExecute, kDeallocate };

/// PREPARE name FROM text, EXECUTE name USING variables, DEALLOCATE PREPARE name.
struct NamedStatement {
  NamedAction action = NamedAction::kPrepare;
  std::string name = {};                    ///< lower case
  std::string text = {};                    ///< kPrepare
  std::vector<std::string> variables = {};  ///< names of user variables; kPrepare: the one that has the text, if any
};

/// Doris's SYNC: what was committed before is visible after.
struct Sync {};

struct Kill {
  uint64_t connection_id = 0;
  bool query_only = false;
};

enum class WorkloadGroupAction : uint8_t { kCreate, kAlter, kDrop };

/// CREATE, ALTER and DROP WORKLOAD GROUP.
struct ChangeWorkloadGroup {
  WorkloadGroupAction action = WorkloadGroupAction::kCreate;
  bool if_fits = false;  ///< IF NOT EXISTS, or IF EXISTS
  std::string name;
  Properties properties;
};

/// SET PROPERTY [FOR user] "name" = "value", ...
struct SetUserProperties {
  std::string user;  ///< empty = the session's
  Properties properties;
};

enum class TableMaintenance : uint8_t { kCheck, kAnalyze, kOptimize, kRepair, kChecksum };

/// CHECK, ANALYZE, OPTIMIZE, REPAIR and CHECKSUM TABLE.
struct MaintainTables {
  TableMaintenance work = TableMaintenance::kCheck;
  std::vector<TableName> tables;
};

/// Accepted without effect: FLUSH, LOCK TABLES, ADMIN SET and the like.
struct NoOperation {
  std::string what;  ///< e.g. "FLUSH", for the note
};

using Statement = std::variant<Query, Do, Insert, Delete, Update, Merge, CreateDatabase, DropDatabase, CreateTable,
                               CreateTableLike, DropTable, CreateView, DropView, TruncateTable, CreateIndex, DropIndex,
                               AlterTable, RenameTables, ReplaceTable, Show, Explain, CreateRoutineLoad, AlterRoutineLoad,
                               ControlRoutineLoad, CleanLabel, Use, Set, ChangeWorkloadGroup, SetUserProperties, Transaction,
                               NamedStatement, Sync, Kill, AccountStatement, MaintainTables, NoOperation>;

}  // namespace freshet::query
