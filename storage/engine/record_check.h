#pragma once

#include <string>
#include <vector>

#include "storage/commit/recovery.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// Records that recovery reads later or never (labels, stream positions, numbers, history), and those whose rowset is gone.
/// Problems as sentences with a remedy. An error when the metadata store cannot be read.
Status check_records(MetaStore& meta, const RecoveredState& state, std::vector<std::string>& problems);

}  // namespace freshet::storage
