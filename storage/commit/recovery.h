#pragma once

#include <memory>
#include <vector>

#include "storage/catalog/catalog.h"
#include "storage/io/file_store.h"
#include "storage/meta/meta_store.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

/// What the metadata store says the server is.
struct RecoveredState {
  ServerSnapshotPtr snapshot;
  std::vector<TableStatePtr> tables;
  std::vector<std::shared_ptr<const Segment>> retired;  ///< needed by older versions alone
};

/// Rebuilds every table from its records: schemas, segments (opened later, when first needed), delete bitmaps (folded ones,
/// then the deltas after them), and delta buffers from carried blocks in commit order. Reads only. Corruption names the
/// record.
Result<RecoveredState> recover(MetaStore& meta, FileStore& files, PageCache& page_cache);

/// Moves files that no record names out of the way: those of a load that never committed.
Status quarantine_unknown_files(const RecoveredState& state, FileStore& files);

}  // namespace freshet::storage
