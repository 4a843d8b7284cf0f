#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/commit/load_commit.h"

namespace freshet::storage {

/// The commit that a small load was part of.
struct GroupOutcome {
  CommitOutcome outcome;
  TransactionId transaction;
  std::string label;  ///< "group_commit_<hex>_<hex>"; made up for the answer, no record keeps it
};

/// Lets small loads of one table share a commit. The first load commits at once; those that come while a commit of their
/// table is under way are merged in the order of their arrival and become the next one. So nobody waits for a timer, a load
/// alone is as fast as ever, and under many clients one lookup, one record and one sync serve them all.
///
/// Loads with segment files, partial updates, and those that would fill half a group commit alone and at once: nothing is
/// gained by waiting, and commits side by side look their keys up on all cores. Those written under other columns commit
/// alone in their turn. When a merged commit is refused each of its loads is tried by itself, so that none fails for
/// another's rows. Any thread.
class GroupCommits {
 public:
  struct Parts {
    std::function<Result<CommitOutcome>(LoadCommit)> commit;
    std::function<Result<TransactionId>()> next_transaction;
  };
  /// `group_bytes`: most rows of one commit.
  GroupCommits(Parts parts, uint64_t group_bytes) : parts_(std::move(parts)), group_bytes_(group_bytes) {}

  /// Returns when the load is durable and visible, or failed. REQUIRES: no label and no offsets.
  Result<GroupOutcome> commit(LoadCommit load);

 private:
  struct Member {
    LoadCommit load;
    uint64_t bytes = 0;
    std::condition_variable changed;
    bool may_lead = false;
    std::optional<Result<GroupOutcome>> outcome;
  };
  struct Queue {
    std::deque<Member*> members;
    bool is_led = false;
  };
  std::vector<Member*> take_group(Queue& queue) const;
  std::vector<Result<GroupOutcome>> commit_group(const std::vector<Member*>& group) const;
  Result<GroupOutcome> commit_one(LoadCommit load) const;

  const Parts parts_;
  const uint64_t group_bytes_;
  std::mutex mutex_;  ///< guards queues_ and what members share; never held over a commit
  std::map<TableId, Queue> queues_;
};

}  // namespace freshet::storage
