#include <fmt/format.h>

#include <algorithm>

#include "ingest/routine_load.h"
#include "ingest/routine_load_job.h"
#include "storage/base/log.h"

namespace freshet::ingest {
namespace {

bool is_ended(RoutineLoadState state) {
  return state == RoutineLoadState::kStopped || state == RoutineLoadState::kCancelled;
}

class RoutineLoadManagerImpl final : public RoutineLoadManager {
 public:
  RoutineLoadManagerImpl(storage::StorageEngine& storage, LoadManager& loads, StreamSourceFactory& streams,
                         const RoutineLoadOptions& options)
      : storage_(storage), options_(options), parts_{storage, loads, streams, clock_, options_} {}
  ~RoutineLoadManagerImpl() override { shutdown(); }

  Status start() override;
  Status create_job(const RoutineLoadSpec& spec) override;
  Status alter(const RoutineLoadSpec& spec) override;
  Status pause(const std::string& database, const std::string& name) override;
  Status resume(const std::string& database, const std::string& name) override;
  Status stop(const std::string& database, const std::string& name) override;
  std::vector<RoutineLoadStatus> list(const std::string& database, bool include_history) const override;
  void shutdown() override;

 private:
  using JobPtr = std::shared_ptr<RoutineLoadJob>;
  /// Whether the load fits its table as it is now.
  Status check_load(const RoutineLoadSpec& spec) const;
  /// Jobs of this name that have not ended, or all of the database. NotFound when a named one is not there.
  Result<std::vector<JobPtr>> find(const std::string& database, const std::string& name) const;

  storage::StorageEngine& storage_;
  const RoutineLoadOptions options_;
  const WallClock clock_;
  const RoutineLoadJob::Parts parts_;
  mutable std::mutex mutex_;  ///< guards jobs_ and changes of their states
  std::map<JobId, JobPtr> jobs_;
  bool is_shut_down_ = false;
};

Status RoutineLoadManagerImpl::start() {
  std::lock_guard lock(mutex_);
  FRESHET_ASSIGN_OR_RETURN(const auto records, storage_.list_records("routine_load"));
  for (const auto& [key, value] : records) {
    FRESHET_ASSIGN_OR_RETURN(RoutineLoadRecord record, RoutineLoadRecord::decode(value, options_.secrets));
    const JobId id(record.status.id);
    const bool runs =
        record.status.state == RoutineLoadState::kRunning || record.status.state == RoutineLoadState::kNeedSchedule;
    const bool lost_secrets = record.lost_secrets;
    auto job = std::make_shared<RoutineLoadJob>(parts_, std::move(record));
    FRESHET_RETURN_IF_ERROR(job->restore());
    if (runs && lost_secrets) {
      FRESHET_RETURN_IF_ERROR(
          job->change_state(RoutineLoadState::kPaused,
                            "its properties were sealed with another key of the data directory: give them "
                            "anew with ALTER ROUTINE LOAD"));
    } else if (runs)
      FRESHET_RETURN_IF_ERROR(job->start());
    jobs_.emplace(id, std::move(job));
  }
  return Status::OK();
}

Status RoutineLoadManagerImpl::create_job(const RoutineLoadSpec& spec) {
  std::lock_guard lock(mutex_);
  if (is_shut_down_) return Status::Unavailable("the server is shutting down");
  uint64_t unfinished = 0;
  for (const auto& [id, job] : jobs_) {
    const RoutineLoadStatus status = job->status();
    if (is_ended(status.state)) continue;
    ++unfinished;
    if (status.spec.load.database == spec.load.database && status.spec.name == spec.name) {
      return Status::AlreadyExists("Name {} already used in db {}", spec.name, spec.load.database);
    }
  }
  if (unfinished >= options_.max_jobs) {
    return Status::ResourceExhausted("{} routine loads exist, the limit; STOP one that is done", unfinished);
  }
  FRESHET_RETURN_IF_ERROR(check_load(spec));
  FRESHET_ASSIGN_OR_RETURN(const TransactionId id, storage_.next_transaction_id());
  RoutineLoadRecord record;
  record.status.id = id.value;
  record.status.spec = spec;
  record.status.create_unix_seconds = clock_.unix_seconds();
  auto job = std::make_shared<RoutineLoadJob>(parts_, std::move(record));
  FRESHET_RETURN_IF_ERROR(job->start());
  jobs_.emplace(JobId(id.value), std::move(job));
  return Status::OK();
}

Result<std::vector<RoutineLoadManagerImpl::JobPtr>> RoutineLoadManagerImpl::find(const std::string& database,
                                                                                 const std::string& name) const {
  std::vector<JobPtr> found;
  for (const auto& [id, job] : jobs_) {
    const RoutineLoadStatus status = job->status();
    if (is_ended(status.state) || status.spec.load.database != database) continue;
    if (name.empty() || status.spec.name == name) found.push_back(job);
  }
  if (found.empty() && !name.empty()) return Status::NotFound("There is no job named {} in db {}", name, database);
  return found;
}

Status RoutineLoadManagerImpl::check_load(const RoutineLoadSpec& spec) const {
  if (spec.is_multi_table()) {
    const bool is_there = storage_.snapshot()->databases.contains(spec.load.database);
    return is_there ? Status::OK() : Status::NotFound("Unknown database '{}'", spec.load.database);
  }
  RowErrors errors(0);
  uint64_t unselected = 0;
  return RoutineLoadTable({storage_, parts_.loads, errors, unselected, [] {}}, spec.load).begin();
}

Status RoutineLoadManagerImpl::alter(const RoutineLoadSpec& spec) {
  std::lock_guard lock(mutex_);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<JobPtr> jobs, find(spec.load.database, spec.name));
  const RoutineLoadStatus status = jobs.front()->status();
  if (status.state != RoutineLoadState::kPaused) {
    return Status::InvalidArgument("Only supports modification of PAUSED jobs: PAUSE ROUTINE LOAD FOR {} first", spec.name);
  }
  for (const auto& [partition, offset] : spec.new_offsets) {
    if (status.progress.contains(partition)) continue;
    return Status::InvalidArgument("kafka_partitions: the job does not read partition {}", partition);
  }
  FRESHET_RETURN_IF_ERROR(check_load(spec));
  jobs.front()->end_thread();
  return jobs.front()->alter(spec);
}

Status RoutineLoadManagerImpl::pause(const std::string& database, const std::string& name) {
  std::lock_guard lock(mutex_);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<JobPtr> jobs, find(database, name));
  for (const JobPtr& job : jobs) {
    job->end_thread();
    if (job->status().state == RoutineLoadState::kPaused) continue;
    FRESHET_RETURN_IF_ERROR(job->change_state(RoutineLoadState::kPaused, "paused by PAUSE ROUTINE LOAD"));
  }
  return Status::OK();
}

