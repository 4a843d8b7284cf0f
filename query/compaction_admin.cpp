#include "query/compaction_admin.h"

#include "query/dialect/number_text.h"

namespace freshet::query {
namespace {

Result<uint64_t> parse_id(const char* name, const std::string& text) {
  const auto id = parse_number<uint64_t>(text);
  if (!id) {
    return Status::InvalidArgument("{} must be a number, not '{}': SHOW TABLETS FROM the table lists them", name, text);
  }
  return *id;
}

struct Place {
  storage::TableSnapshotPtr table;
  storage::TabletSnapshotPtr tablet;
};

Result<Place> find_tablet(const storage::ServerSnapshot& snapshot, const std::string& text) {
  FRESHET_ASSIGN_OR_RETURN(const uint64_t id, parse_id("tablet_id", text));
  for (const auto& [table_id, table] : snapshot.tables) {
    for (const storage::TabletSnapshotPtr& tablet : table->tablets) {
      if (tablet->id == TabletId(id)) return Place{table, tablet};
    }
  }
  return Status::NotFound("Tablet not found. tablet_id={}", id);
}

Result<storage::CompactionKind> parse_kind(const std::string& text) {
  for (auto kind : {storage::CompactionKind::kCumulative, storage::CompactionKind::kBase, storage::CompactionKind::kFull}) {
    if (text == storage::compaction_kind_name(kind)) return kind;
  }
  return Status::InvalidArgument("The compaction type '{}' is not supported: it is cumulative, base or full", text);
}

}  // namespace

Status CompactionAdmin::run(const std::string& tablet_text, const std::string& table_text, const std::string& kind_text) {
  const storage::ServerSnapshotPtr snapshot = storage_.snapshot();
  if (tablet_text.empty() == table_text.empty()) {
    return Status::InvalidArgument("one of tablet_id and table_id is needed, not both");
  }
  if (!tablet_text.empty()) {
    FRESHET_ASSIGN_OR_RETURN(const Place place, find_tablet(*snapshot, tablet_text));
    FRESHET_ASSIGN_OR_RETURN(const auto kind, parse_kind(kind_text));
    return storage_.request_compaction(place.table->id, place.tablet->id, kind);
  }
  FRESHET_ASSIGN_OR_RETURN(const uint64_t table_id, parse_id("table_id", table_text));
  const auto found = snapshot->tables.find(TableId(table_id));
  if (found == snapshot->tables.end()) return Status::NotFound("Table not found. table_id={}", table_id);
  Status last = Status::Conflict("the table has no tablets");
  bool is_started = false;
  for (const storage::TabletSnapshotPtr& tablet : found->second->tablets) {
    last = storage_.request_compaction(found->first, tablet->id, storage::CompactionKind::kFull);
    is_started |= last.ok();
  }
  return is_started ? Status::OK() : last;
}

Result<CompactionAdmin::Report> CompactionAdmin::show(const std::string& tablet_text) const {
  FRESHET_ASSIGN_OR_RETURN(const Place place, find_tablet(*storage_.snapshot(), tablet_text));
  Report report;
  report.tablet = place.tablet->id;
  report.state = storage_.compaction_state(place.tablet->id);
  for (const storage::SegmentView& view : place.tablet->segments) {
    const storage::SegmentMeta& meta = view.segment->meta();
    report.rowsets.push_back({meta.id, true, meta.row_count, view.dead.count(), meta.file_bytes});
  }
  for (const storage::DeltaView& view : place.tablet->deltas) {
    if (view.row_count == 0) continue;
    report.rowsets.push_back({view.buffer->id(), false, view.row_count, view.dead.count(), view.buffer->byte_size()});
  }
  return report;
}

}  // namespace freshet::query
