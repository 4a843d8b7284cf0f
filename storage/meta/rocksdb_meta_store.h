#pragma once

#include <memory>
#include <string>

#include "storage/meta/meta_store.h"

namespace freshet::storage {

struct RocksDbOptions {
  bool read_only = false;                     ///< for `freshet check` and `inspect`
  uint64_t write_buffer_bytes = 64ull << 20;  ///< memtable of the store itself
};

/// Opens, or creates, the metadata store in `directory`. A directory that another process holds open answers Unavailable.
Result<std::unique_ptr<MetaStore>> open_rocksdb_meta_store(const std::string& directory, const RocksDbOptions& options);

}  // namespace freshet::storage
