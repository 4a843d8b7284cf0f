#include "storage/commit/commit_pipeline.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"

namespace freshet::storage {
namespace {

/// Most bytes of one synced write; a single larger change is written alone.
constexpr size_t kGroupBytes = 32u << 20;
constexpr auto kFirstRoomPoll = std::chrono::milliseconds(1);
constexpr auto kLastRoomPoll = std::chrono::milliseconds(500);

}  // namespace

CommitPipeline::CommitPipeline(MetaStore& meta, IdAllocator& commit_numbers, ServerSnapshotPtr snapshot,
                               std::chrono::seconds room_wait)
    : meta_(meta), commit_numbers_(commit_numbers), room_wait_(room_wait), snapshot_(std::move(snapshot)) {}

ServerSnapshotPtr CommitPipeline::snapshot() const {
  std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

Result<CommitNumber> CommitPipeline::stage(const ChangePtr& change) {
  FRESHET_RETURN_IF_ERROR(prepare());
  return enqueue(change);
}

Status CommitPipeline::prepare() {
  FRESHET_RETURN_IF_ERROR(health());
  return commit_numbers_.reserve_ahead();
}

Result<CommitNumber> CommitPipeline::enqueue(const ChangePtr& change) {
  std::lock_guard lock(mutex_);
  FRESHET_RETURN_IF_ERROR(end_locked());
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
  const Status status = write(batch, group.back()->number_);
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

Status CommitPipeline::write(const MetaBatch& batch, CommitNumber last) {
  const Status first = meta_.commit(batch);
  if (first.code() != StatusCode::kOutOfSpace) return first;
  const Status status = write_when_there_is_room(batch, last, first);
  // Whatever failed since, the first write may be there.
  if (status.ok() || status.code() == StatusCode::kUnknownOutcome) return status;
  return Status::UnknownOutcome("{}; the commit may or may not be found after a restart of the server", status.message());
}

Status CommitPipeline::write_when_there_is_room(const MetaBatch& batch, CommitNumber last, Status status) {
  {
    const std::lock_guard lock(mutex_);
    no_room_ = status;
  }
  const auto deadline = std::chrono::steady_clock::now() + room_wait_;
  auto pause = kFirstRoomPoll;
  while (status.code() == StatusCode::kOutOfSpace && std::chrono::steady_clock::now() < deadline && may_wait()) {
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLastRoomPoll);
    if (!meta_.resume().ok()) continue;
    const Result<uint64_t> newest = newest_stored();
    if (newest.ok()) {
      status = *newest >= last.value ? Status::OK() : meta_.commit(batch);
    } else {
      status = newest.status();
    }
  }
  const std::lock_guard lock(mutex_);
  no_room_ = Status::OK();
  if (status.ok()) log_info("there is room for the metadata again: commits go on");
  return status;
}

Result<uint64_t> CommitPipeline::newest_stored() const {
  FRESHET_ASSIGN_OR_RETURN(const auto stored, meta_.get(meta_keys::kLastCommit));
  return stored ? decode_number(*stored) : Result<uint64_t>(uint64_t{0});
}

bool CommitPipeline::may_wait() const {
  const std::lock_guard lock(mutex_);
  return may_wait_;
}

void CommitPipeline::stop_waiting() {
  const std::lock_guard lock(mutex_);
  may_wait_ = false;
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
  FRESHET_RETURN_IF_ERROR(end_locked());
  return no_room_;
}

Status CommitPipeline::end_locked() const {
  if (!broken_.ok()) return broken_;
  if (stopping_) return Status::Unavailable("the server is shutting down");
  return Status::OK();
}

}  // namespace freshet::storage
