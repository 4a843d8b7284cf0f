#pragma once

#include <duckdb.hpp>
#include <span>
#include <vector>

#include "query/result_writer.h"
#include "query/target_column.h"
#include "storage/types/block.h"

namespace freshet::query {

/// Writes rows [first, first + count) of a chunk, cell by cell. `columns`: as they were announced to `out`.
Status write_rows(duckdb::DataChunk& chunk, duckdb::idx_t first, duckdb::idx_t count, std::span<const ResultColumn> columns,
                  ResultWriter& out);

/// Converts a chunk to a block whose columns have the types of `targets`. InvalidArgument when a value does not convert.
/// REQUIRES: as many columns as targets.
Status to_block(duckdb::DataChunk& chunk, std::span<const TargetColumn> targets, Block& block);

}  // namespace freshet::query
