#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "storage/io/file_store.h"

namespace freshet::storage {

constexpr size_t kMostOpenFiles = 16384;

/// Files in one directory of the local disk, made when missing. Quarantined files move to its subfolder `quarantine`.
/// At most `most_open` of the files that are read have a descriptor at a time; the others are opened again when they are
/// read, so their names must not be taken from them (`remove`, `quarantine`) before.
Result<std::unique_ptr<FileStore>> open_local_file_store(const std::string& directory, size_t most_open = kMostOpenFiles);

}  // namespace freshet::storage
