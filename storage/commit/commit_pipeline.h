#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "storage/commit/id_allocator.h"
#include "storage/meta/meta_store.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// Makes staged changes durable and then visible, in the order of their commit numbers.
///
/// A change is staged while its table's publish lock is held: it gets the next commit number and a place in the queue. After
/// the lock is released its thread waits. The first waiter becomes the leader: it writes everything queued as one synced
/// batch, installs the changes into a new ServerSnapshot one after another, publishes that snapshot, and wakes the others.
/// So no commit becomes durable or visible before a lower one, many commits share one sync, and nothing is written or synced
/// under a table's lock.
///
/// When a write fails its outcome is unknown: the pipeline takes no further change until the server is restarted, and
/// readers stay on the last visible snapshot. When only the room was missing, what is staged waits for it, and the pipeline
/// goes on by itself: it reads back whether the write is there, and writes it again when it is not. Any thread.
class CommitPipeline {
 public:
  /// `snapshot`: the recovered state, visible from the start. `room_wait`: how long what is staged waits for room on a full
  /// disk before that counts as a failed write.
  CommitPipeline(MetaStore& meta, IdAllocator& commit_numbers, ServerSnapshotPtr snapshot, std::chrono::seconds room_wait);

  struct Change {
    /// Adds the records that carry the commit number. Called once, inside stage(); cannot fail.
    std::function<void(CommitNumber, MetaBatch&)> finish_batch;
    /// Puts the change into the next snapshot. Called once, after the sync; cannot fail.
    std::function<void(ServerSnapshot&)> install;
    MetaBatch batch;

   private:
    friend class CommitPipeline;
    CommitNumber number_;
    bool done_ = false;
    Status status_;
  };
  using ChangePtr = std::shared_ptr<Change>;

  /// Takes the next commit number for `change`. REQUIRES: the publish locks of all tables it touches are held.
  /// Unavailable after a failed write, OutOfSpace while the pipeline waits for room.
  Result<CommitNumber> stage(const ChangePtr& change);
  /// The two steps of stage(), for changes that alter what is in memory between them: after an OK of prepare(), under the
  /// same publish locks, enqueue() fails only when nothing is committed any more before a restart.
  Status prepare();
  Result<CommitNumber> enqueue(const ChangePtr& change);
  /// Returns when the change is durable and visible, or failed (UnknownOutcome). REQUIRES: staged; no publish lock held.
  Status wait(const ChangePtr& change);
  /// The same for the change of a DDL statement, whose failpoints lie around it.
  Status wait_for_ddl(const ChangePtr& change);

  ServerSnapshotPtr snapshot() const;
  /// Shutdown: what waits for room on a full disk fails.
  void stop_waiting();
  /// Refuses further changes (shutdown). Staged ones complete.
  void stop();
  /// OK while changes are taken.
  Status health() const;

 private:
  void write_queued(std::unique_lock<std::mutex>& lock);
  /// Writes the batch of a group whose last change is `last`.
  Status write(const MetaBatch& batch, CommitNumber last);
  Status write_when_there_is_room(const MetaBatch& batch, CommitNumber last, Status status);
  /// The newest commit number that the store holds.
  Result<uint64_t> newest_stored() const;
  bool may_wait() const;
  Status health_locked() const;
  /// The part of health() that no time mends.
  Status end_locked() const;

  MetaStore& meta_;
  IdAllocator& commit_numbers_;
  const std::chrono::seconds room_wait_;
  mutable std::mutex snapshot_mutex_;  ///< guards the pointer, never held for more than its copy
  ServerSnapshotPtr snapshot_;

  mutable std::mutex mutex_;  ///< guards all below
  std::condition_variable finished_;
  std::deque<ChangePtr> queue_;
  bool leader_active_ = false;
  Status broken_;   ///< the failed write after which no change is taken
  Status no_room_;  ///< why the leader waits
  bool stopping_ = false;
  bool may_wait_ = true;  ///< for room
};

}  // namespace freshet::storage
