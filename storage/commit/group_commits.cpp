#include "storage/commit/group_commits.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/base/assert.h"

namespace freshet::storage {
namespace {

/// Deletes of an aggregate table come in loads of their own, and so do rows that depend on what was read.
bool can_share(const LoadCommit& load) {
  const bool is_aggregate = load.schema->is_aggregate();
  return load.partial == nullptr && load.read_from == nullptr &&
         std::all_of(load.tablets.begin(), load.tablets.end(), [&](const TabletRows& rows) {
           return rows.segments.empty() && !(is_aggregate && rows.rows && rows.rows->has_deletes());
         });
}

uint64_t bytes_of(const LoadCommit& load) {
  uint64_t bytes = 0;
  for (const TabletRows& rows : load.tablets) bytes += rows.rows ? rows.rows->byte_size() : 0;
  return bytes;
}

/// Adds the rows of `load` behind those of `merged`. The load stays as it is, for when it has to be tried alone.
void append_load(LoadCommit& merged, const LoadCommit& load) {
  for (const TabletRows& rows : load.tablets) {
    if (!rows.rows) continue;
    const auto found = std::find_if(merged.tablets.begin(), merged.tablets.end(),
                                    [&](const TabletRows& other) { return other.tablet == rows.tablet; });
    if (found == merged.tablets.end()) {
      merged.tablets.push_back({rows.tablet, {}, rows.rows, {}, false});
    } else {
      found->rows->append_all(*rows.rows);
    }
  }
}

/// The rows may be at fault, and another load's rows must not fail with them.
bool may_depend_on_rows(StatusCode code) {
  return code != StatusCode::kUnknownOutcome && code != StatusCode::kUnavailable && code != StatusCode::kOutOfSpace &&
         code != StatusCode::kResourceExhausted;
}

}  // namespace

std::vector<GroupCommits::Member*> GroupCommits::take_group(Queue& queue) const {
  std::vector<Member*> group;
  uint64_t bytes = 0;
  while (!queue.members.empty()) {
    Member* next = queue.members.front();
    const bool fits = group.empty() || (next->load.schema == group[0]->load.schema && bytes + next->bytes <= group_bytes_);
    if (!fits) break;
    bytes += next->bytes;
    group.push_back(next);
    queue.members.pop_front();
  }
  return group;
}

Result<GroupOutcome> GroupCommits::commit_one(LoadCommit load) const {
  GroupOutcome result;
  FRESHET_ASSIGN_OR_RETURN(result.transaction, parts_.next_transaction());
  result.label = fmt::format("group_commit_{:016x}_{:016x}", load.table.value, result.transaction.value);
  FRESHET_ASSIGN_OR_RETURN(result.outcome, parts_.commit(std::move(load)));
  return result;
}

std::vector<Result<GroupOutcome>> GroupCommits::commit_group(const std::vector<Member*>& group) const {
  if (group.size() > 1) {
    LoadCommit merged = group[0]->load;
    for (size_t i = 1; i < group.size(); ++i) append_load(merged, group[i]->load);
    const Result<GroupOutcome> outcome = commit_one(std::move(merged));
    if (outcome.ok() || !may_depend_on_rows(outcome.status().code())) {
      return std::vector<Result<GroupOutcome>>(group.size(), outcome);
    }
  }
  std::vector<Result<GroupOutcome>> outcomes;
  for (Member* member : group) outcomes.push_back(commit_one(std::move(member->load)));
  return outcomes;
}

Result<GroupOutcome> GroupCommits::commit(LoadCommit load) {
  FRESHET_ASSERT(!load.label && load.offsets.empty());
  const TableId table = load.table;
  Member self;
  self.bytes = bytes_of(load);
  if (!can_share(load) || self.bytes > group_bytes_ / 2) return commit_one(std::move(load));
  self.load = std::move(load);
  std::unique_lock lock(mutex_);
  Queue& queue = queues_[table];
  queue.members.push_back(&self);
  if (!queue.is_led) {
    queue.is_led = self.may_lead = true;
  }
  self.changed.wait(lock, [&] { return self.may_lead || self.outcome.has_value(); });
  if (!self.outcome.has_value()) {
    const std::vector<Member*> group = take_group(queue);
    lock.unlock();
    std::vector<Result<GroupOutcome>> outcomes = commit_group(group);
    lock.lock();
    for (size_t i = 0; i < group.size(); ++i) {
      group[i]->outcome.emplace(std::move(outcomes[i]));
      group[i]->changed.notify_one();
    }
    if (queue.members.empty()) {
      queues_.erase(table);
    } else {
      queue.members.front()->may_lead = true;
      queue.members.front()->changed.notify_one();
    }
  }
  return std::move(*self.outcome);
}

}  // namespace freshet::storage
