#pragma once

#include "ingest/load_request.h"
#include "storage/types/schema.h"

namespace freshet::ingest {

/// Whether a load shares its commit with others: what it asks for, else the table's property group_commit_mode. Where Doris
/// ignores both (two phases, partial columns, chosen partitions) it commits by itself. One with a label does so too, but is
/// InvalidArgument when it asks for a group.
Result<bool> commits_in_group(const LoadRequest& request, const TableSchema& schema);

}  // namespace freshet::ingest
