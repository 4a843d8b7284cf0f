#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/tablet/snapshot.h"
#include "storage/types/block.h"

namespace freshet::ingest {

/// The rows of `block`, ascending, whose keys have no row in `table`: those that a partial update would add. Deletes are not
/// among them. `block` has the columns of `schema`, a version of the table's; `mask`: as in PartialColumns.
Result<std::vector<uint32_t>> rows_of_new_keys(const storage::TableSnapshot& table, const TableSchema& schema,
                                               const Block& block, std::optional<size_t> mask);

}  // namespace freshet::ingest
