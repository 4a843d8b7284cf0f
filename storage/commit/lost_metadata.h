#pragma once

#include "storage/base/result.h"
#include "storage/io/file_store.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// Corruption when segment files prove that the metadata store has lost records: a file has an id that the store has never
/// reserved, or was written after a commit number that it has never reserved. Both are reserved, durably, before they are
/// used. Reads the names of all files and the ends of the newest `most_footers` that are whole.
Status check_not_older_than_files(MetaStore& meta, FileStore& files, size_t most_footers);

}  // namespace freshet::storage
