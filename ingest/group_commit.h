#pragma once

#include "ingest/load_request.h"
#include "storage/types/schema.h"

namespace freshet::ingest {

/// Whether a load may share its commit: Doris ignores groups for two phases, partial columns and chosen partitions.
bool may_commit_in_group(const LoadRequest& request);

/// Whether a load shares its commit with others: if it may, what it asks for, else the table's property
/// group_commit_mode. One with a label commits by itself, but is InvalidArgument when it asks for a group.
Result<bool> commits_in_group(const LoadRequest& request, const TableSchema& schema);

}  // namespace freshet::ingest
