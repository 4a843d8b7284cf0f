#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/commit/retired_segments.h"
#include "storage/meta/meta_records.h"
#include "storage/meta/meta_store.h"
#include "storage/segment/page_cache.h"
#include "storage/tablet/snapshot.h"

namespace freshet::storage {

/// One line of SHOW VERSIONS.
struct TableVersion {
  CommitNumber commit;
  TableVersionRecord record;
};

/// Puts older versions of a table together from the records of HistoryWriter. Any thread.
///
/// The rowsets of version V are those that came at or before V and went after it. Their dead rows then are those they have
/// now (or had when they went) less those that died after V. So a version costs reading the deaths since, and nothing while
/// nobody asks for it.
class HistoryReader {
 public:
  HistoryReader(MetaStore& meta, const RetiredSegments& retired) : meta_(meta), retired_(retired) {}

  /// `table` as of `version`, under the schema of today. `newest` is the commit of the snapshot that `table` is from.
  /// InvalidArgument when the table keeps no history, or when the version is not in it.
  Result<TableSnapshotPtr> as_of(const TableSnapshot& table, CommitNumber newest, CommitNumber version) const;
  /// The newest version of the table at that time; InvalidArgument when none is known.
  Result<CommitNumber> version_at(const TableSnapshot& table, int64_t unix_micros) const;
  /// The newest `limit` versions that are recorded, newest first.
  Result<std::vector<TableVersion>> versions(TableId table, size_t limit) const;
  /// The commit that the history reaches back to; the version of that moment may be older. 0 when the table has no history.
  Result<CommitNumber> history_start(TableId table) const;

 private:
  /// The partitions that the table had at `version`, with their tablets as they are now; empty ones for those that are gone.
  Status put_partitions_of(TableSnapshot& table, CommitNumber newest, CommitNumber version) const;
  Status check_reach(const TableSnapshot& table, CommitNumber newest, CommitNumber version) const;
  Result<TabletSnapshotPtr> tablet_as_of(const TableSnapshot& table, const TabletSnapshot& tablet, CommitNumber newest,
                                         CommitNumber version) const;

  MetaStore& meta_;
  const RetiredSegments& retired_;
};

}  // namespace freshet::storage
