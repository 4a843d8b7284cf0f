#include <algorithm>
#include <limits>
#include <set>

#include "storage/commit/lost_metadata.h"
#include "storage/commit/recovery.h"
#include "storage/engine/record_check.h"
#include "storage/engine/storage_engine.h"
#include "storage/meta/meta_keys.h"

namespace freshet::storage {
namespace {

constexpr uint64_t kCheckCacheBytes = 64ull << 20;
constexpr uint32_t kKeyBatchRows = 65536;

constexpr std::string_view kFileRemedy = "Remedy: restore the file from a backup, or drop the table and load its rows again";

/// What is wrong with the files of `table`, said so that one knows what to do.
class TableProblems {
 public:
  TableProblems(const TableSnapshot& table, std::vector<std::string>& problems)
      : TableProblems(fmt::format("table {}.{}", table.database_name, table.name), problems) {}
  TableProblems(std::string name, std::vector<std::string>& problems) : name_(std::move(name)), problems_(problems) {}

  void add(std::string_view problem, std::string_view remedy) {
    problems_.push_back(fmt::format("{}: {}. {}", name_, problem, remedy));
  }

 private:
  const std::string name_;
  std::vector<std::string>& problems_;
};

/// Checks one segment file alone; whether it could be opened.
bool check_segment(const Segment& segment, CommitNumber last_commit, TableProblems& problems) {
  const Result<std::shared_ptr<const SegmentReader>> reader = segment.reader();
  if (!reader.ok()) {
    problems.add(reader.status().message(), kFileRemedy);
    return false;
  }
  std::vector<std::string> found;
  (*reader)->verify(found);
  for (const std::string& problem : found) problems.add(problem, kFileRemedy);
  if ((*reader)->newest_commit_at_write() > last_commit) {
    problems.add(
        fmt::format("segment file {} was written after commit {}, but the metadata ends at commit {}: it lost commits",
                    segment_file_name(segment.id()), (*reader)->newest_commit_at_write().value, last_commit.value),
        "Remedy: restore the newest backup of the data directory, and load again what came after it");
  }
  return true;
}

/// Appends the hashes of the live keys of one tablet's rowsets.
Status collect_live_keys(const TableSnapshot& table, const TabletSnapshot& tablet, std::vector<uint64_t>& hashes) {
  for (const SegmentView& view : tablet.segments) {
    FRESHET_ASSIGN_OR_RETURN(const auto reader, view.segment->reader());
    const uint32_t row_count = view.segment->meta().row_count;
    for (RowOrdinal first = 0; first < row_count; first += kKeyBatchRows) {
      KeyRun keys = table.key_codec->make_run();
      FRESHET_RETURN_IF_ERROR(reader->read_keys(first, std::min(kKeyBatchRows, row_count - first), keys));
      for (size_t i = 0; i < keys.size(); ++i) {
        if (!view.dead.contains(first + static_cast<RowOrdinal>(i))) hashes.push_back(keys.hash_at(i));
      }
    }
  }
  for (const DeltaView& view : tablet.deltas) {
    KeyRun keys = table.key_codec->make_run();
    for (RowOrdinal row = 0; row < view.row_count; ++row) {
      if (view.dead.contains(row)) continue;
      keys.clear();
      view.buffer->append_key(row, keys);
      hashes.push_back(keys.hash_at(0));
    }
  }
  return Status::OK();
}

/// Keys are compared by their 64-bit hash: two different keys with one hash are expected once in 10^19 / rows^2 tables.
void check_keys_live_once(const TableSnapshot& table, const TabletSnapshot& tablet, TableProblems& problems) {
  std::vector<uint64_t> hashes;
  const Status collected = collect_live_keys(table, tablet, hashes);
  if (!collected.ok()) return problems.add(collected.message(), kFileRemedy);
  std::sort(hashes.begin(), hashes.end());
  const auto distinct = std::unique(hashes.begin(), hashes.end());
  const auto doubled = static_cast<size_t>(hashes.end() - distinct);
  if (doubled == 0) return;
  problems.add(fmt::format("tablet {}: {} rows are live although a newer row has their key", tablet.id.value, doubled),
               "Remedy: load the present rows of these keys again, which replaces all of each key");
}

/// The smallest and largest partition value of a segment belong to the segment's partition. For one fixed-width column.
void check_partition_of(const TableSnapshot& table, const SegmentView& view, size_t partition, TableProblems& problems) {
  const PartitionMap& map = *table.partitions;
  if (map.scheme().columns.size() != 1) return;
  const Result<std::shared_ptr<const SegmentReader>> reader = view.segment->reader();
  const ColumnReader* column = reader.ok() ? (*reader)->column(map.scheme().columns[0]) : nullptr;
  if (column == nullptr || column->type().is_bytes()) return;
  const ZoneMap& zone = column->segment_zone();
  Column values(column->type());
  if (zone.has_bounds) {
    values.append_fixed_run(zone.min.data(), nullptr, 1);
    values.append_fixed_run(zone.max.data(), nullptr, 1);
  }
  if (zone.null_count != 0) values.append_null();
  for (size_t row = 0; row < values.size(); ++row) {
    std::string encoded;
    append_encoded_value(values, row, encoded);
    const std::optional<uint32_t> home = map.find_partition(encoded);
    if (home && *home == partition) continue;
    problems.add(fmt::format("segment file {} has rows that do not belong into partition {}",
                             segment_file_name(view.segment->id()), map.partitions()[partition].name),
                 "Remedy: drop the partition and load its rows again");
    return;
  }
}

void check_table(const TableSnapshot& table, CommitNumber last_commit, std::vector<std::string>& all_problems) {
  TableProblems problems(table, all_problems);
  for (uint32_t position = 0; position < table.tablets.size(); ++position) {
    const TabletSnapshotPtr& tablet = table.tablets[position];
    const size_t partition = table.partitions->partition_of(position);
    bool all_open = true;
    for (const SegmentView& view : tablet->segments) {
      all_open &= check_segment(*view.segment, last_commit, problems);
      if (all_open) check_partition_of(table, view, partition, problems);
    }
    if (table.schema->is_unique() && all_open) check_keys_live_once(table, *tablet, problems);
  }
}

/// Segments kept for older versions of `table`.
void check_retired(const TableState& table, const RecoveredState& state, std::vector<std::string>& all_problems) {
  const TableSnapshotPtr head = table.head();
  TableProblems problems(*head, all_problems);
  for (const auto& segment : state.retired) {
    const TabletId tablet = segment->meta().tablet;
    if (head->position_of(tablet) || table.dropped_tablets.contains(tablet))
      check_segment(*segment, state.snapshot->commit, problems);
  }
}

/// Files of loads between the phases of their commits.
void check_precommitted(const RecoveredState& state, std::vector<std::string>& all_problems) {
  for (const RecoveredPrecommit& load : state.precommitted) {
    TableProblems problems(
        fmt::format("precommitted load '{}' (transaction {})", load.label.label, load.label.transaction.value),
        all_problems);
    for (const auto& segment : load.segments) check_segment(*segment, state.snapshot->commit, problems);
  }
}

/// Every file that a record names.
Result<std::set<std::string>> known_files(MetaStore& meta, const RecoveredState& state) {
  std::set<std::string> known = files_of(state);
  FRESHET_RETURN_IF_ERROR(meta.scan(meta_keys::kObsoleteFiles, prefix_end(meta_keys::kObsoleteFiles),
                                    [&](std::string_view key, std::string_view) {
                                      const RowsetId id(meta_keys::number_at(key, meta_keys::kObsoleteFiles.size()));
                                      known.insert(segment_file_name(id));
                                      return Status::OK();
                                    }));
  return known;
}

}  // namespace

Status check_data_directory(MetaStore& meta, FileStore& files, std::vector<std::string>& problems,
                            std::vector<std::string>* left_over) {
  PageCache page_cache(kCheckCacheBytes);
  const Status age = check_not_older_than_files(meta, files, std::numeric_limits<size_t>::max());
  if (age.code() == StatusCode::kCorruption) {
    problems.push_back(age.message());
  } else if (!age.ok()) {
    return age;
  }
  const Result<RecoveredState> state = recover(meta, files, page_cache);
  if (!state.ok()) {
    problems.push_back(fmt::format("{}. The server does not start with it. Remedy: restore the data directory from a backup",
                                   state.status().message()));
    return Status::OK();
  }
  for (const TableStatePtr& table : state->tables) {
    check_table(*table->head(), state->snapshot->commit, problems);
    check_retired(*table, *state, problems);
  }
  check_precommitted(*state, problems);
  FRESHET_RETURN_IF_ERROR(check_records(meta, *state, problems));
  FRESHET_ASSIGN_OR_RETURN(const std::set<std::string> known, known_files(meta, *state));
  FRESHET_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.list());
  for (const std::string& name : names) {
    if (known.contains(name)) continue;
    (left_over != nullptr ? *left_over : problems)
        .push_back(fmt::format("segment file {} belongs to no commit: a load or flush ended with the server. Remedy: none "
                               "needed, the next start moves it to the quarantine folder",
                               name));
  }
  return Status::OK();
}

}  // namespace freshet::storage
