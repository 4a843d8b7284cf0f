#include "query/workload/lane_connection.h"

#include <time.h>

#include <algorithm>

namespace freshet::query {
namespace {

using Clock = std::chrono::steady_clock;

/// How far a statement has come in the small lane. Whoever takes it away from kWorking decides where it ends.
enum class Progress : uint8_t { kWorking, kAnswering, kTooLong };

bool proceed(std::atomic<Progress>& progress, Progress to) {
  Progress from = Progress::kWorking;
  return progress.compare_exchange_strong(from, to);
}

/// What a group's query that found no memory tells.
Status with_remedy(const Status& status, const WorkloadGroup& group) {
  const bool has_spilled = status.message().find("max_temp_directory_size") != std::string::npos;
  return Status::ResourceExhausted(
      "The query needs more memory than workload group {} has{}: {}. Raise {}, or let the query do less at once", group.name,
      has_spilled ? ", and has spilled as much as it may" : "", status.message(),
      has_spilled ? "query.spill_bytes" : "the group's memory_limit or memory.query_bytes");
}

/// What the calling thread has had so far.
std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

LaneConnection::LaneConnection(QueryLanes& lanes, std::function<Result<StatementLimits>()> limits)
    : lanes_(lanes), limits_(std::move(limits)), small_(lanes.small_engine().connect()) {}

Status LaneConnection::query(std::string_view sql, const std::string& database, ResultWriter& out) {
  return query_with_parameters(sql, database, {}, out);
}

Status LaneConnection::query_with_parameters(std::string_view sql, const std::string& database,
                                             std::span<const Parameter> parameters, ResultWriter& out) {
  const Attempt attempt = [&](DuckConnection& engine) {
    return engine.query_with_parameters(sql, database, parameters, out);
  };
  return run({parameters.empty() ? BigTexts::key_of(sql, database) : 0, attempt});
}

Status LaneConnection::stream(std::string_view sql, const std::string& database, std::span<const Parameter> parameters,
                              std::span<const TargetColumn> targets, const std::function<Status(Block&)>& on_block) {
  const Attempt attempt = [&](DuckConnection& engine) {
    return engine.stream(sql, database, parameters, targets, on_block);
  };
  return run({parameters.empty() ? BigTexts::key_of(sql, database) : 0, attempt});
}

void LaneConnection::show_hidden_columns(bool shows) {
  shows_hidden_columns_ = shows;
  small_->show_hidden_columns(shows);
}

Result<StatementShape> LaneConnection::describe(std::string_view sql, const std::string& database) {
  return small_->describe(sql, database);
}

Result<std::string> LaneConnection::explain(std::string_view sql, const std::string& database, bool analyze) {
  if (!analyze) return small_->explain(sql, database, false);
  std::string text;
  const Attempt attempt = [&](DuckConnection& engine) -> Status {
    FRESHET_ASSIGN_OR_RETURN(text, engine.explain(sql, database, true));
    return Status::OK();
  };
  FRESHET_RETURN_IF_ERROR(run({0, attempt}));
  return text;
}

void LaneConnection::read_as(const EngineAccess& access) {
  access_ = &access;
  small_->read_as(access);
}

void LaneConnection::read_at(storage::ServerSnapshotPtr snapshot, storage::ServerSnapshotPtr committed) {
  snapshot_ = snapshot;
  committed_ = committed;
  small_->read_at(std::move(snapshot), std::move(committed));
}

void LaneConnection::interrupt() {
  interrupted_ = true;
  small_->interrupt();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (big_ != nullptr) big_->interrupt();
  entry_.wake();
}

QueryProgress LaneConnection::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return big_ != nullptr ? big_->progress() : small_->progress();
}

void LaneConnection::forget_interrupt() {
  interrupted_ = false;
  small_->forget_interrupt();
}

Status LaneConnection::run(Work work) {
  ran_big_ = false;
  return within_limits([&](const StatementLimits& limits) {
    std::optional<Status> answered = run_big_at_once(limits, work);
    if (!answered) answered = run_small(limits, work);
    if (!answered) {
      work.ran_small = true;
      answered = run_big(limits, work);
    }
    return *std::move(answered);
  });
}

Status LaneConnection::within_limits(const std::function<Status(const StatementLimits&)>& work) {
  FRESHET_ASSIGN_OR_RETURN(const StatementLimits limits, limits_());
  Status status;
  {
    const auto guard = lanes_.deadlines().at(limits.until, [this] {
      is_late_ = true;
      interrupt();
    });
    status = work(limits);
  }
  if (!is_late_.exchange(false)) return status;
  forget_interrupt();
  return status.code() == StatusCode::kCancelled ? timed_out(limits) : status;
}

std::optional<Status> LaneConnection::run_small(const StatementLimits& limits, const Work& work) {
  const auto has_given_up = [this] { return is_interrupted(); };
  const bool is_prompt = lanes_.prompt_time().has_left();
  // Before the other queue: who waits to yield takes no place from those that need not.
  std::optional<AdmissionSlot> place_to_yield;
  if (!is_prompt) {
    const auto outcome = entry_.enter(lanes_.yielding_queue(), limits.until, has_given_up);
    if (outcome != AdmissionQueue::Outcome::kAdmitted) {
      return LaneEntry::refused(outcome, limits, "query.yielding_concurrency small queries that yield run already");
    }
    place_to_yield.emplace(lanes_.yielding_queue());
  }
  const auto outcome = entry_.enter(lanes_.small_queue(), limits.until, has_given_up);
  if (outcome != AdmissionQueue::Outcome::kAdmitted) {
    return LaneEntry::refused(outcome, limits, "query.small_concurrency small queries run already");
  }
  const AdmissionSlot slot(lanes_.small_queue());
  std::atomic<Progress> progress{Progress::kWorking};
  small_->set_rules({lanes_.options().small_scan_bytes, [&] {
                       place_to_yield.reset();  // a client may be slow to take the answer
                       return proceed(progress, Progress::kAnswering);
                     }});
  const auto attempt = [&] { return without_throwing([&] { return work.attempt(*small_); }); };
  Status status;
  {
    const auto patience = lanes_.deadlines().at(Clock::now() + lanes_.options().small_time, [&] {
      if (proceed(progress, Progress::kTooLong)) small_->interrupt();
    });
    status = is_prompt ? run_promptly(attempt) : lanes_.yielding_threads().run(attempt);
  }
  const bool was_too_big = small_->was_too_big();
  small_->set_rules({});
  const bool found_no_memory = progress == Progress::kWorking && status.code() == StatusCode::kResourceExhausted;
  if (progress == Progress::kTooLong) small_->forget_interrupt();
  if (!was_too_big && !found_no_memory && progress != Progress::kTooLong) return status;
  if (is_interrupted()) return interrupted();
  return std::nullopt;
}

Status LaneConnection::run_promptly(const std::function<Status()>& attempt) {
  const std::chrono::nanoseconds before = processor_time();
  Status status = attempt();
  lanes_.prompt_time().take(processor_time() - before);
  return status;
}

std::optional<Status> LaneConnection::run_big_at_once(const StatementLimits& limits, const Work& work) {
  if (work.text == 0 || !lanes_.big_texts().contains(work.text)) return std::nullopt;
  const std::shared_ptr<GroupLane> lane = lanes_.lane_of(limits.group);
  if (!lane->queue.try_enter()) return std::nullopt;
  return run_admitted(*lane, *limits.group, work);
}

Status LaneConnection::run_big(const StatementLimits& limits, const Work& work) {
  ran_big_ = true;
  const std::shared_ptr<GroupLane> lane = lanes_.lane_of(limits.group);
  FRESHET_RETURN_IF_ERROR(entry_.enter_group(*lane, limits, [this] { return is_interrupted(); }));
  return run_admitted(*lane, *limits.group, work);
}

Status LaneConnection::run_admitted(GroupLane& lane, const WorkloadGroup& group, const Work& work) {
  ran_big_ = true;
  const AdmissionSlot slot(lane.queue);
  FRESHET_ASSIGN_OR_RETURN(const std::shared_ptr<GroupEngine> engine, lanes_.engine_for(lane));
  const Status status = engine->askers.run([&] { return run_in_engine(*engine->engine, work); });
  return status.code() == StatusCode::kResourceExhausted ? with_remedy(status, group) : status;
}

Status LaneConnection::run_in_engine(DuckEngine& engine, const Work& work) {
  const std::unique_ptr<RuledConnection> connection = engine.connect();
  connection->show_hidden_columns(shows_hidden_columns_);
  if (access_ != nullptr) connection->read_as(*access_);
  connection->read_at(snapshot_, committed_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    big_ = connection.get();
  }
  if (is_interrupted()) connection->interrupt();
  const Clock::time_point begun = Clock::now();
  Clock::duration took{};
  connection->set_rules({std::nullopt, [&] {
                           took = Clock::now() - begun;
                           return true;
                         }});
  Status status = without_throwing([&] { return work.attempt(*connection); });
  if (work.text != 0 && status.ok()) {
    const QueryLaneOptions& options = lanes_.options();
    // Half: what takes too long among the small ones may be somewhat quicker here, and should not go there again.
    const bool is_big = work.ran_small || connection->scan_bytes() > static_cast<double>(options.small_scan_bytes) ||
                        took >= options.small_time / 2;
    is_big ? lanes_.big_texts().add(work.text) : lanes_.big_texts().remove(work.text);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  big_ = nullptr;
  return status;
}

}  // namespace freshet::query
