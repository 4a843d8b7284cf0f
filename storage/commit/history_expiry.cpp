#include "storage/commit/history_expiry.h"

#include <algorithm>
#include <limits>
#include <set>

#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

struct VersionTime {
  CommitNumber commit;
  int64_t unix_micros = 0;
};

Result<std::vector<VersionTime>> version_times(MetaStore& meta, TableId table) {
  std::vector<VersionTime> times;
  const std::string prefix = meta_keys::of(meta_keys::kVersions, table.value);
  FRESHET_RETURN_IF_ERROR(meta.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view value) {
    FRESHET_ASSIGN_OR_RETURN(const TableVersionRecord record, TableVersionRecord::decode(value));
    times.push_back({CommitNumber(meta_keys::number_at(key, prefix.size())), record.unix_micros});
    return Status::OK();
  }));
  return times;
}

struct Horizon {
  CommitNumber version;  ///< the oldest that stays: it was current when the retention began. Zero: all stay.
  CommitNumber commit;   ///< the last commit that it is the version of
};

Horizon horizon_of(const std::vector<VersionTime>& times, uint64_t retention_seconds, size_t versions_max, int64_t now,
                   CommitNumber visible) {
  const int64_t oldest = now - static_cast<int64_t>(retention_seconds) * 1'000'000;
  size_t kept = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    if (times[i].unix_micros <= oldest) kept = i;
  }
  if (times.size() > versions_max) kept = std::max(kept, times.size() - versions_max);
  if (times.empty() || (kept == 0 && times[0].unix_micros > oldest)) return {};
  const CommitNumber last = kept + 1 < times.size() ? CommitNumber(times[kept + 1].commit.value - 1) : visible;
  return {times[kept].commit, std::max(times[kept].commit, last)};
}

}  // namespace

Status HistoryExpiry::run(int64_t now_unix_micros, CommitNumber visible) {
  for (const TableStatePtr& state : parts_.catalog.all_tables()) {
    // A table is not dropped or altered meanwhile.
    std::lock_guard ddl(parts_.catalog.ddl_mutex);
    if (parts_.catalog.find_table(state->head()->id) == nullptr) continue;
    FRESHET_RETURN_IF_ERROR(expire(*state, now_unix_micros, visible));
  }
  parts_.retired.close_unused([&](const Segment& segment) {
    return std::make_shared<const Segment>(parts_.files, parts_.page_cache, segment.meta(), segment.schema());
  });
  return Status::OK();
}

Status HistoryExpiry::expire(TableState& state, int64_t now_unix_micros, CommitNumber visible) {
  const TableSnapshotPtr head = state.head();
  const TableSnapshot& table = *head;
  FRESHET_ASSIGN_OR_RETURN(const std::vector<VersionTime> times, version_times(parts_.meta, table.id));
  FRESHET_ASSIGN_OR_RETURN(const auto start, parts_.meta.get(meta_keys::history_start(table.id)));
  const uint64_t retention = history_retention_seconds(*table.schema);
  MetaBatch batch;
  std::vector<std::shared_ptr<const Segment>> segments;
  std::vector<TabletId> dropped;
  CommitNumber oldest_listed;
  if (retention == 0) {
    if (start) {
      batch.erase(meta_keys::history_start(table.id));
      const CommitNumber everything(std::numeric_limits<uint64_t>::max() - 1);
      FRESHET_RETURN_IF_ERROR(expire_tablets(state, everything, batch, segments, dropped));
    }
    if (times.size() > kVersionsKept) oldest_listed = times[times.size() - kVersionsKept].commit;
  } else if (start) {
    FRESHET_ASSIGN_OR_RETURN(const uint64_t start_commit, decode_number(*start));
    const Horizon horizon = horizon_of(times, retention, parts_.versions_max, now_unix_micros, visible);
    oldest_listed = horizon.version;
    if (horizon.version.value > start_commit) {
      batch.put(meta_keys::history_start(table.id), encode_number(horizon.version.value));
    }
    if (horizon.version.value >= start_commit) {
      FRESHET_RETURN_IF_ERROR(expire_tablets(state, horizon.commit, batch, segments, dropped));
    }
  }
  if (!times.empty() && times.front().commit < oldest_listed) {
    batch.erase_range(meta_keys::version(table.id, CommitNumber(0)), meta_keys::version(table.id, oldest_listed));
  }
  if (batch.empty()) return Status::OK();
  parts_.obsolete.add_to(batch, segments);
  FRESHET_RETURN_IF_ERROR(parts_.meta.commit(batch));
  for (TabletId tablet : dropped) state.dropped_tablets.erase(tablet);
  for (const auto& segment : segments) parts_.retired.erase(segment->meta().tablet, segment->id());
  parts_.obsolete.committed(segments);
  return Status::OK();
}

