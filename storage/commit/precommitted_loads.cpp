#include "storage/commit/precommitted_loads.h"

#include <algorithm>

#include "storage/base/failpoint.h"
#include "storage/base/log.h"
#include "storage/commit/precommit_record.h"
#include "storage/meta/meta_keys.h"

namespace freshet::storage {

/// The right to change one load, until it goes; end() takes the load off the list.
class PrecommittedLoads::Claim {
 public:
  Claim(PrecommittedLoads& loads, TransactionId transaction) : loads_(loads), transaction_(transaction) {
    std::unique_lock lock(loads_.mutex_);
    for (auto found = loads_.loads_.find(transaction); found != loads_.loads_.end();
         found = loads_.loads_.find(transaction)) {
      if (!found->second.is_busy) {
        found->second.is_busy = is_held_ = true;
        return;
      }
      loads_.freed_.wait(lock);
    }
  }
  ~Claim() {
    if (!is_held_) return;
    std::lock_guard lock(loads_.mutex_);
    if (is_ended_) {
      loads_.loads_.erase(transaction_);
    } else {
      loads_.loads_[transaction_].is_busy = false;
    }
    loads_.freed_.notify_all();
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  bool is_held() const { return is_held_; }
  void end() { is_ended_ = true; }

 private:
  PrecommittedLoads& loads_;
  const TransactionId transaction_;
  bool is_held_ = false;
  bool is_ended_ = false;
};

PrecommittedLoads::PrecommittedLoads(const Parts& parts, const Limits& limits, const std::vector<LabelRecord>& recovered)
    : parts_(parts), limits_(limits) {
  for (const LabelRecord& label : recovered) {
    const auto timeout = static_cast<int64_t>(label.precommit_timeout_seconds);
    loads_[label.transaction] = {label.database, label.precommitted_unix_seconds + timeout};
  }
}

Status PrecommittedLoads::stage_and_wait(const CommitPipeline::ChangePtr& change) {
  change->install = [](ServerSnapshot&) {};
  FRESHET_RETURN_IF_ERROR(parts_.pipeline.stage(change).status());
  return parts_.pipeline.wait(change);
}

Status PrecommittedLoads::precommit(LoadCommit load) {
  failpoint(Failpoint::kPrecommitStart);
  const TableStatePtr table = parts_.catalog.find_table(load.table);
  if (table == nullptr) return Status::NotFound("Unknown table: it was dropped during the load");
  LabelRecord& label = *load.label;
  const TransactionId transaction = label.transaction;
  label.state = LabelState::kPrecommitted;
  label.is_two_phase = true;
  label.precommit_timeout_seconds = limits_.timeout_seconds;
  label.precommitted_unix_seconds = parts_.clock.unix_seconds();
  const int64_t expires = label.precommitted_unix_seconds + static_cast<int64_t>(limits_.timeout_seconds);
  {
    std::lock_guard lock(mutex_);
    if (loads_.size() >= limits_.count_max) {
      return Status::ResourceExhausted(
          "{} loads are precommitted, the limit of storage.precommitted_limit; commit or abort some of them", loads_.size());
    }
    loads_[transaction] = {label.database, expires, true};
  }
  auto change = std::make_shared<CommitPipeline::Change>();
  change->batch.put(meta_keys::precommitted_load(transaction), encode_precommit(load));
  parts_.labels.add_to(change->batch, label);
  const Status status = stage_and_wait(change);
  if (status.ok()) parts_.labels.committed(label);
  failpoint(Failpoint::kPrecommitted);
  std::lock_guard lock(mutex_);
  if (status.ok()) {
    loads_[transaction].is_busy = false;
  } else {
    loads_.erase(transaction);
  }
  freed_.notify_all();
  return status;
}

Result<LoadCommit> PrecommittedLoads::read(TransactionId transaction) const {
  FRESHET_ASSIGN_OR_RETURN(const auto bytes, parts_.meta.get(meta_keys::precommitted_load(transaction)));
  if (!bytes) return Status::Corruption("the record of the precommitted transaction [{}] is gone", transaction.value);
  return decode_precommit(*bytes);
}

Result<std::optional<PrecommittedLoads::Committed>> PrecommittedLoads::commit(TransactionId transaction) {
  Claim claim(*this, transaction);
  if (!claim.is_held()) return std::optional<Committed>();
  FRESHET_ASSIGN_OR_RETURN(LoadCommit load, read(transaction));
  const TableStatePtr table = parts_.catalog.find_table(load.table);
  if (table == nullptr) return Status::NotFound("the table of transaction [{}] was dropped; abort it", transaction.value);
  load.label->state = LabelState::kVisible;
  Committed committed{{}, load.label->loaded_rows};
  FRESHET_ASSIGN_OR_RETURN(committed.outcome, parts_.publisher.publish(*table, std::move(load)));
  claim.end();
  return std::optional(committed);
}

bool PrecommittedLoads::has_database(DatabaseId database) const {
  const ServerSnapshotPtr server = parts_.pipeline.snapshot();
  return std::any_of(server->databases.begin(), server->databases.end(),
                     [&](const auto& entry) { return entry.second == database; });
}

Result<bool> PrecommittedLoads::abort(TransactionId transaction, const std::string& reason) {
  Claim claim(*this, transaction);
  if (!claim.is_held()) return false;
  FRESHET_ASSIGN_OR_RETURN(LoadCommit load, read(transaction));
  std::vector<std::shared_ptr<const Segment>> segments;
  for (const TabletRows& rows : load.tablets) {
    for (const WrittenSegment& written : rows.segments) {
      segments.push_back(std::make_shared<const Segment>(parts_.files, parts_.page_cache, written.meta, load.schema));
    }
  }
  LabelRecord label = std::move(*load.label);
  auto change = std::make_shared<CommitPipeline::Change>();
  label.state = LabelState::kAborted;
  label.reason = reason;
  if (has_database(label.database)) {
    parts_.labels.add_to(change->batch, label);
  } else {
    change->batch.erase(meta_keys::precommitted_load(transaction));
    change->batch.erase(meta_keys::transaction(transaction));
    change->batch.erase(meta_keys::label(label.database, label.label));
  }
  parts_.obsolete.add_to(change->batch, segments);
  FRESHET_RETURN_IF_ERROR(stage_and_wait(change));
  failpoint(Failpoint::kAbortCommitted);
  parts_.labels.committed(label);
  parts_.obsolete.committed(segments);
  claim.end();
  return true;
}

Status PrecommittedLoads::expire() {
  const int64_t now = parts_.clock.unix_seconds();
  std::vector<std::pair<TransactionId, DatabaseId>> over;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [transaction, entry] : loads_) {
      if (!entry.is_busy && (entry.expires_unix_seconds <= now || !has_database(entry.database))) {
        over.emplace_back(transaction, entry.database);
      }
    }
  }
  for (const auto& [transaction, database] : over) {
    FRESHET_RETURN_IF_ERROR(abort(transaction, "timeout by txn manager").status());
    log_info("precommitted transaction {} was aborted: {}", transaction.value,
             has_database(database) ? "its timeout is over" : "its database was dropped");
  }
  return Status::OK();
}

uint64_t PrecommittedLoads::count() const {
  std::lock_guard lock(mutex_);
  return loads_.size();
}

}  // namespace freshet::storage
