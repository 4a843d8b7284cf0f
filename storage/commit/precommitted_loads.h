#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/wall_clock.h"
#include "storage/catalog/catalog.h"
#include "storage/commit/labels.h"
#include "storage/commit/load_publisher.h"
#include "storage/commit/obsolete_files.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// Two-phase commit of loads. The first phase makes a load durable: its segment files are named by a record of its own,
/// which holds its small rows too, and its label says kPrecommitted. Nothing of it is looked up or pinned: the second phase
/// publishes it like any load, against the table as it is then. Abort, and a timeout, take the record and the files away.
/// Both phases are one batch each through the commit pipeline, so a crash leaves a load before or after each of them.
///
/// One change of a load at a time: who comes second waits, and finds what the first has made of it. Any thread.
class PrecommittedLoads {
 public:
  struct Parts {
    MetaStore& meta;
    Catalog& catalog;
    CommitPipeline& pipeline;
    Labels& labels;
    LoadPublisher& publisher;
    ObsoleteFiles& obsolete;
    FileStore& files;
    PageCache& page_cache;
    const WallClock& clock;
  };
  struct Limits {
    uint64_t count_max = 1000;
    uint64_t timeout_seconds = 3600;
  };
  /// `recovered`: labels of the loads that were found.
  PrecommittedLoads(const Parts& parts, const Limits& limits, const std::vector<LabelRecord>& recovered);

  /// Makes `load` durable. REQUIRES: it has a reserved label, no offsets, and its files are synced. ResourceExhausted when
  /// too many wait.
  Status precommit(LoadCommit load);
  struct Committed {
    CommitOutcome outcome;
    uint64_t rows = 0;
  };
  /// Publishes a load; nothing when no such one is precommitted (any more). On an error it stays, unless its outcome is
  /// unknown.
  Result<std::optional<Committed>> commit(TransactionId transaction);
  /// Ends a load without a trace but its label; false when no such one is precommitted (any more).
  Result<bool> abort(TransactionId transaction, const std::string& reason);
  /// Aborts loads whose time is over or whose database is gone.
  Status expire();
  uint64_t count() const;

 private:
  struct Entry {
    DatabaseId database;
    int64_t expires_unix_seconds = 0;
    bool is_busy = false;
  };
  class Claim;
  Result<LoadCommit> read(TransactionId transaction) const;
  bool has_database(DatabaseId database) const;
  Status stage_and_wait(const CommitPipeline::ChangePtr& change);

  Parts parts_;
  const Limits limits_;
  mutable std::mutex mutex_;  ///< guards loads_; never held over I/O
  std::condition_variable freed_;
  std::map<TransactionId, Entry> loads_;
};

}  // namespace freshet::storage
