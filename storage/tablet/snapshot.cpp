#include "storage/tablet/snapshot.h"

#include <algorithm>

namespace freshet::storage {

uint64_t TabletSnapshot::live_rows() const {
  uint64_t rows = 0;
  for (const SegmentView& view : segments) rows += view.live_rows();
  for (const DeltaView& view : deltas) rows += view.live_rows();
  return rows;
}

void TabletSnapshot::index_segments() {
  std::vector<KeyRanges::Range> ranges;
  for (const SegmentView& view : segments) {
    const SegmentMeta& meta = view.segment->meta();
    ranges.push_back({meta.min_key, meta.max_key, meta.row_count});
  }
  key_ranges = std::make_shared<const KeyRanges>(ranges);
}

const SegmentView* TabletSnapshot::find_segment(RowsetId id) const {
  const auto found =
      std::find_if(segments.begin(), segments.end(), [&](const SegmentView& view) { return view.segment->id() == id; });
  return found == segments.end() ? nullptr : &*found;
}

const DeltaView* TabletSnapshot::find_delta(RowsetId id) const {
  const auto found =
      std::find_if(deltas.begin(), deltas.end(), [&](const DeltaView& view) { return view.buffer->id() == id; });
  return found == deltas.end() ? nullptr : &*found;
}

const TabletSnapshot* TableSnapshot::find_tablet(TabletId tablet) const {
  const std::optional<uint32_t> position = position_of(tablet);
  return position ? tablets[*position].get() : nullptr;
}

uint64_t TableSnapshot::live_rows() const {
  uint64_t rows = 0;
  for (const TabletSnapshotPtr& tablet : tablets) rows += tablet->live_rows();
  return rows;
}

Result<TableSnapshotPtr> TableSnapshot::only_partitions(const std::vector<std::string>& names) const {
  std::vector<Partition> wanted;
  for (const std::string& partition : names) {
    const std::optional<size_t> found = partitions->find(partition);
    if (!found || !partitions->is_partitioned()) {
      return Status::NotFound("Unknown partition '{}' in table {}.{}", partition, database_name, name);
    }
    const Partition& named = partitions->partitions()[*found];
    const bool is_new = std::none_of(wanted.begin(), wanted.end(), [&](const Partition& one) { return one.id == named.id; });
    if (is_new) wanted.push_back(named);
  }
  auto part = std::make_shared<TableSnapshot>(*this);
  FRESHET_ASSIGN_OR_RETURN(part->partitions, PartitionMap::make(*schema, partitions->scheme(), std::move(wanted)));
  part->tablets.clear();
  for (const Partition& partition : part->partitions->partitions()) {
    for (TabletId tablet : partition.tablets) part->tablets.push_back(tablets[position_of(tablet).value()]);
  }
  return TableSnapshotPtr(std::move(part));
}

TableSnapshotPtr ServerSnapshot::find_table(const std::string& database, const std::string& table) const {
  const auto name = table_names.find({database, table});
  if (name == table_names.end()) return nullptr;
  const auto found = tables.find(name->second);
  return found == tables.end() ? nullptr : found->second;
}

}  // namespace freshet::storage