Status RoutineLoadManagerImpl::resume(const std::string& database, const std::string& name) {
  std::lock_guard lock(mutex_);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<JobPtr> jobs, find(database, name));
  for (const JobPtr& job : jobs) {
    if (job->status().state != RoutineLoadState::kPaused) continue;
    job->end_thread();
    FRESHET_RETURN_IF_ERROR(job->start());
  }
  return Status::OK();
}

Status RoutineLoadManagerImpl::stop(const std::string& database, const std::string& name) {
  std::lock_guard lock(mutex_);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<JobPtr> jobs, find(database, name));
  for (const JobPtr& job : jobs) {
    job->end_thread();
    FRESHET_RETURN_IF_ERROR(job->change_state(RoutineLoadState::kStopped, "stopped by STOP ROUTINE LOAD"));
    FRESHET_RETURN_IF_ERROR(job->forget_stream());
  }
  return Status::OK();
}

std::vector<RoutineLoadStatus> RoutineLoadManagerImpl::list(const std::string& database, bool include_history) const {
  std::lock_guard lock(mutex_);
  std::vector<RoutineLoadStatus> result;
  for (const auto& [id, job] : jobs_) {
    RoutineLoadStatus status = job->status();
    if (!database.empty() && status.spec.load.database != database) continue;
    if (is_ended(status.state) && !include_history) continue;
    result.push_back(std::move(status));
  }
  return result;
}

void RoutineLoadManagerImpl::shutdown() {
  std::lock_guard lock(mutex_);
  is_shut_down_ = true;
  // All at once: each may wait for its broker.
  for (const auto& [id, job] : jobs_) job->request_end();
  for (const auto& [id, job] : jobs_) job->end_thread();
}

}  // namespace

Result<std::unique_ptr<RoutineLoadManager>> RoutineLoadManager::create(storage::StorageEngine& storage, LoadManager& loads,
                                                                       StreamSourceFactory& streams,
                                                                       const RoutineLoadOptions& options) {
  return std::unique_ptr<RoutineLoadManager>(std::make_unique<RoutineLoadManagerImpl>(storage, loads, streams, options));
}

}  // namespace freshet::ingest
