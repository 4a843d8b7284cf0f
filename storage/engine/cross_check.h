#pragma once

#include <string>
#include <vector>

#include "storage/commit/recovery.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// Compares the records with each other: what one says must be there is there, and what is there is known to one. So a
/// record that is lost as a whole is noticed, where no checksum can tell. Commits before the first start of a build that
/// leaves such records are compared as far as they go. Problems as sentences with a remedy; an error when the metadata
/// store cannot be read.
Status cross_check_records(MetaStore& meta, const RecoveredState& state, std::vector<std::string>& problems);

}  // namespace freshet::storage
