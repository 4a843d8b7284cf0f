#include "storage/commit/labels.h"

#include <algorithm>
#include <vector>

#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/meta/record_seal.h"

namespace freshet::storage {
namespace {

constexpr uint8_t kNameVersion = 1;

Status label_exists(const std::string& label, TransactionId transaction) {
  return Status::LabelExists("Label [{}] has already been used, relate to txn [{}]", label, transaction.value);
}

void put_end(const LabelRecord& record, MetaBatch& batch) {
  batch.put(meta_keys::label_end(record.finished_unix_seconds, record.database, record.label),
            encode_number(record.transaction.value));
}

}  // namespace

std::string encode_label_name(DatabaseId database, std::string_view label) {
  std::string out = begin_record(kNameVersion);
  put_fixed<uint64_t>(out, database.value);
  put_length_prefixed(out, label);
  return seal(std::move(out));
}

Result<std::pair<DatabaseId, std::string>> decode_label_name(std::string_view bytes) {
  FRESHET_ASSIGN_OR_RETURN(ByteReader reader, unseal(bytes, "label name", kNameVersion));
  const DatabaseId database(reader.fixed<uint64_t>());
  std::string label(reader.length_prefixed());
  FRESHET_RETURN_IF_ERROR(check_end(reader, "label name"));
  return std::pair(database, std::move(label));
}

Result<std::unique_ptr<Labels>> Labels::open(MetaStore& meta, const WallClock& clock, const Limits& limits) {
  std::unique_ptr<Labels> labels(new Labels(meta, clock, limits));
  FRESHET_RETURN_IF_ERROR(labels->add_ends_once());
  FRESHET_RETURN_IF_ERROR(labels->count_again());
  return labels;
}

Status Labels::count_again() {
  int64_t count = 0;
  FRESHET_RETURN_IF_ERROR(meta_.scan(meta_keys::kLabels, prefix_end(meta_keys::kLabels), [&](auto, auto) {
    ++count;
    return Status::OK();
  }));
  count_ = count;
  return Status::OK();
}

LabelRecord Labels::running_record(const Name& name, const Running& running) {
  LabelRecord record;
  record.database = name.first;
  record.label = name.second;
  record.transaction = running.transaction;
  record.state = LabelState::kRunning;
  record.begun_unix_seconds = running.begun_unix_seconds;
  return record;
}

Status Labels::reserve(DatabaseId database, const std::string& label, TransactionId transaction,
                       std::optional<LabelRecord>* existing) {
  if (count() >= limits_.count_max) {
    return Status::ResourceExhausted(
        "{} labels are kept, the limit of storage.label_limit; wait until older ones pass storage.label_keep_seconds",
        count());
  }
  std::lock_guard lock(mutex_);
  const Name name{database, label};
  if (const auto recent = recent_.find(name);
      recent != recent_.end() && recent->second.record.state == LabelState::kVisible) {
    if (existing != nullptr) *existing = recent->second.record;
    return label_exists(label, recent->second.record.transaction);
  }
  auto [running, is_new] = running_.try_emplace(name, Running{transaction, clock_.unix_seconds(), {}});
  if (!is_new) {
    if (existing != nullptr) *existing = running_record(name, running->second);
    return label_exists(label, running->second.transaction);
  }
  // The stored labels are read under the lock: committed() makes a name stored before it stops being a running one.
  auto stored = meta_.get(meta_keys::label(database, label));
  auto record = stored.ok() && stored->has_value() ? LabelRecord::deserialize(**stored) : Result<LabelRecord>(LabelRecord{});
  const bool is_free = stored.ok() && (!stored->has_value() || (record.ok() && record->state == LabelState::kAborted));
  if (is_free) {
    if (stored->has_value()) running->second.replaces = std::move(record).value();
    recent_.erase(name);
    return Status::OK();
  }
  running_.erase(running);
  FRESHET_RETURN_IF_ERROR(Status(stored.status()));
  FRESHET_RETURN_IF_ERROR(Status(record.status()));
  const TransactionId earlier = record->transaction;
  if (existing != nullptr) *existing = std::move(record).value();
  return label_exists(label, earlier);
}

Status Labels::reserve_made_up(DatabaseId database, const std::string& label, TransactionId transaction) {
  std::lock_guard lock(mutex_);
  const Running running{transaction, clock_.unix_seconds(), {}, true};
  if (!running_.try_emplace({database, label}, running).second) return label_exists(label, transaction);
  return Status::OK();
}

void Labels::release(DatabaseId database, const std::string& label, TransactionId transaction, const std::string& why) {
  std::lock_guard lock(mutex_);
  const auto running = running_.find({database, label});
  if (running == running_.end() || running->second.transaction != transaction) return;
  LabelRecord record = running_record(running->first, running->second);
  running_.erase(running);
  record.state = LabelState::kAborted;
  record.finished_unix_seconds = clock_.unix_seconds();
  record.reason = why;
  keep_recent(std::move(record));
}

bool Labels::is_stored(const LabelRecord& record, const Running& running) {
  return !running.is_made_up || record.state == LabelState::kPrecommitted;
}

void Labels::keep_recent(LabelRecord record) {
  Name name{record.database, record.label};
  const uint64_t number = ++last_recent_;
  recent_order_.emplace_back(name, number);
  recent_[std::move(name)] = {std::move(record), number};
  if (recent_order_.size() <= kRecentKept) return;
  const auto oldest = recent_.find(recent_order_.front().first);
  if (oldest != recent_.end() && oldest->second.number == recent_order_.front().second) recent_.erase(oldest);
  recent_order_.pop_front();
}

Result<std::optional<LabelRecord>> Labels::find(DatabaseId database, const std::string& label) {
  std::optional<LabelRecord> recent;
  {
    std::lock_guard lock(mutex_);
    const Name name{database, label};
    if (const auto running = running_.find(name); running != running_.end()) {
      return std::optional(running_record(name, running->second));
    }
    if (const auto found = recent_.find(name); found != recent_.end()) recent = found->second.record;
  }
  FRESHET_ASSIGN_OR_RETURN(auto stored, meta_.get(meta_keys::label(database, label)));
  if (!stored) return recent;
  FRESHET_ASSIGN_OR_RETURN(LabelRecord record, LabelRecord::deserialize(*stored));
  // Of two loads that were aborted the later one counts.
  if (recent && recent->transaction > record.transaction) return recent;
  return std::optional(std::move(record));
}

Result<std::optional<LabelRecord>> Labels::find(DatabaseId database, TransactionId transaction) {
  FRESHET_ASSIGN_OR_RETURN(const auto name, meta_.get(meta_keys::transaction(transaction)));
  if (name) {
    FRESHET_ASSIGN_OR_RETURN(const auto decoded, decode_label_name(*name));
    if (decoded.first != database) return std::optional<LabelRecord>();
    FRESHET_ASSIGN_OR_RETURN(auto record, find(database, decoded.second));
    if (record && record->transaction == transaction) return record;
  }
  std::optional<LabelRecord> found;
  FRESHET_RETURN_IF_ERROR(list(database, [&](const LabelRecord& record) {
    if (record.transaction == transaction) found = record;
  }));
  return found;
}

Status Labels::list(DatabaseId database, const std::function<void(const LabelRecord&)>& visit) {
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, running] : running_) {
      if (name.first == database) visit(running_record(name, running));
    }
    for (const auto& [name, recent] : recent_) {
      if (name.first == database) visit(recent.record);
    }
  }
  const std::string prefix = meta_keys::of(meta_keys::kLabels, database.value);
  return meta_.scan(prefix, prefix_end(prefix), [&](std::string_view, std::string_view value) {
    FRESHET_ASSIGN_OR_RETURN(const LabelRecord record, LabelRecord::deserialize(value));
    visit(record);
    return Status::OK();
  });
}

