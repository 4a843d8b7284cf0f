#pragma once

#include <span>
#include <unordered_map>

#include "storage/catalog/table_state.h"
#include "storage/commit/recovery.h"
#include "storage/meta/meta_records.h"
#include "storage/meta/meta_store.h"

namespace freshet::storage {

/// Adds what the records of a tablet are once `batch` is written (TabletContentsRecord). Belongs into the change that makes
/// the tablet, and into every change of its segments or folded bitmaps, behind the change. REQUIRES: the publish lock of
/// `table`, whose next tablet is `next`.
void put_tablet_contents(const TableState& table, const TabletSnapshot& next, MetaBatch& batch);

/// Corruption when a segment or folded bitmap of the record is missing, or a segment is there that it does not have.
/// `folded`: dead rows in the folded bitmaps that were found.
Status check_tablet_contents(const TabletContentsRecord& contents, std::span<const SegmentView> segments,
                             const std::unordered_map<RowsetId, uint32_t>& folded);

/// From here on commits leave records by which lost ones are noticed: writes those of the tablets that are there, once in a
/// data directory's life, beside the newest commit and id that were given out before.
Status begin_checked_records(MetaStore& meta, const RecoveredState& state);

/// Value of meta_keys::kCatalogSize.
std::string encode_catalog_size(size_t databases, size_t tables);

}  // namespace freshet::storage
