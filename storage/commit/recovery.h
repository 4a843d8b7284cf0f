#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/catalog/catalog.h"
#include "storage/commit/label_record.h"
#include "storage/io/file_store.h"
#include "storage/meta/meta_store.h"
#include "storage/segment/page_cache.h"

namespace freshet::storage {

/// A load between the two phases of its commit.
struct RecoveredPrecommit {
  LabelRecord label;
  std::vector<std::shared_ptr<const Segment>> segments;
};

/// What the metadata store says the server is.
struct RecoveredState {
  ServerSnapshotPtr snapshot;
  std::vector<TableStatePtr> tables;
  std::vector<std::shared_ptr<const Segment>> retired;  ///< needed by older versions alone
  std::vector<RecoveredPrecommit> precommitted;
};

/// Rebuilds every table from its records: schemas, segments (opened later, when first needed), delete bitmaps (folded ones,
/// then the deltas after them), and delta buffers from carried blocks in commit order. Reads only. Corruption names the
/// record.
Result<RecoveredState> recover(MetaStore& meta, FileStore& files, PageCache& page_cache);

/// The names of all files that hold rows of `state`.
std::set<std::string> files_of(const RecoveredState& state);

/// Moves files that no record names out of the way: those of a load that never committed.
Status quarantine_unknown_files(const RecoveredState& state, FileStore& files);

}  // namespace freshet::storage
