#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "storage/base/ids.h"
#include "storage/base/result.h"

namespace freshet::query {

/// Statements that change the same rows of a table one after another instead of against each other.
///
/// A statement runs at once while none of its table has met a conflict. One that has met one takes its turn, and until it is
/// done those that come take theirs behind it. Loads take no turn: they wait for nobody. Any thread.
class ConflictQueues {
 private:
  /// Lives while statements have or wait for their turn.
  using Queue = std::timed_mutex;

 public:
  /// Held while a statement runs; does nothing when it did not have to wait.
  class Turn {
   public:
    Turn() = default;
    bool is_held() const { return queue_ != nullptr; }

   private:
    friend class ConflictQueues;
    std::shared_ptr<Queue> queue_;  ///< outlives the lock
    std::unique_lock<Queue> lock_;
  };

  /// Waits when others wait, or when `had_conflict`; Cancelled when `is_cancelled` says so meanwhile.
  Result<Turn> take_turn(TableId table, bool had_conflict, const std::function<bool()>& is_cancelled);

 private:
  std::mutex mutex_;
  std::map<TableId, std::weak_ptr<Queue>> queues_;  ///< guarded by mutex_
};

}  // namespace freshet::query
