#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "query/duckdb/engine.h"
#include "query/workload/admission_queue.h"
#include "query/workload/big_texts.h"
#include "query/workload/deadline_watch.h"
#include "query/workload/processor_shares.h"
#include "query/workload/prompt_time.h"
#include "query/workload/query_threads.h"
#include "query/workload/workload_groups.h"

namespace freshet::query {

struct QueryLaneOptions {
  DuckEngineOptions engine;            ///< what all engines have in common; `temp_directory` is made
  uint64_t memory_bytes = 1ull << 30;  ///< of all big queries
  uint64_t small_memory_bytes = 128ull << 20;
  uint64_t small_scan_bytes = 16ull << 20;     ///< a query that has more to read is big
  std::chrono::milliseconds small_time{1000};  ///< one that has not begun to answer after it is big too
  uint64_t small_concurrency = 16;
  uint64_t small_waiting = 100'000;   ///< more small queries that wait are refused
  uint64_t prompt_percent = 2;        ///< of the processors that small queries get without yielding
  uint64_t yielding_concurrency = 3;  ///< of small queries that yield, until they answer
};

/// What one statement may take, known when it needs an engine.
struct StatementLimits {
  WorkloadGroupPtr group;
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
  std::string limit;  ///< what set `until`, for the error: "query_timeout is 900 s"
};

/// Where a group's big queries run. All its threads are of one class.
struct GroupEngine {
  GroupEngine(std::unique_ptr<DuckEngine> duck_engine, const DuckEngineOptions& options)
      : engine(std::move(duck_engine)), engine_threads(options.threads), askers(options.workers) {}

  const std::unique_ptr<DuckEngine> engine;
  const uint32_t engine_threads;
  QueryThreads askers;
};

/// A group's big queries: their queue, and an engine whose threads have the group's weight. Shared, so that a group may be
/// dropped or changed while its queries run.
class GroupLane {
 public:
  explicit GroupLane(const WorkloadGroup& group) : queue({group.max_concurrency, group.max_queue_size}) {}

  AdmissionQueue queue;

 private:
  friend class QueryLanes;
  WorkloadGroupPtr group_;               ///< guarded by QueryLanes::mutex_, as the next one
  std::shared_ptr<GroupEngine> engine_;  ///< null before the first query
};

/// Where queries run: small ones in an engine of their own, beside everything else, at once as long as all of them together
/// take little (PromptTime), else on threads that yield; big ones in the engine of their workload group, behind its queue,
/// with threads that yield. A query is small until its plan, its memory or its time says otherwise; then it begins again as
/// a big one, and nobody sees it, since it had not answered yet. Any thread.
class QueryLanes {
 public:
  using OpenEngine = std::function<Result<std::unique_ptr<DuckEngine>>(const DuckEngineOptions&)>;

  /// `groups` must outlive the lanes, which follow its changes.
  static Result<std::unique_ptr<QueryLanes>> open(WorkloadGroups& groups, OpenEngine open_engine, QueryLaneOptions options);

  WorkloadGroups& groups() const { return groups_; }
  const QueryLaneOptions& options() const { return options_; }
  /// Evaluates the expressions of loads. It must not outlive the lanes.
  std::unique_ptr<ingest::RowTransforms> row_transforms() { return small_engine_->row_transforms(); }

  /// Figures of the small lane (named "small", without a group) and of each group.
  struct Figures {
    std::string name;
    AdmissionQueue::Figures queue;
    DuckEngine::Usage usage;
  };
  /// Of small queries, those that have yielded; counted in small_figures() too.
  AdmissionQueue::Figures yielding_figures() const { return yielding_queue_.figures(); }
  Figures small_figures() const { return {"small", small_queue_.figures(), small_engine_->usage()}; }
  std::vector<Figures> group_figures() const;

  // For LaneConnection.
  DuckEngine& small_engine() { return *small_engine_; }
  AdmissionQueue& small_queue() { return small_queue_; }
  PromptTime& prompt_time() { return prompt_time_; }
  /// Of small queries without prompt time, beside their place in small_queue().
  AdmissionQueue& yielding_queue() { return yielding_queue_; }
  QueryThreads& yielding_threads() { return yielding_threads_; }
  DeadlineWatch& deadlines() { return deadlines_; }
  BigTexts& big_texts() { return big_texts_; }
  std::shared_ptr<GroupLane> lane_of(const WorkloadGroupPtr& group);
  /// The engine for a query that was admitted. Divides the memory anew.
  Result<std::shared_ptr<GroupEngine>> engine_for(GroupLane& lane);

 private:
  QueryLanes(WorkloadGroups& groups, OpenEngine open_engine, QueryLaneOptions options);
  void follow_groups();
  WorkerClass workers_of(const WorkloadGroup& group) const;
  /// REQUIRES: mutex_ is held.
  void divide_memory_again();

  WorkloadGroups& groups_;
  const OpenEngine open_engine_;
  const QueryLaneOptions options_;
  std::unique_ptr<DuckEngine> small_engine_;
  AdmissionQueue small_queue_;
  PromptTime prompt_time_;
  AdmissionQueue yielding_queue_;
  QueryThreads yielding_threads_{WorkerClass{.nice = kYieldingNice}};
  DeadlineWatch deadlines_;
  BigTexts big_texts_;
  /// Guards the next ones, and the private parts of lanes; taken before that of the groups.
  mutable std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<GroupLane>> lanes_;  ///< by the id of the group
  uint64_t next_engine_ = 1;                              ///< names the folder in which an engine spills
};

}  // namespace freshet::query
