#pragma once

#include <vector>

#include "ingest/load_request.h"
#include "storage/commit/load_commit.h"
#include "storage/types/schema.h"

namespace freshet::ingest {

/// What a load with `partial_columns` replaces; null when the request is for whole rows or deletes. InvalidArgument or
/// Unsupported when the table, its key or the request's columns do not allow it.
Result<storage::PartialColumnsPtr> partial_columns_of(const LoadRequest& request, const TableSchema& schema);

/// The same for rows that bring the columns at `given`, in any order.
Result<storage::PartialColumnsPtr> partial_columns_for(std::vector<size_t> given, bool new_keys_fail,
                                                       const TableSchema& schema);

}  // namespace freshet::ingest
