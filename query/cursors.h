#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/session.h"
#include "query/workload/query_lanes.h"

namespace freshet::query {

/// The open cursors of one session, by the number of their prepared statement. Each holds the snapshot that it reads and a
/// suspended query in the engine of its workload group, which goes on only as far as rows are fetched; it does not wait in
/// the group's queue. One thread, but for interrupt(), forget_interrupt() and progress().
class Cursors {
 public:
  /// Borrows `lanes`. `limits`: what each call may take. At most `open_max` cursors are open at once.
  Cursors(QueryLanes& lanes, std::function<Result<StatementLimits>()> limits, uint64_t open_max)
      : lanes_(lanes), limits_(std::move(limits)), open_max_(open_max) {}

  /// Opens a cursor over a query in DuckDB's dialect; the other arguments as of DuckConnection, `access` outlives the
  /// cursor. ResourceExhausted when too many are open, Timeout when its first rows take too long.
  Result<std::vector<ResultColumn>> open(uint32_t id, std::string_view sql, const std::string& database,
                                         std::span<const Parameter> parameters, storage::ServerSnapshotPtr snapshot,
                                         storage::ServerSnapshotPtr committed, bool shows_hidden_columns,
                                         const EngineAccess& access);
  /// As Session::fetch. A cursor whose query fails is closed.
  Result<bool> fetch(uint32_t id, uint64_t rows, ResultWriter& out);
  void close(uint32_t id) { open_.erase(id); }
  void close_all() { open_.clear(); }

  /// Ends the call of open() or fetch() that runs, and those to come, with Cancelled until forget_interrupt(). Any thread.
  void interrupt();
  void forget_interrupt();
  /// Of the call that runs; nothing when none does. Any thread.
  std::optional<QueryProgress> progress() const;

 private:
  struct Cursor {
    std::shared_ptr<DuckEngine> engine;  ///< outlives its connection
    std::unique_ptr<RuledConnection> connection;
  };
  /// Runs `step` of a connection so that interrupt() and the time limit reach it.
  template <typename Step>
  auto within(const StatementLimits& limits, DuckConnection& connection, Step step);

  QueryLanes& lanes_;
  const std::function<Result<StatementLimits>()> limits_;
  const uint64_t open_max_;
  std::map<uint32_t, Cursor> open_;
  std::atomic<bool> is_late_ = false;  ///< the call that runs was interrupted by its time limit
  mutable std::mutex mutex_;           ///< guards what follows
  DuckConnection* running_ = nullptr;
  bool is_interrupted_ = false;
};

}  // namespace freshet::query
