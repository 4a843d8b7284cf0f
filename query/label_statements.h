#pragma once

#include "query/ddl/statement.h"
#include "query/session_state.h"

namespace freshet::query {

/// CLEAN LABEL. What it says of a label that is not there, or whose load goes on: StorageEngine::clean_labels.
Status run_clean_label(const CleanLabel& statement, const QueryServices& services, ResultWriter& out);

}  // namespace freshet::query
