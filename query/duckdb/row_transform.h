#pragma once

#include <memory>

#include "ingest/row_transform.h"
#include "query/duckdb/instance.h"

namespace freshet::query {

/// Evaluates the expressions of loads in the holder's instance, which must outlive it. The dialect is that of SQL; what
/// users of SQL cannot reach, loads cannot reach.
std::unique_ptr<ingest::RowTransforms> make_row_transforms(InstanceHolder& holder);

}  // namespace freshet::query