void Labels::add_to(MetaBatch& batch, LabelRecord record) {
  record.finished_unix_seconds = clock_.unix_seconds();
  {
    std::lock_guard lock(mutex_);
    const auto running = running_.find({record.database, record.label});
    if (running != running_.end()) {
      record.begun_unix_seconds = running->second.begun_unix_seconds;
      if (const auto& replaced = running->second.replaces) {
        batch.erase(meta_keys::transaction(replaced->transaction));
        batch.erase(meta_keys::label_end(replaced->finished_unix_seconds, replaced->database, replaced->label));
      }
      if (!is_stored(record, running->second)) return;
    }
  }
  if (record.state == LabelState::kPrecommitted) {
    record.precommitted_unix_seconds = record.finished_unix_seconds;
    batch.put(meta_keys::transaction(record.transaction), encode_label_name(record.database, record.label));
  } else if (record.is_two_phase) {
    batch.erase(meta_keys::precommitted_load(record.transaction));
  }
  if (record.state != LabelState::kPrecommitted) put_end(record, batch);
  batch.put(meta_keys::label(record.database, record.label), record.serialize());
}

void Labels::committed(const LabelRecord& record) {
  std::lock_guard lock(mutex_);
  const auto running = running_.find({record.database, record.label});
  if (running != running_.end() && !is_stored(record, running->second)) {
    LabelRecord kept = record;
    kept.begun_unix_seconds = running->second.begun_unix_seconds;
    kept.finished_unix_seconds = clock_.unix_seconds();
    running_.erase(running);
    return keep_recent(std::move(kept));
  }
  const bool is_second_phase = record.is_two_phase && record.state != LabelState::kPrecommitted;
  const bool has_replaced = running != running_.end() && running->second.replaces.has_value();
  if (!is_second_phase && !has_replaced) count_.fetch_add(1, std::memory_order_relaxed);
  if (running != running_.end() && running->second.transaction == record.transaction) running_.erase(running);
}

Status Labels::add_ends_once() {
  FRESHET_ASSIGN_OR_RETURN(const auto done, meta_.get(meta_keys::kLabelsHaveEnds));
  if (done) return Status::OK();
  MetaBatch batch;
  FRESHET_RETURN_IF_ERROR(
      meta_.scan(meta_keys::kLabels, prefix_end(meta_keys::kLabels), [&](std::string_view, std::string_view value) {
        FRESHET_ASSIGN_OR_RETURN(const LabelRecord record, LabelRecord::deserialize(value));
        if (record.state != LabelState::kPrecommitted) put_end(record, batch);
        return Status::OK();
      }));
  batch.put(std::string(meta_keys::kLabelsHaveEnds), encode_number(1));
  return meta_.commit(batch);
}

