#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "query/workload/lane_entry.h"

namespace freshet::query {

/// One session's way to the engines: each statement runs in the small lane, and in that of its group when it proves big.
/// Time limits end it with Timeout, full queues with ResourceExhausted; both say which limit it was and how to raise it.
/// Otherwise as any DuckConnection.
class LaneConnection final : public DuckConnection {
 public:
  /// `limits` is asked when a statement needs an engine; it may fail, and then the statement does.
  LaneConnection(QueryLanes& lanes, std::function<Result<StatementLimits>()> limits);

  Status query(std::string_view sql, const std::string& database, ResultWriter& out) override;
  Status query_with_parameters(std::string_view sql, const std::string& database, std::span<const Parameter> parameters,
                               ResultWriter& out) override;
  Status stream(std::string_view sql, const std::string& database, std::span<const Parameter> parameters,
                std::span<const TargetColumn> targets, const std::function<Status(Block&)>& on_block) override;
  void show_hidden_columns(bool shows) override;
  Result<StatementShape> describe(std::string_view sql, const std::string& database) override;
  Result<std::string> explain(std::string_view sql, const std::string& database, bool analyze) override;
  void read_as(const EngineAccess& access) override;
  void read_at(storage::ServerSnapshotPtr snapshot, storage::ServerSnapshotPtr committed) override;
  void interrupt() override;
  void forget_interrupt() override;
  bool is_interrupted() const override { return interrupted_.load(); }
  QueryProgress progress() const override;

  /// Does `work` within the limits of its statement: when its time is over, is_interrupted() becomes true, and Cancelled of
  /// `work` is Timeout. The statements above do so by themselves.
  Status within_limits(const std::function<Status(const StatementLimits&)>& work);

  /// Whether the last statement that ran here was a big one.
  bool ran_big() const { return ran_big_; }

 private:
  using Attempt = std::function<Status(DuckConnection&)>;

  /// One statement. `text`: its key among BigTexts, or 0 for one whose parameters change what it reads.
  struct Work {
    uint64_t text = 0;
    const Attempt& attempt;
    bool ran_small = false;  ///< in vain
  };

  /// Runs the statement where it belongs.
  Status run(Work work);
  /// Nothing when the statement has to begin again as a big one.
  std::optional<Status> run_small(const StatementLimits& limits, const Work& work);
  /// At the priority of the calling thread, at the cost of the prompt time of all.
  Status run_promptly(const std::function<Status()>& attempt);
  Status run_big(const StatementLimits& limits, const Work& work);
  /// A statement that was big the last time, when it has not to wait; else nothing.
  std::optional<Status> run_big_at_once(const StatementLimits& limits, const Work& work);
  /// REQUIRES: the lane's queue was entered; it is left in the end.
  Status run_admitted(GroupLane& lane, const WorkloadGroup& group, const Work& work);
  Status run_in_engine(DuckEngine& engine, const Work& work);

  QueryLanes& lanes_;
  const std::function<Result<StatementLimits>()> limits_;
  std::unique_ptr<RuledConnection> small_;
  storage::ServerSnapshotPtr snapshot_;
  storage::ServerSnapshotPtr committed_;
  const EngineAccess* access_ = nullptr;
  bool shows_hidden_columns_ = false;
  bool ran_big_ = false;
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> is_late_{false};  ///< interrupted by its time limit
  LaneEntry entry_;
  mutable std::mutex mutex_;       ///< guards the next one
  DuckConnection* big_ = nullptr;  ///< while a big statement runs
};

}  // namespace freshet::query
