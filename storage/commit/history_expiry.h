#pragma once

#include <cstdint>

#include "storage/catalog/catalog.h"
#include "storage/commit/obsolete_files.h"
#include "storage/commit/retired_segments.h"
#include "storage/meta/meta_store.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

/// Ends the history of each table where its retention ends: versions, deaths, and the rowsets that only older versions need.
/// One thread at a time.
class HistoryExpiry {
 public:
  /// Versions that are listed of a table without history.
  static constexpr size_t kVersionsKept = 1000;

  struct Parts {
    Catalog& catalog;
    MetaStore& meta;
    ObsoleteFiles& obsolete;
    RetiredSegments& retired;
    FileStore& files;
    PageCache& page_cache;
    size_t versions_max;  ///< of a table with history; beyond that it is shorter than the retention
  };
  explicit HistoryExpiry(const Parts& parts) : parts_(parts) {}

  /// `visible`: the newest visible commit.
  Status run(int64_t now_unix_micros, CommitNumber visible);

 private:
  Status expire(TableState& state, int64_t now_unix_micros, CommitNumber visible);
  /// Ends what is older than `horizon` of all tablets that the table has or had. `dropped`: those that no version has any
  /// more.
  Status expire_tablets(const TableState& state, CommitNumber horizon, MetaBatch& batch,
                        std::vector<std::shared_ptr<const Segment>>& segments, std::vector<TabletId>& dropped);
  Status expire_tablet(TabletId tablet, CommitNumber horizon, MetaBatch& batch,
                       std::vector<std::shared_ptr<const Segment>>& segments);

  Parts parts_;
};

}  // namespace freshet::storage