Status Labels::expire() {
  const int64_t oldest_kept = clock_.unix_seconds() - static_cast<int64_t>(limits_.keep_seconds);
  bool has_more = oldest_kept > 0;
  while (has_more) {
    FRESHET_ASSIGN_OR_RETURN(has_more, expire_some(oldest_kept));
  }
  return Status::OK();
}

bool Labels::erase_ended(const LabelRecord& record, std::string_view value, MetaBatch& batch) {
  if (record.state == LabelState::kPrecommitted) return false;
  {
    std::lock_guard lock(mutex_);
    if (running_.contains({record.database, record.label})) return false;
  }
  std::string key = meta_keys::label(record.database, record.label);
  // The label of an aborted load may be taken and stored anew meanwhile.
  if (record.state == LabelState::kAborted) batch.require(key, std::string(value));
  batch.erase(std::move(key));
  batch.erase(meta_keys::label_end(record.finished_unix_seconds, record.database, record.label));
  if (record.is_two_phase) batch.erase(meta_keys::transaction(record.transaction));
  return true;
}

Status Labels::erase_all_ended(std::string_view begin, std::string_view end) {
  std::lock_guard lock(removing_);
  MetaBatch batch;
  int64_t removed = 0;
  FRESHET_RETURN_IF_ERROR(meta_.scan(begin, end, [&](std::string_view, std::string_view value) {
    FRESHET_ASSIGN_OR_RETURN(const LabelRecord record, LabelRecord::deserialize(value));
    removed += erase_ended(record, value, batch) ? 1 : 0;
    return Status::OK();
  }));
  if (batch.empty()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(meta_.commit(batch));
  count_.fetch_sub(removed, std::memory_order_relaxed);
  return Status::OK();
}

Status Labels::clean(DatabaseId database, const std::string& label) {
  const std::string all = meta_keys::of(meta_keys::kLabels, database.value);
  if (label.empty()) {
    FRESHET_RETURN_IF_ERROR(erase_all_ended(all, prefix_end(all)));
    std::lock_guard lock(mutex_);
    std::erase_if(recent_, [&](const auto& entry) { return entry.first.first == database; });
    return Status::OK();
  }
  FRESHET_ASSIGN_OR_RETURN(const std::optional<LabelRecord> load, find(database, label));
  if (!load) return Status::NotFound("there is no load with label '{}'", label);
  if (load->state == LabelState::kRunning || load->state == LabelState::kPrecommitted) {
    return Status::Conflict("the load with label '{}' has not ended: its transaction [{}] can be aborted", label,
                            load->transaction.value);
  }
  const std::string key = meta_keys::label(database, label);
  FRESHET_RETURN_IF_ERROR(erase_all_ended(key, key + '\0'));
  std::lock_guard lock(mutex_);
  recent_.erase({database, label});
  return Status::OK();
}

Result<bool> Labels::expire_some(int64_t oldest_kept) {
  std::lock_guard lock(removing_);
  struct End {
    std::string key;
    int64_t unix_seconds;
    DatabaseId database;
    std::string label;
  };
  std::vector<End> ends;
  const size_t prefix = meta_keys::kLabelEnds.size();
  const Status scanned =
      meta_.scan(meta_keys::kLabelEnds, meta_keys::of(meta_keys::kLabelEnds, static_cast<uint64_t>(oldest_kept)),
                 [&](std::string_view key, std::string_view) {
                   if (ends.size() == kExpiredAtOnce) return Status::Cancelled("these are enough");
                   ends.push_back({std::string(key), static_cast<int64_t>(meta_keys::number_at(key, prefix)),
                                   DatabaseId(meta_keys::number_at(key, prefix + 8)),
                                   std::string(key.substr(std::min(key.size(), prefix + 16)))});
                   return Status::OK();
                 });
  if (!scanned.ok() && scanned.code() != StatusCode::kCancelled) return scanned;
  MetaBatch batch;
  int64_t expired = 0;
  for (End& end : ends) {
    FRESHET_ASSIGN_OR_RETURN(const auto stored, meta_.get(meta_keys::label(end.database, end.label)));
    if (stored) {
      FRESHET_ASSIGN_OR_RETURN(const LabelRecord record, LabelRecord::deserialize(*stored));
      if (record.finished_unix_seconds == end.unix_seconds) {
        expired += erase_ended(record, *stored, batch) ? 1 : 0;
        continue;
      }
    }
    batch.erase(std::move(end.key));  // its label went with its database, or is that of a later load
  }
  if (batch.empty()) return false;
  FRESHET_RETURN_IF_ERROR(meta_.commit(batch));
  count_.fetch_sub(expired, std::memory_order_relaxed);
  return ends.size() == kExpiredAtOnce;
}

}  // namespace freshet::storage
