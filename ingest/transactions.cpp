#include "ingest/transactions.h"

#include <algorithm>
#include <charconv>

namespace freshet::ingest {
namespace {

constexpr std::string_view kUserAbort = "User Abort";

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

Result<TransactionId> parse_transaction(const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status::InvalidArgument("convert txn_id [{}] failed, errmsg=it is no whole number", text);
  }
  return TransactionId(number);
}

Result<std::optional<storage::LabelRecord>> find_load(storage::StorageEngine& storage, const TransactionRequest& request) {
  const storage::ServerSnapshotPtr snapshot = storage.snapshot();
  const auto database = snapshot->databases.find(request.database);
  if (database == snapshot->databases.end()) return Status::NotFound("unknown database, database={}", request.database);
  if (request.transaction.empty()) return storage.find_label(database->second, request.label);
  FRESHET_ASSIGN_OR_RETURN(const TransactionId transaction, parse_transaction(request.transaction));
  return storage.find_transaction(database->second, transaction);
}

std::string table_name(const storage::ServerSnapshot& snapshot, TableId id) {
  const auto table = snapshot.tables.find(id);
  return table == snapshot.tables.end() ? std::string() : table->second->name;
}

Status not_found(const TransactionRequest& request) {
  return request.transaction.empty() ? Status::NotFound("transaction not found, label={}", request.label)
                                     : Status::NotFound("transaction [{}] not found", request.transaction);
}

Status aborted_already(const storage::LabelRecord& load) {
  return Status::Conflict("transaction [{}] is already aborted. abort reason: {}", load.transaction.value, load.reason);
}

/// Whether it is committed now; else the load has moved on and must be looked at again.
Result<bool> try_commit(storage::StorageEngine& storage, const storage::LabelRecord& load) {
  const uint64_t number = load.transaction.value;
  switch (load.state) {
    case storage::LabelState::kRunning: return Status::Conflict("transaction [{}] is prepare, not pre-committed.", number);
    case storage::LabelState::kVisible:
      return Status::Conflict("transaction [{}] is already visible, not pre-committed.", number);
    case storage::LabelState::kAborted: return aborted_already(load);
    case storage::LabelState::kPrecommitted: break;
  }
  FRESHET_ASSIGN_OR_RETURN(const auto outcome, storage.commit_precommitted(load.transaction));
  return outcome.has_value();
}

Result<bool> try_abort(storage::StorageEngine& storage, const RunningLoads& running, const storage::LabelRecord& load) {
  const uint64_t number = load.transaction.value;
  switch (load.state) {
    case storage::LabelState::kRunning: {
      const std::shared_ptr<LoadFate> fate = running.find(load.transaction);
      if (fate == nullptr) return false;
      if (!fate->give_up()) return Status::Conflict("transaction [{}] is being committed, could not abort.", number);
      storage.release_label(load.database, load.label, load.transaction, std::string(kUserAbort));
      return true;
    }
    case storage::LabelState::kVisible:
      return Status::Conflict("transaction [{}] is already VISIBLE, could not abort.", number);
    case storage::LabelState::kAborted: return aborted_already(load);
    case storage::LabelState::kPrecommitted: break;
  }
  return storage.abort_precommitted(load.transaction, std::string(kUserAbort));
}

}  // namespace

std::shared_ptr<LoadFate> RunningLoads::add(TransactionId transaction) {
  auto fate = std::make_shared<LoadFate>();
  std::lock_guard lock(mutex_);
  loads_[transaction] = fate;
  return fate;
}

void RunningLoads::remove(TransactionId transaction) {
  std::lock_guard lock(mutex_);
  loads_.erase(transaction);
}

std::shared_ptr<LoadFate> RunningLoads::find(TransactionId transaction) const {
  std::lock_guard lock(mutex_);
  const auto found = loads_.find(transaction);
  return found == loads_.end() ? nullptr : found->second;
}

Result<std::string> change_transaction(storage::StorageEngine& storage, const RunningLoads& running,
                                       const TransactionRequest& request) {
  const std::string operation = lower_case(request.operation);
  if (request.transaction.empty() && request.label.empty()) {
    return Status::InvalidArgument("No transaction id or label selected.");
  }
  if (operation.empty()) return Status::InvalidArgument("No transaction operation selected.");
  if (operation != "commit" && operation != "abort") {
    return Status::InvalidArgument("transaction operation should be 'commit' or 'abort'");
  }
  // Another client may end the load between the look and the change: then its state tells the answer.
  constexpr int kLooks = 3;
  for (int look = 0; look < kLooks; ++look) {
    FRESHET_ASSIGN_OR_RETURN(const auto load, find_load(storage, request));
    if (!load) return not_found(request);
    if (request.check_table) FRESHET_RETURN_IF_ERROR(request.check_table(table_name(*storage.snapshot(), load->table)));
    FRESHET_ASSIGN_OR_RETURN(const bool is_done,
                             operation == "commit" ? try_commit(storage, *load) : try_abort(storage, running, *load));
    if (!is_done) continue;
    const std::string text = fmt::format("transaction [{}] {} successfully.", load->transaction.value, operation);
    return request.transaction.empty() ? fmt::format("label [{}] {}", load->label, text) : text;
  }
  return Status::Unavailable("the transaction changes right now; ask again");
}

std::string_view transaction_state_name(storage::LabelState state) {
  switch (state) {
    case storage::LabelState::kRunning: return "PREPARE";
    case storage::LabelState::kPrecommitted: return "PRECOMMITTED";
    case storage::LabelState::kVisible: return "VISIBLE";
    case storage::LabelState::kAborted: return "ABORTED";
  }
  return "UNKNOWN";
}

std::string_view existing_job_status(storage::LabelState state) {
  switch (state) {
    case storage::LabelState::kRunning: return "RUNNING";
    case storage::LabelState::kPrecommitted: return "PRECOMMITTED";
    default: return "FINISHED";
  }
}

}  // namespace freshet::ingest
