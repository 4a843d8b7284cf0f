#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "storage/base/wall_clock.h"
#include "storage/commit/label_record.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// The names of loads: each is used once within a database, unless its load was aborted. Running loads hold theirs in
/// memory; others are records in the metadata store, written by the commit that carries them and kept by age alone. Only in
/// memory, for the newest kRecentKept, is remembered why a running load failed, and that a load whose name was made up for
/// it is visible: nobody else knows that name, so it is neither stored nor counted, unless its load waits for a second
/// phase. Any thread.
class Labels {
 public:
  static constexpr size_t kRecentKept = 10'000;
  /// Of one batch.
  static constexpr size_t kExpiredAtOnce = 10'000;

  struct Limits {
    uint64_t keep_seconds = 259200;
    uint64_t count_max = 1'000'000;
  };
  /// Counts the stored labels.
  static Result<std::unique_ptr<Labels>> open(MetaStore& meta, const WallClock& clock, const Limits& limits);

  /// LabelExists with the state of the earlier load in `existing`; ResourceExhausted when too many are kept.
  Status reserve(DatabaseId database, const std::string& label, TransactionId transaction,
                 std::optional<LabelRecord>* existing);
  /// Takes a label that was made up for the load, and that no other load has.
  Status reserve_made_up(DatabaseId database, const std::string& label, TransactionId transaction);
  /// Ends the reservation of this transaction, if it has one; the label is free. `why` its load failed.
  void release(DatabaseId database, const std::string& label, TransactionId transaction, const std::string& why);
  /// The load of this name, one that is only remembered included.
  Result<std::optional<LabelRecord>> find(DatabaseId database, const std::string& label);
  /// Looks a two-phase load up by its index, any other by reading all labels of the database.
  Result<std::optional<LabelRecord>> find(DatabaseId database, TransactionId transaction);
  /// All loads of a database: running and remembered ones, then the stored ones by label.
  Status list(DatabaseId database, const std::function<void(const LabelRecord&)>& visit);

  /// Adds the record to the batch that makes it durable, unless its label was made up, and what follows from its state: a
  /// precommitted load gets its index, the end of a two-phase one takes its rows out of the metadata.
  void add_to(MetaBatch& batch, LabelRecord record);
  /// Tells that a batch with a label became durable: the reservation ends, the record takes over.
  void committed(const LabelRecord& record);
  /// Removes labels older than the retention; not those of precommitted loads. Reads what it removes, and nothing else.
  Status expire();
  /// StorageEngine::clean_labels.
  Status clean(DatabaseId database, const std::string& label);
  /// After a database went with its labels.
  Status count_again();
  uint64_t count() const { return static_cast<uint64_t>(std::max<int64_t>(0, count_.load(std::memory_order_relaxed))); }

 private:
  using Name = std::pair<DatabaseId, std::string>;
  struct Running {
    TransactionId transaction;
    int64_t begun_unix_seconds = 0;
    std::optional<LabelRecord> replaces = {};  ///< an aborted load whose record is stored
    bool is_made_up = false;
  };
  struct Recent {
    LabelRecord record;
    uint64_t number;
  };

  Labels(MetaStore& meta, const WallClock& clock, const Limits& limits) : meta_(meta), clock_(clock), limits_(limits) {}
  static LabelRecord running_record(const Name& name, const Running& running);
  /// Whether the label of this load is written to the metadata.
  static bool is_stored(const LabelRecord& record, const Running& running);
  void keep_recent(LabelRecord record);
  /// Labels that earlier builds stored get their place in the order of their ends, once.
  Status add_ends_once();
  /// Of the oldest labels that ended before `oldest_kept`; false when there are no more.
  Result<bool> expire_some(int64_t oldest_kept);
  /// Stages the removal of a stored label; false when its load has not ended, or a new load takes it over. `value`: its
  /// record.
  bool erase_ended(const LabelRecord& record, std::string_view value, MetaBatch& batch);
  /// Removes the labels in [begin, end) whose loads have ended.
  Status erase_all_ended(std::string_view begin, std::string_view end);

  std::mutex removing_;  ///< held while stored labels are removed and counted; before mutex_
  MetaStore& meta_;
  const WallClock& clock_;
  const Limits limits_;
  /// May be one too few for an aborted label that was taken anew in the moment in which it was removed.
  std::atomic<int64_t> count_{0};
  std::mutex mutex_;  ///< guards all below
  std::map<Name, Running> running_;
  std::map<Name, Recent> recent_;                       ///< failed, or visible under a label that was made up
  std::deque<std::pair<Name, uint64_t>> recent_order_;  ///< oldest first; a newer load of a label has another number
  uint64_t last_recent_ = 0;
};

/// Value of the index from a transaction to its label (FORMAT.md, "Metadata records").
std::string encode_label_name(DatabaseId database, std::string_view label);
Result<std::pair<DatabaseId, std::string>> decode_label_name(std::string_view bytes);

}  // namespace freshet::storage
