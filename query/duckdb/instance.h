#pragma once

#include <duckdb.hpp>
#include <memory>
#include <mutex>

#include "query/duckdb/engine.h"

namespace freshet::query {

using SnapshotProvider = DuckEngine::SnapshotProvider;
using HistoryProvider = DuckEngine::HistoryProvider;

/// The open DuckDB instance, replaced when a defect has made it refuse everything. Any thread.
class InstanceHolder {
 public:
  InstanceHolder(SnapshotProvider snapshots, HistoryProvider history, DuckEngineOptions options)
      : snapshots_(std::move(snapshots)), history_(std::move(history)), options_(std::move(options)) {}

  Result<std::shared_ptr<duckdb::DuckDB>> get();
  /// Of this instance and those that replace it; false when what is in use cannot be spilled below it now.
  bool set_memory_limit(uint64_t bytes);
  DuckEngine::Usage usage();
  const EngineViews& views() const { return options_.views; }

 private:
  Result<std::shared_ptr<duckdb::DuckDB>> open() const;

  const SnapshotProvider snapshots_;
  const HistoryProvider history_;
  std::mutex mutex_;
  DuckEngineOptions options_;                 ///< memory_bytes: guarded by mutex_; the others never change
  std::shared_ptr<duckdb::DuckDB> instance_;  ///< guarded by mutex_
};

}  // namespace freshet::query
