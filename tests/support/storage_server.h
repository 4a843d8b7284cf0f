#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "storage/engine/storage_engine.h"
#include "storage/io/local_file_store.h"
#include "storage/meta/rocksdb_meta_store.h"
#include "storage/tablet/row_reader.h"

namespace freshet::test {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().to_string());
  return std::move(result).value();
}
inline void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.to_string());
}

/// A storage engine on a folder, which can be closed and opened again.
class StorageServer {
 public:
  explicit StorageServer(std::string folder, storage::StorageOptions options = {})
      : folder_(std::move(folder)), options_(options) {
    open();
  }

  storage::StorageEngine& operator*() { return *engine_; }
  storage::StorageEngine* operator->() { return engine_.get(); }
  void open() {
    engine_ = must(storage::StorageEngine::open(must(storage::open_rocksdb_meta_store(folder_ + "/meta", {})),
                                                must(storage::open_local_file_store(folder_ + "/segments")), options_));
  }
  void close() { engine_.reset(); }
  void restart() {
    close();
    open();
  }
  /// Problems that `freshet check` finds. REQUIRES: closed.
  std::vector<std::string> check() const {
    storage::RocksDbOptions options;
    options.read_only = true;
    const auto meta = must(storage::open_rocksdb_meta_store(folder_ + "/meta", options));
    const auto files = must(storage::open_local_file_store(folder_ + "/segments"));
    std::vector<std::string> problems;
    must(storage::check_data_directory(*meta, *files, problems));
    return problems;
  }

 private:
  const std::string folder_;
  const storage::StorageOptions options_;
  std::unique_ptr<storage::StorageEngine> engine_;
};

/// Every live row of a table, in no order.
inline Block live_rows(const storage::TableSnapshot& table) {
  Block result = Block::for_schema(*table.schema);
  std::vector<size_t> columns(result.columns.size());
  std::iota(columns.begin(), columns.end(), size_t{0});
  for (const storage::TabletSnapshotPtr& tablet : table.tablets) {
    std::vector<storage::RowLocation> locations;
    const auto add = [&](bool is_delta, size_t view, uint32_t rows, const storage::DeadRows& dead) {
      for (RowOrdinal row = 0; row < rows; ++row) {
        if (!dead.contains(row)) locations.push_back({is_delta, static_cast<uint32_t>(view), row});
      }
    };
    for (size_t i = 0; i < tablet->segments.size(); ++i) {
      add(false, i, tablet->segments[i].segment->meta().row_count, tablet->segments[i].dead);
    }
    for (size_t i = 0; i < tablet->deltas.size(); ++i) add(true, i, tablet->deltas[i].row_count, tablet->deltas[i].dead);
    must(storage::read_rows(*table.schema, *tablet, locations, columns, result.columns));
  }
  return result;
}

}  // namespace freshet::test
