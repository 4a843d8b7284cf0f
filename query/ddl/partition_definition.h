#pragma once

#include <vector>

#include "query/ddl/statement.h"
#include "storage/types/partition_map.h"

namespace freshet::query {

/// Partition names of FROM ... TO ... INTERVAL begin with it, as in Doris.
inline constexpr std::string_view kStepPartitionPrefix = "p_";

/// The partitions that a CREATE TABLE asks for; `schema` is what make_table_schema() made of it. InvalidArgument for a
/// column that cannot partition: of a wrong type, or no key column of a UNIQUE table.
Result<TablePartitioning> make_partitioning(const CreateTable& table, const TableSchema& schema);
/// The partitions that one item stands for: one, or a run of steps. InvalidArgument beyond kMaxPartitions steps.
Result<std::vector<PartitionDefinition>> expand_partition_item(const PartitionItem& item, const TableSchema& schema,
                                                               const PartitionScheme& scheme);
/// HOUR, DAY and the like; kNone for anything else.
PartitionUnit partition_unit(std::string_view name);

/// `PARTITION BY ...` with its partitions, for SHOW CREATE TABLE; empty for a table without.
std::string partition_clause(const TableSchema& schema, const PartitionMap& partitions);

}  // namespace freshet::query
