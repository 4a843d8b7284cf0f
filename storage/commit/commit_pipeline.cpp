#include "storage/commit/commit_pipeline.h"

#include <vector>

#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {
namespace {

/// Most bytes of one synced write; a single larger change is written alone.
constexpr size_t kGroupBytes = 32u << 20;

}  // namespace

CommitPipeline::CommitPipeline(MetaStore& meta, IdAllocator& commit_numbers, ServerSnapshotPtr snapshot)
    : meta_(meta), commit_numbers_(commit_numbers), snapshot_(std::move(snapshot)) {}

ServerSnapshotPtr CommitPipeline::snapshot() const {
  std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

Result<CommitNumber> CommitPipeline::stage(const ChangePtr& change) {
  std::lock_guard lock(mutex_);
  FRESHET_RETURN_IF_ERROR(health_locked());
  FRESHET_ASSIGN_OR_RETURN(const uint64_t number, commit_numbers_.next());
  change->number_ = CommitNumber(number);
  if (change->finish_batch) change->finish_batch(change->number_, change->batch);
  change->batch.put(std::string(meta_keys::kLastCommit), encode_number(number));
  queue_.push_back(change);
  return change->number_;
}

Status CommitPipeline::wait(const ChangePtr& change) {
  std::unique_lock lock(mutex_);
  while (!change->done_) {
    if (leader_active_) {
      finished_.wait(lock);
    } else {
      leader_active_ = true;
      write_queued(lock);
      leader_active_ = false;
      finished_.notify_all();
    }
  }
  return change->status_;
}

Status CommitPipeline::wait_for_ddl(const ChangePtr& change) {
  failpoint(Failpoint::kDdlStaged);
  FRESHET_RETURN_IF_ERROR(wait(change));
  failpoint(Failpoint::kDdlCommitted);
  return Status::OK();
}

void CommitPipeline::write_queued(std::unique_lock<std::mutex>& lock) {
  std::vector<ChangePtr> group;
  MetaBatch batch;
  size_t group_bytes = 0;
  while (!queue_.empty() && group_bytes < kGroupBytes) {
    group_bytes += queue_.front()->batch.byte_size();
    batch.append(std::move(queue_.front()->batch));
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  lock.unlock();
  failpoint(Failpoint::kCommitBeforeWrite);
  const Status status = meta_.commit(batch);
  if (status.ok()) {
    failpoint(Failpoint::kCommitAfterWrite);
    auto next = std::make_shared<ServerSnapshot>(*snapshot());
    for (const ChangePtr& change : group) change->install(*next);
    next->commit = group.back()->number_;
    std::lock_guard publish(snapshot_mutex_);
    snapshot_ = std::move(next);
  } else {
    log_error("commits stop: {}", status.to_string());
  }
  failpoint(Failpoint::kCommitAfterInstall);
  lock.lock();
  if (!status.ok() && broken_.ok()) {
    broken_ =
        Status::Unavailable("commits stopped after a failed metadata write ({}); restart the server", status.message());
  }
  for (const ChangePtr& change : group) {
    change->status_ = status;
    change->done_ = true;
  }
}

void CommitPipeline::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
}

Status CommitPipeline::health() const {
  std::lock_guard lock(mutex_);
  return health_locked();
}

Status CommitPipeline::health_locked() const {
  if (!broken_.ok()) return broken_;
  if (stopping_) return Status::Unavailable("the server is shutting down");
  return Status::OK();
}

}  // namespace freshet::storage
