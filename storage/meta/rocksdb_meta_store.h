#pragma once

#include <memory>
#include <string>

#include "storage/meta/meta_store.h"

namespace rocksdb {
class Env;
}

namespace freshet::storage {

struct RocksDbOptions {
  bool read_only = false;                     ///< for `freshet check` and `inspect`
  uint64_t write_buffer_bytes = 64ull << 20;  ///< memtable of the store itself
  uint64_t resume_free_bytes = 16ull << 20;   ///< room that the disk must have before resume() opens the store again
  rocksdb::Env* env = nullptr;                ///< what the store reads and writes through; null: the system's. Outlives it
};

/// Opens, or creates, the metadata store in `directory`. A directory that another process holds open answers Unavailable;
/// one that has lost writes which were durable answers Corruption, as far as that can be told (storage/README.md, "Lost
/// metadata"). A file beside it, `directory`.witness, is part of the store.
Result<std::unique_ptr<MetaStore>> open_rocksdb_meta_store(const std::string& directory, const RocksDbOptions& options);

/// What is wrong with the witness beside a store that was opened, as a sentence with a remedy; empty when it is whole.
/// IoError when it cannot be read.
Result<std::string> check_store_witness(const std::string& directory);

}  // namespace freshet::storage
