#include "storage/commit/history_reader.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>

#include "storage/commit/carried_blocks.h"
#include "storage/meta/meta_keys.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

using Deaths = std::unordered_map<RowsetId, std::vector<RowOrdinal>>;

/// Visits the records of a tablet whose second number lies in (after, up_to].
Status scan_commits(MetaStore& meta, std::string_view kind, TabletId tablet, CommitNumber after, CommitNumber up_to,
                    const std::function<Status(CommitNumber, std::string_view)>& visit) {
  const std::string prefix = meta_keys::of(kind, tablet.value);
  std::string begin = prefix, end = prefix;
  begin = meta_keys::of(begin, after.value + 1);
  end = meta_keys::of(end, up_to.value + 1);
  return meta.scan(begin, end, [&](std::string_view key, std::string_view value) {
    return visit(CommitNumber(meta_keys::number_at(key, prefix.size())), value);
  });
}

Result<Deaths> deaths_between(MetaStore& meta, TabletId tablet, CommitNumber after, CommitNumber up_to) {
  Deaths deaths;
  FRESHET_RETURN_IF_ERROR(
      scan_commits(meta, meta_keys::kHistoryDeaths, tablet, after, up_to, [&](CommitNumber, std::string_view value) {
        FRESHET_ASSIGN_OR_RETURN(const DeadRowsRecord record, DeadRowsRecord::decode(value));
        for (const DeadRowsRecord::Entry& entry : record.entries) {
          FRESHET_ASSIGN_OR_RETURN(const std::vector<RowOrdinal> rows, decode_rows(entry.rows));
          std::vector<RowOrdinal>& all = deaths[entry.rowset];
          all.insert(all.end(), rows.begin(), rows.end());
        }
        return Status::OK();
      }));
  for (auto& [rowset, rows] : deaths) std::sort(rows.begin(), rows.end());
  return deaths;
}

/// `dead` (ascending) less the rows of `rowset` that died later, of the first `row_limit` rows.
DeadRows dead_then(std::vector<RowOrdinal> dead, const Deaths& later, RowsetId rowset, uint32_t row_limit) {
  dead.erase(std::lower_bound(dead.begin(), dead.end(), row_limit), dead.end());
  std::vector<RowOrdinal> remaining;
  const auto found = later.find(rowset);
  if (found == later.end()) {
    remaining = std::move(dead);
  } else {
    std::set_difference(dead.begin(), dead.end(), found->second.begin(), found->second.end(), std::back_inserter(remaining));
  }
  return DeadRows().with(remaining);
}

/// The newest commit at which the table still was as at `version`: flushes and compactions change no row, so what they
/// exchanged before it is not needed. At most `newest`.
Result<CommitNumber> last_commit_of(MetaStore& meta, TableId table, CommitNumber version, CommitNumber newest) {
  CommitNumber last = newest;
  const size_t commit_at = meta_keys::of(meta_keys::kVersions, table.value).size();
  const Status scanned = meta.scan(meta_keys::version(table, version.next()), meta_keys::version(table, newest.next()),
                                   [&](std::string_view key, std::string_view) {
                                     last = CommitNumber(meta_keys::number_at(key, commit_at) - 1);
                                     return Status::Cancelled("the first one is enough");
                                   });
  if (!scanned.ok() && scanned.code() != StatusCode::kCancelled) return scanned;
  return last;
}

/// Whether `version` is one that was still the newest at `commit`.
Result<bool> was_newest_at(MetaStore& meta, TableId table, CommitNumber version, CommitNumber commit) {
  FRESHET_ASSIGN_OR_RETURN(const CommitNumber last, last_commit_of(meta, table, version, commit));
  if (last < commit) return false;
  FRESHET_ASSIGN_OR_RETURN(const auto record, meta.get(meta_keys::version(table, version)));
  return record.has_value();
}

std::string name_of(const TableSnapshot& table) { return table.database_name + "." + table.name; }

}  // namespace

Result<CommitNumber> HistoryReader::history_start(TableId table) const {
  FRESHET_ASSIGN_OR_RETURN(const auto stored, meta_.get(meta_keys::history_start(table)));
  if (!stored) return CommitNumber(0);
  FRESHET_ASSIGN_OR_RETURN(const uint64_t commit, decode_number(*stored));
  return CommitNumber(commit);
}

