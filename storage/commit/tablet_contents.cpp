#include "storage/commit/tablet_contents.h"

#include <algorithm>
#include <set>

#include "storage/meta/meta_keys.h"

namespace freshet::storage {
namespace {

Result<std::string> stored_number_or_zero(MetaStore& meta, std::string_view key) {
  FRESHET_ASSIGN_OR_RETURN(const auto stored, meta.get(key));
  return stored ? *stored : encode_number(0);
}

}  // namespace

void put_tablet_contents(const TableState& table, const TabletSnapshot& next, MetaBatch& batch) {
  TabletContentsRecord record;
  if (const auto marks = table.marks.find(next.id); marks != table.marks.end()) {
    record.flushed_up_to = marks->second.flushed_up_to;
    record.folded_up_to = marks->second.folded_up_to;
  }
  const auto add = [&](RowsetId id, bool is_segment) {
    const auto folded = table.folded_dead_rows.find(id);
    const uint32_t dead = folded == table.folded_dead_rows.end() ? 0 : folded->second;
    if (is_segment || dead > 0) record.rowsets.push_back({id, is_segment, dead});
  };
  for (const SegmentView& view : next.segments) add(view.segment->id(), true);
  for (const DeltaView& view : next.deltas) add(view.buffer->id(), false);
  batch.put(meta_keys::tablet_contents(next.id), record.encode());
}

Status check_tablet_contents(const TabletContentsRecord& contents, std::span<const SegmentView> segments,
                             const std::unordered_map<RowsetId, uint32_t>& folded) {
  std::set<RowsetId> found;
  for (const SegmentView& view : segments) found.insert(view.segment->id());
  for (const TabletContentsRecord::Rowset& rowset : contents.rowsets) {
    if (rowset.is_segment && found.erase(rowset.id) == 0) {
      return Status::Corruption("the segment record of rowset {} (file {}) is gone", rowset.id.value,
                                segment_file_name(rowset.id));
    }
    const auto dead = folded.find(rowset.id);
    const uint32_t dead_rows = dead == folded.end() ? 0 : dead->second;
    if (dead_rows != rowset.folded_dead_rows) {
      return Status::Corruption("the folded delete bitmap of rowset {} has {} rows instead of {}", rowset.id.value,
                                dead_rows, rowset.folded_dead_rows);
    }
  }
  if (found.empty()) return Status::OK();
  return Status::Corruption("segment record of rowset {} is in no contents record: its rows are in other segments by now",
                            found.begin()->value);
}

Status begin_checked_records(MetaStore& meta, const RecoveredState& state) {
  bool has_all = true;
  for (std::string_view key : {meta_keys::kCheckedCommits, meta_keys::kCheckedIds, meta_keys::kCatalogSize}) {
    FRESHET_ASSIGN_OR_RETURN(const auto stored, meta.get(key));
    has_all &= stored.has_value();
  }
  if (has_all) return Status::OK();
  MetaBatch batch;
  for (const TableStatePtr& table : state.tables) {
    const TableSnapshotPtr head = table->head();
    for (const TabletSnapshotPtr& tablet : head->tablets) put_tablet_contents(*table, *tablet, batch);
  }
  FRESHET_ASSIGN_OR_RETURN(std::string ids, stored_number_or_zero(meta, meta_keys::kReservedIds));
  batch.put(std::string(meta_keys::kCheckedIds), std::move(ids));
  batch.put(std::string(meta_keys::kCatalogSize),
            encode_catalog_size(state.snapshot->databases.size(), state.snapshot->tables.size()));
  batch.put(std::string(meta_keys::kCheckedCommits), encode_number(state.snapshot->commit.value));
  return meta.commit(batch);
}

std::string encode_catalog_size(size_t databases, size_t tables) {
  return encode_number(static_cast<uint64_t>(databases) << 32 | tables);
}

}  // namespace freshet::storage
