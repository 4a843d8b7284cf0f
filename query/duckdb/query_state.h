#pragma once

#include <atomic>
#include <duckdb.hpp>
#include <duckdb/main/client_context_state.hpp>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "query/duckdb/engine.h"
#include "query/result_writer.h"
#include "query/session.h"
#include "storage/tablet/snapshot.h"

namespace freshet::query {

/// How far the scan of one table is. Any thread.
struct ScanProgress {
  uint64_t rows_to_scan = 0;  ///< set before others see it
  std::atomic<uint64_t> rows_done = 0;
};

/// What one connection's running query tells beside DuckDB's own result: the storage's error with its code, where the
/// result's columns come from, and whether its plan has more to read than it may. Any thread.
class QueryState final : public duckdb::ClientContextState {
 public:
  static duckdb::shared_ptr<QueryState> of(duckdb::ClientContext& context) {
    return context.registered_state->GetOrCreate<QueryState>("freshet");
  }

  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();

  /// `snapshot`: what the query reads; null: the newest when it begins. `committed`: DuckConnection::read_at. `access`: what
  /// it may read; null: everything. `most_scan_bytes`: a plan that has more to read is refused before it runs.
  void begin(storage::ServerSnapshotPtr snapshot, storage::ServerSnapshotPtr committed, const EngineAccess* access,
             double most_scan_bytes = kNoLimit) {
    const std::lock_guard<std::mutex> lock(mutex_);
    error_ = Status::OK();
    columns_.clear();
    scans_.clear();
    snapshot_ = std::move(snapshot);
    committed_ = std::move(committed);
    access_ = access;
    most_scan_bytes_ = most_scan_bytes;
    scan_bytes_ = 0;
    is_too_big_ = false;
  }
  storage::ServerSnapshotPtr snapshot() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return snapshot_;
  }

  storage::ServerSnapshotPtr committed() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return committed_;
  }
  const EngineAccess* access() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return access_;
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

  double most_scan_bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return most_scan_bytes_;
  }
  /// About what the plan has to read; 0 when no plan was seen.
  void set_scan_bytes(double bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    scan_bytes_ = bytes;
  }
  double scan_bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return scan_bytes_;
  }
  /// Ends a query whose plan has more to read than most_scan_bytes().
  [[noreturn]] void refuse_as_too_big() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_too_big_ = true;
    }
    fail(Status::ResourceExhausted("the query has more to read than small queries may"));
  }
  bool is_too_big() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return is_too_big_;
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

  void add_scan(std::shared_ptr<const ScanProgress> scan) {
    const std::lock_guard<std::mutex> lock(mutex_);
    scans_.push_back(std::move(scan));
  }
  /// Of all scans of the query that have begun, together.
  QueryProgress progress() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    QueryProgress progress;
    for (const auto& scan : scans_) {
      progress.rows_scanned += scan->rows_done.load(std::memory_order_relaxed);
      progress.rows_to_scan += scan->rows_to_scan;
    }
    return progress;
  }

 private:
  mutable std::mutex mutex_;
  Status error_;                                            ///< guarded by mutex_
  std::vector<ResultColumn> columns_;                       ///< guarded by mutex_
  storage::ServerSnapshotPtr snapshot_;                     ///< guarded by mutex_
  storage::ServerSnapshotPtr committed_;                    ///< guarded by mutex_
  std::vector<std::shared_ptr<const ScanProgress>> scans_;  ///< guarded by mutex_
  double most_scan_bytes_ = kNoLimit;                       ///< guarded by mutex_
  bool is_too_big_ = false;                                 ///< guarded by mutex_
  double scan_bytes_ = 0;                                   ///< guarded by mutex_
  const EngineAccess* access_ = nullptr;                    ///< guarded by mutex_
};

}  // namespace freshet::query