Status HistoryReader::check_reach(const TableSnapshot& table, CommitNumber newest, CommitNumber version) const {
  if (version > newest) {
    return Status::InvalidArgument("Version {} of table {} does not exist yet: the newest is {}", version.value,
                                   name_of(table), newest.value);
  }
  FRESHET_ASSIGN_OR_RETURN(const CommitNumber start, history_start(table.id));
  if (start.value == 0 || history_retention_seconds(*table.schema) == 0) {
    return Status::InvalidArgument(
        "Table {} keeps no older versions: ALTER TABLE {} SET (\"{}\" = \"86400\") keeps those of a day from then on",
        name_of(table), name_of(table), kHistoryRetentionProperty);
  }
  if (version < start) {
    FRESHET_ASSIGN_OR_RETURN(const bool is_first, was_newest_at(meta_, table.id, version, start));
    if (is_first) return Status::OK();
    return Status::InvalidArgument(
        "Version {} of table {} is older than its history, which begins with version {} ({} = {})", version.value,
        name_of(table), start.value, kHistoryRetentionProperty, history_retention_seconds(*table.schema));
  }
  return Status::OK();
}

Result<TableSnapshotPtr> HistoryReader::as_of(const TableSnapshot& table, CommitNumber newest, CommitNumber version) const {
  FRESHET_RETURN_IF_ERROR(check_reach(table, newest, version));
  FRESHET_ASSIGN_OR_RETURN(const CommitNumber last, last_commit_of(meta_, table.id, version, newest));
  auto result = std::make_shared<TableSnapshot>(table);
  FRESHET_RETURN_IF_ERROR(put_partitions_of(*result, newest, last));
  for (TabletSnapshotPtr& tablet : result->tablets) {
    FRESHET_ASSIGN_OR_RETURN(tablet, tablet_as_of(table, *tablet, newest, last));
  }
  // Records may have expired while they were read.
  FRESHET_RETURN_IF_ERROR(check_reach(table, newest, version));
  return TableSnapshotPtr(std::move(result));
}

Status HistoryReader::put_partitions_of(TableSnapshot& table, CommitNumber newest, CommitNumber version) const {
  // Partitions that came since are empty then; the first change that took some away knows all of then.
  std::optional<PartitionsRecord> record;
  const Status scanned =
      meta_.scan(meta_keys::partitions_before(table.id, version.next()),
                 meta_keys::partitions_before(table.id, newest.next()), [&](std::string_view, std::string_view value) {
                   FRESHET_ASSIGN_OR_RETURN(record, PartitionsRecord::decode(value));
                   return Status::Cancelled("the first one is enough");
                 });
  if (!scanned.ok() && scanned.code() != StatusCode::kCancelled) return scanned;
  if (!record) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const PartitionMapPtr partitions,
                           PartitionMap::make(*table.schema, record->scheme, record->partitions));
  std::vector<TabletSnapshotPtr> tablets;
  for (const Partition& partition : partitions->partitions()) {
    for (TabletId id : partition.tablets) {
      if (const auto position = table.position_of(id)) {
        tablets.push_back(table.tablets[*position]);
        continue;
      }
      auto gone = std::make_shared<TabletSnapshot>();
      gone->id = id;
      tablets.push_back(std::move(gone));
    }
  }
  table.partitions = partitions;
  table.tablets = std::move(tablets);
  return Status::OK();
}

