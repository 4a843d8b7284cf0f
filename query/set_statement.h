#pragma once

#include "query/dml/read_write.h"

namespace freshet::query {

/// SET: variables of the session, of the server (GLOBAL), and the user's (@name). Values that are expressions are evaluated.
/// The assignments before one that fails stay, as in MySQL.
Status run_set(const Set& set, const WriteContext& context, ResultWriter& out);

}  // namespace freshet::query
