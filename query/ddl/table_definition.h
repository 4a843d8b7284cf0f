#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/ddl/statement.h"
#include "storage/base/result.h"
#include "storage/types/partition_map.h"
#include "storage/types/schema.h"

namespace freshet::query {

/// Buckets of a table whose DDL names no number, or AUTO.
inline constexpr uint32_t kDefaultBuckets = 1;
/// Most columns of the sort key that a table without a key clause gets.
inline constexpr size_t kMaxImplicitKeyColumns = 3;

/// The schema that a CREATE TABLE asks for, in Doris's dialect or plain MySQL's; ids are numbered from 1.
///
/// Doris's UNIQUE KEY and DUPLICATE KEY must name the first columns; MySQL's PRIMARY KEY may name any, which are then moved
/// to the front. Without either, columns before one with an aggregation are the key of an AGGREGATE KEY table, a single
/// UNIQUE index over NOT NULL columns is the key, else the first columns (at most three) are the sort key of a DUPLICATE
/// table. A unique table is distributed over its key columns unless DISTRIBUTED BY says otherwise. InvalidArgument for what
/// is wrong, Unsupported for what is not offered (ROLLUP, ...), with the name of the column or property.
Result<TableSchema> make_table_schema(const CreateTable& table);
/// What properties are accepted without effect though they name columns, as sentences for SHOW WARNINGS.
std::vector<std::string> property_notes(const Properties& properties);
/// What CREATE TABLE accepts without effect, those properties included.
std::vector<std::string> create_table_notes(const CreateTable& table);
/// InvalidArgument for names that Doris keeps for its hidden columns.
Status check_column_name(std::string_view name);
/// One column, for ALTER TABLE ADD or MODIFY COLUMN: not a key, `id` left 0.
Result<ColumnSchema> make_column_schema(const ColumnDefinition& column);
/// A type as written -> a type. `column` is for messages.
Result<DataType> resolve_type(const TypeName& type, std::string_view column);
/// Checks what a definition says of aggregation, and notes it in `column`, whose type is known.
Status resolve_aggregation(const ColumnDefinition& definition, ColumnSchema& column);

/// The statement that makes the table again, in Doris's dialect. `database` may be empty.
std::string show_create_table(std::string_view database, std::string_view table, const TableSchema& schema,
                              const PartitionMap& partitions);

/// The same as MySQL words it: the key as PRIMARY KEY, comments in its form, names of types that it knows. What MySQL has no
/// words for (aggregation, partitions, buckets, properties) is left out.
std::string show_create_table_as_mysql(std::string_view table, const TableSchema& schema);

/// ON UPDATE CURRENT_TIMESTAMP is for value columns of UNIQUE tables.
Status check_on_update(TableModel model, const ColumnSchema& column);

/// A row of DESC.
struct DescribeRow {
  std::string field;
  std::string type;
  std::string null;                          ///< "Yes" or "No"
  std::string key;                           ///< "true" or "false"
  std::optional<std::string> default_value;  ///< nothing is shown as NULL
  std::string extra;                         ///< "" for keys, the aggregation of values ("NONE", "SUM"), "AUTO_INCREMENT"
};

std::vector<DescribeRow> describe_table(const TableSchema& schema, bool shows_hidden);

}  // namespace freshet::query