Result<TabletSnapshotPtr> HistoryReader::tablet_as_of(const TableSnapshot& table, const TabletSnapshot& tablet,
                                                      CommitNumber newest, CommitNumber version) const {
  FRESHET_ASSIGN_OR_RETURN(const Deaths later, deaths_between(meta_, tablet.id, version, newest));
  // A rowset without a record of its birth is older than the history.
  std::unordered_map<RowsetId, CommitNumber> births;
  const std::string birth_prefix = meta_keys::of(meta_keys::kBirths, tablet.id.value);
  FRESHET_RETURN_IF_ERROR(
      meta_.scan(birth_prefix, prefix_end(birth_prefix), [&](std::string_view key, std::string_view value) {
        FRESHET_ASSIGN_OR_RETURN(const BirthRecord birth, BirthRecord::decode(value));
        births[RowsetId(meta_keys::number_at(key, birth_prefix.size()))] = birth.commit;
        return Status::OK();
      }));
  const auto was_born = [&](RowsetId id) {
    const auto found = births.find(id);
    return found == births.end() || found->second <= version;
  };

  auto result = std::make_shared<TabletSnapshot>();
  result->id = tablet.id;
  for (const SegmentView& view : tablet.segments) {
    if (!was_born(view.segment->id())) continue;
    result->segments.push_back(
        {view.segment, dead_then(view.dead.to_vector(), later, view.segment->id(), view.segment->meta().row_count)});
  }

  std::unordered_map<RowsetId, uint32_t> rows_then;  // of buffers that grew since
  FRESHET_RETURN_IF_ERROR(
      scan_commits(meta_, meta_keys::kCarriedBlocks, tablet.id, version, newest, [&](CommitNumber, std::string_view value) {
        FRESHET_ASSIGN_OR_RETURN(const auto record, CarriedBlockRecord::decode(value));
        rows_then.try_emplace(record.buffer, record.first_row);
        return Status::OK();
      }));
  for (const DeltaView& view : tablet.deltas) {
    const auto grown = rows_then.find(view.buffer->id());
    const uint32_t row_count = grown == rows_then.end() ? view.row_count : grown->second;
    if (row_count == 0) continue;
    result->deltas.push_back(
        {view.buffer, row_count, dead_then(view.dead.to_vector(), later, view.buffer->id(), row_count)});
  }

  std::unordered_map<RowsetId, std::vector<RowOrdinal>> retired_buffers;
  const std::string retired_prefix = meta_keys::of(meta_keys::kRetiredRowsets, tablet.id.value);
  FRESHET_RETURN_IF_ERROR(
      meta_.scan(retired_prefix, prefix_end(retired_prefix), [&](std::string_view key, std::string_view value) {
        const RowsetId id(meta_keys::number_at(key, retired_prefix.size()));
        FRESHET_ASSIGN_OR_RETURN(const RetiredRowsetRecord record, RetiredRowsetRecord::decode(value));
        if (record.gone <= version || record.gone > newest || !was_born(id)) return Status::OK();
        FRESHET_ASSIGN_OR_RETURN(std::vector<RowOrdinal> dead, decode_rows(record.dead));
        if (record.segment.empty()) {
          retired_buffers[id] = std::move(dead);
          return Status::OK();
        }
        const std::shared_ptr<const Segment> segment = retired_.find(tablet.id, id);
        if (segment == nullptr) {
          // It goes after its record, which an expiry may have erased during this scan; check_reach will tell.
          FRESHET_ASSIGN_OR_RETURN(const auto still_there, meta_.get(key));
          if (!still_there) return Status::OK();
          return Status::Corruption("table {}, tablet {}: retired segment {} has a record, but is not known", name_of(table),
                                    tablet.id.value, id.value);
        }
        result->segments.push_back({segment, dead_then(std::move(dead), later, id, segment->meta().row_count)});
        return Status::OK();
      }));
  result->index_segments();
  if (retired_buffers.empty()) return TabletSnapshotPtr(std::move(result));

  CarriedBlockReader blocks(table.schema, table.key_codec, tablet.id);
  FRESHET_RETURN_IF_ERROR(
      scan_commits(meta_, meta_keys::kCarriedBlocks, tablet.id, CommitNumber(0), version,
                   [&](CommitNumber commit, std::string_view value) {
                     return blocks.add(commit, value, [&](RowsetId buffer) { return retired_buffers.contains(buffer); });
                   }));
  for (DeltaView& view : blocks.take()) {
    view.dead = dead_then(std::move(retired_buffers[view.buffer->id()]), later, view.buffer->id(), view.row_count);
    result->deltas.push_back(std::move(view));
  }
  return TabletSnapshotPtr(std::move(result));
}

Result<CommitNumber> HistoryReader::version_at(const TableSnapshot& table, int64_t unix_micros) const {
  const std::string prefix = meta_keys::of(meta_keys::kVersions, table.id.value);
  std::optional<CommitNumber> found;
  FRESHET_RETURN_IF_ERROR(meta_.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view value) {
    FRESHET_ASSIGN_OR_RETURN(const TableVersionRecord record, TableVersionRecord::decode(value));
    if (record.unix_micros <= unix_micros) found = CommitNumber(meta_keys::number_at(key, prefix.size()));
    return Status::OK();
  }));
  if (found) return *found;
  return Status::InvalidArgument("No version of table {} is known at that time: SHOW VERSIONS FROM {} lists them",
                                 name_of(table), name_of(table));
}

Result<std::vector<TableVersion>> HistoryReader::versions(TableId table, size_t limit) const {
  const std::string prefix = meta_keys::of(meta_keys::kVersions, table.value);
  std::deque<TableVersion> newest;
  FRESHET_RETURN_IF_ERROR(meta_.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view value) {
    FRESHET_ASSIGN_OR_RETURN(TableVersionRecord record, TableVersionRecord::decode(value));
    newest.push_front({CommitNumber(meta_keys::number_at(key, prefix.size())), std::move(record)});
    if (newest.size() > limit) newest.pop_back();
    return Status::OK();
  }));
  return std::vector<TableVersion>(std::make_move_iterator(newest.begin()), std::make_move_iterator(newest.end()));
}

}  // namespace freshet::storage
