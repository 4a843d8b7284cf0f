#include "storage/commit/read_guard.h"

#include "storage/commit/row_completion.h"
#include "storage/types/schema_mapping.h"
#include "storage/upsert/within_load.h"

namespace freshet::storage {
namespace {

Column nulls(const DataType& type, size_t count) {
  Column column(type);
  for (size_t i = 0; i < count; ++i) column.append_null();
  return column;
}

bool same_values(const Column& left, const Column& right) {
  if (left.size() != right.size()) return false;
  for (size_t row = 0; row < left.size(); ++row) {
    if (!left.has_same_value(row, right, row)) return false;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<ReadGuard>> ReadGuard::open(FileStore& files, PageCache& page_cache, const LoadCommit& load,
                                                   uint64_t rows_max) {
  std::unique_ptr<ReadGuard> guard(new ReadGuard(load.read_from));
  const KeyCodec& codec = *load.read_from->key_codec;
  uint64_t rows = segment_rows_of(load);
  if (rows > rows_max) {
    return Status::ResourceExhausted(
        "a statement changes {} rows of {}.{} at most, this one would change {}: run it in parts", rows_max,
        load.read_from->database_name, load.read_from->name, rows);
  }
  for (const TabletRows& bucket : load.tablets) {
    for (const WrittenSegment& segment : bucket.segments) {
      FRESHET_ASSIGN_OR_RETURN(const auto reader, SegmentReader::open(files, page_cache, segment.meta, *load.schema));
      KeyRun keys(codec.is_fixed());
      FRESHET_RETURN_IF_ERROR(reader->read_keys(0, reader->row_count(), keys));
      FRESHET_RETURN_IF_ERROR(guard->add(bucket.tablet, std::move(keys)));
    }
    if (!bucket.rows) continue;
    KeyRun arrived = codec.make_run();
    codec.append_keys(*bucket.rows, 0, bucket.rows->row_count(), arrived);
    FRESHET_RETURN_IF_ERROR(guard->add(bucket.tablet, distinct_rows(arrived, nullptr).keys));
  }
  return guard;
}

Status ReadGuard::add(TabletId tablet, KeyRun keys) {
  const TabletSnapshot* read = compared_->find_tablet(tablet);
  // A partition that came since had no rows.
  std::vector<BaseRow> bases(keys.size());
  if (read != nullptr) {
    FRESHET_ASSIGN_OR_RETURN(bases, find_base_rows(*read, keys));
  }
  parts_.push_back({tablet, std::move(keys), std::move(bases)});
  return Status::OK();
}

Status ReadGuard::conflict(const TableSnapshot& head) {
  return Status::Conflict("rows of {}.{} were changed by others while the statement ran; try restarting transaction",
                          head.database_name, head.name);
}

Result<std::vector<uint32_t>> ReadGuard::changed_keys(const Part& part, const TableSnapshot& head) const {
  static const TabletSnapshot kNoRows{};
  const TabletSnapshot* then = compared_->find_tablet(part.tablet);
  const TabletSnapshot* now = head.find_tablet(part.tablet);
  if (now == nullptr) return conflict(head);
  return find_changed_keys(then != nullptr ? *then : kNoRows, *now, part.keys, part.bases, false);
}

Status ReadGuard::advance(const TableSnapshotPtr& head) { return advance_little(head, UINT64_MAX).status(); }

Result<bool> ReadGuard::advance_little(const TableSnapshotPtr& head, uint64_t most) {
  if (head == compared_) return true;
  if (!have_same_layout(*compared_->schema, *head->schema)) return conflict(*head);
  std::vector<std::vector<uint32_t>> changed;
  uint64_t count = 0;
  for (const Part& part : parts_) {
    FRESHET_ASSIGN_OR_RETURN(auto keys, changed_keys(part, *head));
    count += keys.size();
    changed.push_back(std::move(keys));
  }
  if (count > most) return false;
  for (size_t i = 0; i < parts_.size(); ++i) FRESHET_RETURN_IF_ERROR(compare(parts_[i], changed[i], *head));
  compared_ = head;
  return true;
}

Status ReadGuard::compare(Part& part, std::span<const uint32_t> keys, const TableSnapshot& head) const {
  if (keys.empty()) return Status::OK();
  const TabletSnapshot* then = compared_->find_tablet(part.tablet);
  FRESHET_ASSIGN_OR_RETURN(const TabletSnapshot* now, find_tablet_of(head, part.tablet));
  KeyRun wanted(part.keys.is_fixed());
  std::vector<BaseRow> before;
  for (uint32_t key : keys) {
    wanted.append_from(part.keys, key);
    before.push_back(part.bases[key]);
  }
  FRESHET_ASSIGN_OR_RETURN(const std::vector<BaseRow> after, find_base_rows(*now, wanted));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (before[i].exists() != after[i].exists()) return conflict(head);
    part.bases[keys[i]] = after[i];
  }
  if (then == nullptr) return Status::OK();
  const BaseLocations old_places = locate_base_rows(*then, before);
  const BaseLocations new_places = locate_base_rows(*now, after);
  // The same keys exist on both sides, so the values of row i of one belong to row i of the other.
  for (size_t column = 0; column < head.schema->columns.size(); ++column) {
    Column old_values = nulls(head.schema->columns[column].type, keys.size());
    Column new_values = nulls(head.schema->columns[column].type, keys.size());
    Column* old_column = &old_values;
    Column* new_column = &new_values;
    FRESHET_RETURN_IF_ERROR(fill_from_base_rows(*head.schema, *then, old_places, {&column, 1}, {&old_column, 1}));
    FRESHET_RETURN_IF_ERROR(fill_from_base_rows(*head.schema, *now, new_places, {&column, 1}, {&new_column, 1}));
    if (!same_values(old_values, new_values)) return conflict(head);
  }
  return Status::OK();
}

}  // namespace freshet::storage
