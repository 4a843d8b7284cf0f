#pragma once

#include <string>
#include <vector>

#include "storage/types/partition.h"

namespace freshet::query {

/// The names of these columns: "day, region".
std::string column_list(const TableSchema& schema, const std::vector<ColumnId>& columns);

/// As Doris writes it: "[types: [DATE]; keys: [2024-01-01]; ..types: [DATE]; keys: [2024-02-01]; )".
std::string doris_bounds_text(const TableSchema& schema, const PartitionScheme& scheme, const PartitionBounds& bounds);

}  // namespace freshet::query
