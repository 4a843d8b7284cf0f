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
#include "query/workload/lane_entry.h"

namespace freshet::query {

/// The open cursors of one session, by the number of their prepared statement. Each holds the snapshot that it reads and a
/// suspended query in the engine of its workload group, which goes on only as far as rows are fetched. open() and each
/// fetch() wait in the group's queue, and have a place there while they run; a cursor that nobody fetches from has none. One
/// thread, but for interrupt(), forget_interrupt() and progress().
class Cursors {
 public:
  /// Borrows `lanes`. `limits`: what each call may take. At most `open_max` cursors are open at once.
  Cursors(QueryLanes& lanes, std::function<Result<StatementLimits>()> limits, uint64_t open_max)
      : lanes_(lanes), limits_(std::move(limits)), open_max_(open_max) {}

  /// Opens a cursor over a query in DuckDB's dialect; the other arguments as of DuckConnection, `access` outlives the
  /// cursor. ResourceExhausted when too many are open or wait, Timeout when its first rows take too long.
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
    WorkloadGroupPtr group;
    std::shared_ptr<GroupLane> lane;      ///< of that group
    std::shared_ptr<GroupEngine> engine;  ///< outlives its connection
    std::unique_ptr<RuledConnection> connection;
  };
  /// Runs a step of a cursor when its group has a place for it, so that interrupt() and the time limit reach it.
  template <typename Step>
  auto within(const StatementLimits& limits, GroupLane& lane, Step step) -> decltype(step());
  /// Begins and ends what interrupt() and progress() see.
  void set_running(DuckConnection* connection);

  QueryLanes& lanes_;
  const std::function<Result<StatementLimits>()> limits_;
  const uint64_t open_max_;
  std::map<uint32_t, Cursor> open_;
  LaneEntry entry_;
  std::atomic<bool> is_interrupted_ = false;
  std::atomic<bool> is_late_ = false;  ///< the call that runs was interrupted by its time limit
  mutable std::mutex mutex_;           ///< guards the next one
  DuckConnection* running_ = nullptr;
};

}  // namespace freshet::query
