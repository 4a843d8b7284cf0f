#include "query/workload/query_lanes.h"

#include <algorithm>

#include "query/workload/memory_shares.h"

namespace freshet::query {

QueryLanes::QueryLanes(WorkloadGroups& groups, OpenEngine open_engine, QueryLaneOptions options)
    : groups_(groups),
      open_engine_(std::move(open_engine)),
      options_(std::move(options)),
      small_queue_({options_.small_concurrency, options_.small_waiting}),
      prompt_time_(groups.processors() * static_cast<double>(options_.prompt_percent) / 100),
      yielding_queue_({options_.yielding_concurrency, options_.small_waiting}) {}

Result<std::unique_ptr<QueryLanes>> QueryLanes::open(WorkloadGroups& groups, OpenEngine open_engine,
                                                     QueryLaneOptions options) {
  std::unique_ptr<QueryLanes> lanes(new QueryLanes(groups, std::move(open_engine), std::move(options)));
  DuckEngineOptions small = lanes->options_.engine;
  small.memory_bytes = lanes->options_.small_memory_bytes;
  // What does not fit there is no small query.
  small.temp_directory.clear();
  // They help whoever asks; who may have the processor at once is decided for each query.
  small.workers = lanes->yielding_threads_.worker_class();
  FRESHET_ASSIGN_OR_RETURN(lanes->small_engine_, lanes->open_engine_(small));
  groups.on_change([lanes = lanes.get()] { lanes->follow_groups(); });
  return lanes;
}

std::shared_ptr<GroupLane> QueryLanes::lane_of(const WorkloadGroupPtr& group) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<GroupLane>& lane = lanes_[group->id];
  if (lane == nullptr) {
    lane = std::make_shared<GroupLane>(*group);
    lane->group_ = group;
  }
  return lane;
}

WorkerClass QueryLanes::workers_of(const WorkloadGroup& group) const {
  uint64_t largest_share = group.cpu_share;
  for (const WorkloadGroupPtr& other : groups_.all()) largest_share = std::max(largest_share, other->cpu_share);
  return {nice_of_share(group.cpu_share, largest_share), processors_of(group, groups_.processors())};
}

Result<std::shared_ptr<GroupEngine>> QueryLanes::engine_for(GroupLane& lane) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const WorkerClass workers = workers_of(*lane.group_);
  uint32_t threads = lane.group_->scan_thread_num != 0 ? lane.group_->scan_thread_num : options_.engine.threads;
  if (workers.processors != 0) threads = std::min(threads, workers.processors);
  if (lane.engine_ == nullptr || lane.engine_->askers.worker_class() != workers || lane.engine_->engine_threads != threads) {
    // Queries that run keep the old one until they end.
    DuckEngineOptions options = options_.engine;
    options.threads = threads;
    options.workers = workers;
    options.memory_bytes = options_.memory_bytes;
    if (!options.temp_directory.empty()) options.temp_directory += "/engine-" + std::to_string(next_engine_++);
    FRESHET_ASSIGN_OR_RETURN(std::unique_ptr<DuckEngine> engine, open_engine_(options));
    lane.engine_ = std::make_shared<GroupEngine>(std::move(engine), options);
  }
  divide_memory_again();
  return lane.engine_;
}

void QueryLanes::divide_memory_again() {
  std::vector<MemoryClaim> claims;
  for (const auto& [id, lane] : lanes_) {
    claims.push_back(
        {lane->group_->memory_limit_percent, lane->group_->memory_overcommit, lane->queue.figures().running > 0});
  }
  const std::vector<uint64_t> limits = divide_memory(options_.memory_bytes, claims);
  size_t position = 0;
  for (const auto& [id, lane] : lanes_) {
    // What a running query cannot give back now stays its own; the next query that is admitted asks again.
    if (lane->engine_ != nullptr) lane->engine_->engine->set_memory_limit(limits[position]);
    ++position;
  }
}

void QueryLanes::follow_groups() {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Under the lock: of two changes the later one is followed last.
  const std::vector<WorkloadGroupPtr> groups = groups_.all();
  std::map<uint64_t, std::shared_ptr<GroupLane>> kept;
  for (const WorkloadGroupPtr& group : groups) {
    const auto found = lanes_.find(group->id);
    if (found == lanes_.end()) continue;
    found->second->group_ = group;
    found->second->queue.set_limits({group->max_concurrency, group->max_queue_size});
    kept.insert(*found);
  }
  lanes_.swap(kept);
}

std::vector<QueryLanes::Figures> QueryLanes::group_figures() const {
  std::vector<Figures> figures;
  for (const WorkloadGroupPtr& group : groups_.all()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Figures& own = figures.emplace_back();
    own.name = group->name;
    const auto lane = lanes_.find(group->id);
    if (lane == lanes_.end()) continue;
    own.queue = lane->second->queue.figures();
    if (lane->second->engine_ != nullptr) own.usage = lane->second->engine_->engine->usage();
  }
  return figures;
}

}  // namespace freshet::query