Status HistoryExpiry::expire_tablets(const TableState& state, CommitNumber horizon, MetaBatch& batch,
                                     std::vector<std::shared_ptr<const Segment>>& segments, std::vector<TabletId>& dropped) {
  const TableSnapshotPtr head = state.head();
  for (const TabletSnapshotPtr& tablet : head->tablets) {
    FRESHET_RETURN_IF_ERROR(expire_tablet(tablet->id, horizon, batch, segments));
  }
  std::set<TabletId> needed;
  const std::string partitions = meta_keys::of(meta_keys::kPartitionsBefore, head->id.value);
  FRESHET_RETURN_IF_ERROR(
      parts_.meta.scan(partitions, prefix_end(partitions), [&](std::string_view key, std::string_view value) {
        if (CommitNumber(meta_keys::number_at(key, partitions.size())) <= horizon) {
          batch.erase(std::string(key));
          return Status::OK();
        }
        FRESHET_ASSIGN_OR_RETURN(const PartitionsRecord record, PartitionsRecord::decode(value));
        for (const Partition& partition : record.partitions)
          needed.insert(partition.tablets.begin(), partition.tablets.end());
        return Status::OK();
      }));
  for (TabletId tablet : state.dropped_tablets) {
    FRESHET_RETURN_IF_ERROR(expire_tablet(tablet, horizon, batch, segments));
    if (!needed.contains(tablet)) dropped.push_back(tablet);
  }
  return Status::OK();
}

Status HistoryExpiry::expire_tablet(TabletId tablet, CommitNumber horizon, MetaBatch& batch,
                                    std::vector<std::shared_ptr<const Segment>>& segments) {
  const std::string deaths = meta_keys::of(meta_keys::kHistoryDeaths, tablet.value);
  FRESHET_RETURN_IF_ERROR(parts_.meta.scan(deaths, meta_keys::history_deaths(tablet, horizon.next()),
                                           [&](std::string_view key, std::string_view) {
                                             batch.erase(std::string(key));
                                             return Status::OK();
                                           }));
  const std::string retired = meta_keys::of(meta_keys::kRetiredRowsets, tablet.value);
  FRESHET_RETURN_IF_ERROR(parts_.meta.scan(retired, prefix_end(retired), [&](std::string_view key, std::string_view value) {
    FRESHET_ASSIGN_OR_RETURN(const RetiredRowsetRecord record, RetiredRowsetRecord::decode(value));
    if (record.gone > horizon) return Status::OK();
    batch.erase(std::string(key));
    if (record.segment.empty()) {
      batch.erase_range(meta_keys::carried_block(tablet, CommitNumber(0)),
                        meta_keys::carried_block(tablet, record.last_block.next()));
    } else if (auto segment = parts_.retired.find(tablet, RowsetId(meta_keys::number_at(key, retired.size())))) {
      segments.push_back(std::move(segment));
    }
    return Status::OK();
  }));
  // A rowset without a record of its birth is older than the history.
  const std::string births = meta_keys::of(meta_keys::kBirths, tablet.value);
  return parts_.meta.scan(births, prefix_end(births), [&](std::string_view key, std::string_view value) {
    FRESHET_ASSIGN_OR_RETURN(const BirthRecord birth, BirthRecord::decode(value));
    if (birth.commit <= horizon) batch.erase(std::string(key));
    return Status::OK();
  });
}

}  // namespace freshet::storage
