#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ingest/column_files.h"

namespace freshet::query {

struct ParquetFilesOptions {
  uint64_t memory_bytes = 256ull << 20;  ///< of all files that are read at once
  std::string directory;                 ///< files lie here; nothing else of the disk can be read
};

/// Reads Parquet files for loads, in a DuckDB instance of its own that users of SQL cannot reach. Each load reads in its own
/// thread, rows in the order of the file.
std::unique_ptr<ingest::ColumnFiles> make_parquet_files(const ParquetFilesOptions& options);

}  // namespace freshet::query
