#pragma once

#include <string>
#include <utility>
#include <vector>

#include "storage/engine/storage_engine.h"

namespace freshet::query {

/// What an administrator asks of compaction, by ids as text: Doris's /api/compaction requests. Any thread.
class CompactionAdmin {
 public:
  explicit CompactionAdmin(storage::StorageEngine& storage) : storage_(storage) {}

  struct Rowset {
    RowsetId id;
    bool is_segment = false;  ///< else a delta buffer
    uint64_t rows = 0;
    uint64_t dead_rows = 0;
    uint64_t bytes = 0;
  };
  struct Report {
    TabletId tablet;
    storage::CompactionState state;
    std::vector<Rowset> rowsets;  ///< those with rows, oldest first
  };

  /// Begins a compaction of one tablet (`kind`: cumulative, base or full) or, fully, of all tablets of a table, and does not
  /// wait for it. InvalidArgument, NotFound, AlreadyExists (one is running), Conflict (nothing to do).
  Status run(const std::string& tablet, const std::string& table, const std::string& kind);
  /// Tablets that are being compacted.
  std::vector<std::pair<TabletId, storage::CompactionKind>> running() const { return storage_.running_compactions(); }
  Result<Report> show(const std::string& tablet) const;

 private:
  storage::StorageEngine& storage_;
};

}  // namespace freshet::query
