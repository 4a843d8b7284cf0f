#pragma once

#include <duckdb.hpp>
#include <duckdb/main/client_context_state.hpp>
#include <mutex>
#include <vector>

#include "query/result_writer.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// What one connection's running query tells beside DuckDB's own result: the storage's error with its code, and where the
/// result's columns come from. Any thread.
class QueryState final : public duckdb::ClientContextState {
 public:
  static duckdb::shared_ptr<QueryState> of(duckdb::ClientContext& context) {
    return context.registered_state->GetOrCreate<QueryState>("freshet");
  }

  /// `snapshot`: what the query reads; null: the newest when it begins.
  void begin(storage::ServerSnapshotPtr snapshot) {
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = Status::OK();
    columns_.clear();
    snapshot_ = std::move(snapshot);
  }
  storage::ServerSnapshotPtr snapshot() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return snapshot_;
  }

  /// Keeps the first error and ends the query.
  [[noreturn]] void fail(const Status& error) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (error_.ok()) error_ = error;
    }
    throw duckdb::IOException(error.message());
  }
  Status error() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return error_;
  }

  /// The result's columns as the plan shows them; empty when no plan was seen.
  void set_columns(std::vector<ResultColumn> columns) {
    const std::lock_guard<std::mutex> lock(mutex_);
    columns_ = std::move(columns);
  }
  std::vector<ResultColumn> columns() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return columns_;
  }

 private:
  mutable std::mutex mutex_;
  Status error_;                         ///< guarded by mutex_
  std::vector<ResultColumn> columns_;    ///< guarded by mutex_
  storage::ServerSnapshotPtr snapshot_;  ///< guarded by mutex_
};

}  // namespace freshet::query
