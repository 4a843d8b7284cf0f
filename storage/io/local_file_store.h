#pragma once

#include <memory>
#include <string>

#include "storage/io/file_store.h"

namespace freshet::storage {

/// Files in one directory of the local disk, made when missing. Quarantined files move to its subfolder `quarantine`.
Result<std::unique_ptr<FileStore>> open_local_file_store(const std::string& directory);

}  // namespace freshet::storage
