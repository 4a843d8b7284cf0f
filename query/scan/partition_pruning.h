#pragma once

#include <span>
#include <vector>

#include "query/scan/pruning.h"
#include "storage/types/partition_map.h"

namespace freshet::query {

/// For each partition, in the order of `partitions`: false only when no row in it can satisfy all `conditions`. Ranges over
/// several columns are told apart by the first.
std::vector<bool> matching_partitions(const TableSchema& schema, const PartitionMap& partitions,
                                      std::span<const ColumnCondition> conditions);

}  // namespace freshet::query
