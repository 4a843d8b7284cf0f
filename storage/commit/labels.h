#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "storage/base/wall_clock.h"
#include "storage/commit/load_commit.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// The names of loads: each is used once within a database. Running loads hold theirs in memory; finished ones are records
/// in the metadata store, written by the commit that carries them and kept by age alone. Any thread.
class Labels {
 public:
  struct Limits {
    uint64_t keep_seconds = 259200;
    uint64_t count_max = 1'000'000;
  };
  /// Counts the stored labels.
  static Result<std::unique_ptr<Labels>> open(MetaStore& meta, const WallClock& clock, const Limits& limits);

  /// LabelExists with the state of the earlier load in `existing`; ResourceExhausted when too many are kept.
  Status reserve(DatabaseId database, const std::string& label, TransactionId transaction,
                 std::optional<LabelRecord>* existing);
  void release(DatabaseId database, const std::string& label);
  /// The running or finished load of this name.
  Result<std::optional<LabelRecord>> find(DatabaseId database, const std::string& label);
  /// Adds the record of a finished load to the batch that makes it durable.
  void add_to(MetaBatch& batch, LabelRecord record) const;
  /// Tells that a batch with a label became durable: the reservation ends, the record takes over.
  void committed(const LabelRecord& record);
  /// Removes labels older than the retention.
  Status expire();
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  Labels(MetaStore& meta, const WallClock& clock, const Limits& limits) : meta_(meta), clock_(clock), limits_(limits) {}

  MetaStore& meta_;
  const WallClock& clock_;
  const Limits limits_;
  std::atomic<uint64_t> count_{0};
  std::mutex mutex_;  ///< guards running_
  std::map<std::pair<DatabaseId, std::string>, TransactionId> running_;
};

}  // namespace freshet::storage
