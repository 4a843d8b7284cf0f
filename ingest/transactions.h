#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "storage/engine/storage_engine.h"

namespace freshet::ingest {

/// The second phase of a load, or its end, as a client asks for it (PUT /api/{database}/_stream_load_2pc).
struct TransactionRequest {
  std::string database;
  std::string transaction;  ///< a number as text; empty = `label` names the load
  std::string label;
  std::string operation;  ///< "commit" or "abort", in any case
  /// Whether the client may end loads of a table (empty: of one that is gone); its error is the answer. Empty: of all.
  std::function<Status(const std::string& table)> check_table = nullptr;
};

/// Whether a load commits or is given up from outside: the first to decide wins. Any thread.
class LoadFate {
 public:
  /// False when the load was given up.
  bool begin_commit() { return decide(State::kCommitting); }
  /// False when it commits, or has.
  bool give_up() { return decide(State::kGivenUp); }
  bool is_given_up() const { return state_.load() == State::kGivenUp; }

 private:
  enum class State : uint8_t { kRunning, kCommitting, kGivenUp };
  bool decide(State wanted) {
    State expected = State::kRunning;
    return state_.compare_exchange_strong(expected, wanted);
  }
  std::atomic<State> state_{State::kRunning};
};

/// The loads that run now, by transaction. Any thread.
class RunningLoads {
 public:
  std::shared_ptr<LoadFate> add(TransactionId transaction);
  void remove(TransactionId transaction);
  /// Null when no such load runs.
  std::shared_ptr<LoadFate> find(TransactionId transaction) const;

 private:
  mutable std::mutex mutex_;  ///< guards loads_
  std::map<TransactionId, std::shared_ptr<LoadFate>> loads_;
};

/// Commits or aborts a load, and answers Doris's sentence for it. An abort ends a running load too. Errors carry Doris's
/// texts, since clients search them: NotFound and Conflict tell what the load is instead, InvalidArgument what is wrong with
/// the request; others leave the load as it was.
Result<std::string> change_transaction(storage::StorageEngine& storage, const RunningLoads& running,
                                       const TransactionRequest& request);

/// "PREPARE", "PRECOMMITTED", "VISIBLE" or "ABORTED".
std::string_view transaction_state_name(storage::LabelState state);
/// What "Label Already Exists" says of the earlier load: "RUNNING", "PRECOMMITTED" or "FINISHED".
std::string_view existing_job_status(storage::LabelState state);

}  // namespace freshet::ingest
