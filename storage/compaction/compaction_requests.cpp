#include "storage/compaction/compaction_requests.h"

namespace freshet::storage {

const char* compaction_kind_name(CompactionKind kind) {
  switch (kind) {
    case CompactionKind::kCumulative: return "cumulative";
    case CompactionKind::kBase: return "base";
    case CompactionKind::kFull: return "full";
  }
  return "unknown";
}

CompactionState& CompactionRequests::state_for_change(TabletId tablet) {
  if (states_.size() >= kMostStates && !states_.contains(tablet)) {
    std::erase_if(states_, [](const auto& entry) { return !entry.second.is_running; });
  }
  return states_[tablet];
}

Status CompactionRequests::add(TabletId tablet, CompactionKind kind) {
  std::lock_guard lock(mutex_);
  CompactionState& state = state_for_change(tablet);
  if (state.is_running) {
    return Status::AlreadyExists("a {} compaction of tablet {} is running already", compaction_kind_name(state.kind),
                                 tablet.value);
  }
  if (waiting_.size() >= kMostWaiting) {
    return Status::ResourceExhausted("{} compactions are waiting already; ask again later", waiting_.size());
  }
  waiting_[tablet] = kind;
  state.is_running = true;
  state.kind = kind;
  return Status::OK();
}

std::optional<CompactionKind> CompactionRequests::take(TabletId tablet) {
  std::lock_guard lock(mutex_);
  const auto found = waiting_.find(tablet);
  if (found == waiting_.end()) return std::nullopt;
  const CompactionKind kind = found->second;
  waiting_.erase(found);
  return kind;
}

void CompactionRequests::started(TabletId tablet, CompactionKind kind) {
  std::lock_guard lock(mutex_);
  CompactionState& state = state_for_change(tablet);
  state.is_running = true;
  state.kind = kind;
}

void CompactionRequests::finished(TabletId tablet, const Status& status, int64_t now_unix_micros) {
  std::lock_guard lock(mutex_);
  CompactionState& state = state_for_change(tablet);
  state.is_running = waiting_.contains(tablet);
  if (status.ok()) {
    state.last_success_unix_micros = now_unix_micros;
  } else {
    state.last_failure_unix_micros = now_unix_micros;
    state.last_error = status.message();
  }
}

std::vector<std::pair<TabletId, CompactionKind>> CompactionRequests::running() const {
  std::vector<std::pair<TabletId, CompactionKind>> running;
  std::lock_guard lock(mutex_);
  for (const auto& [tablet, state] : states_) {
    if (state.is_running) running.emplace_back(tablet, state.kind);
  }
  return running;
}

CompactionState CompactionRequests::state(TabletId tablet) const {
  std::lock_guard lock(mutex_);
  const auto found = states_.find(tablet);
  return found == states_.end() ? CompactionState{} : found->second;
}

}  // namespace freshet::storage
