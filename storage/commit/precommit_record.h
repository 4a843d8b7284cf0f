#pragma once

#include <string>
#include <string_view>

#include "storage/commit/load_commit.h"

namespace freshet::storage {

/// A load whose rows are durable and wait for the second phase of its commit: all of LoadCommit (FORMAT.md, "Precommitted
/// load"). The keys of its segments are left out: the commit reads them from the files. REQUIRES: it has a label and no
/// offsets.
std::string encode_precommit(const LoadCommit& load);
/// Corruption for anything that encode_precommit did not write.
Result<LoadCommit> decode_precommit(std::string_view bytes);

}  // namespace freshet::storage
