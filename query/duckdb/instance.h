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
  const EngineViews& views() const { return options_.views; }

 private:
  const SnapshotProvider snapshots_;
  const HistoryProvider history_;
  const DuckEngineOptions options_;
  std::mutex mutex_;
  std::shared_ptr<duckdb::DuckDB> instance_;  ///< guarded by mutex_
};

}  // namespace freshet::query
