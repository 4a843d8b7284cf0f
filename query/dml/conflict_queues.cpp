#include "query/dml/conflict_queues.h"

#include <chrono>

namespace freshet::query {
namespace {

constexpr std::chrono::milliseconds kCancelPoll{20};

}  // namespace

Result<ConflictQueues::Turn> ConflictQueues::take_turn(TableId table, bool had_conflict,
                                                       const std::function<bool()>& is_cancelled) {
  Turn turn;
  std::shared_ptr<Queue> queue;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = queues_.find(table);
    if (found != queues_.end()) queue = found->second.lock();
    if (queue == nullptr && !had_conflict) return turn;
    if (queue == nullptr) {
      std::erase_if(queues_, [](const auto& entry) { return entry.second.expired(); });
      queue = std::make_shared<Queue>();
      queues_[table] = queue;
    }
  }
  std::unique_lock<Queue> lock(*queue, std::defer_lock);
  while (!lock.try_lock_for(kCancelPoll)) {
    if (is_cancelled()) return Status::Cancelled("Query execution was interrupted");
  }
  turn.queue_ = std::move(queue);
  turn.lock_ = std::move(lock);
  return turn;
}

}  // namespace freshet::query
