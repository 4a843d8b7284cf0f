#include "storage/engine/cross_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "storage/commit/carried_blocks.h"
#include "storage/commit/labels.h"
#include "storage/commit/tablet_contents.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/types/table_options.h"

namespace freshet::storage {
namespace {

constexpr std::string_view kReload =
    "Remedy: restore the data directory from a backup, or load the rows of that commit again";
constexpr std::string_view kRestore = "Remedy: restore the data directory from a backup";
constexpr std::string_view kOlderVersions =
    "Remedy: restore the data directory from a backup; the present rows are whole: without one, set "
    "history_retention_seconds of the table to 0 and back, which begins its history anew";

using TabletCommits = std::set<std::pair<TabletId, CommitNumber>>;
using TabletRowset = std::pair<TabletId, RowsetId>;

/// The records of older versions, and those of single commits.
struct CommitRecords {
  TabletCommits blocks;
  TabletCommits deltas;
  TabletCommits deaths;
  std::map<TabletRowset, BirthRecord> births;
  std::map<TabletRowset, RetiredRowsetRecord> retired;
  CommitNumber newest;  ///< of all of these
};

/// One table while its records are compared.
struct CheckedTable {
  const TableSnapshot& table;
  const TableState& state;
  std::optional<CommitNumber> history_start;
  std::set<CommitNumber> versions;

  std::string name() const { return fmt::format("table {}.{}", table.database_name, table.name); }
  bool keeps_history() const { return history_start && history_retention_seconds(*table.schema) > 0; }
  /// Whether everything that a commit wrote is kept for older versions.
  bool keeps(CommitNumber commit) const { return keeps_history() && commit > *history_start; }
  TableState::TabletMarks marks_of(TabletId tablet) const {
    const auto found = state.marks.find(tablet);
    return found == state.marks.end() ? TableState::TabletMarks{} : found->second;
  }
};

class CrossCheck {
 public:
  CrossCheck(MetaStore& meta, const RecoveredState& state, std::vector<std::string>& problems)
      : meta_(meta), state_(state), problems_(problems) {
    for (const auto& [name, id] : state.snapshot->databases) databases_.insert(id);
    for (const TableStatePtr& table : state.tables) {
      const TableSnapshotPtr head = table->head();
      const auto [added, is_new] = tables_.emplace(head->id, CheckedTable{*head, *table, {}, {}});
      for (const TabletSnapshotPtr& tablet : head->tablets) tablets_.emplace(tablet->id, &added->second);
      for (TabletId tablet : table->dropped_tablets) tablets_.emplace(tablet, &added->second);
    }
  }

  Status run() {
    FRESHET_RETURN_IF_ERROR(read_numbers());
    FRESHET_RETURN_IF_ERROR(read_commit_records());
    FRESHET_RETURN_IF_ERROR(check_versions());
    check_commits_have_versions();
    check_births_and_retired();
    FRESHET_RETURN_IF_ERROR(check_retired_blocks());
    FRESHET_RETURN_IF_ERROR(check_tables());
    FRESHET_RETURN_IF_ERROR(check_labels());
    FRESHET_RETURN_IF_ERROR(check_label_ends());
    FRESHET_RETURN_IF_ERROR(check_obsolete());
    check_numbers();
    return check_catalog_size();
  }

 private:
  using Visit = std::function<void(std::string_view key, std::string_view value)>;

  Status scan(std::string_view kind, const Visit& visit) {
    return meta_.scan(kind, prefix_end(kind), [&](std::string_view key, std::string_view value) {
      visit(key, value);
      return Status::OK();
    });
  }
  template <typename... Args>
  void add(std::string_view remedy, fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(fmt::format("{}. {}", fmt::format(format, std::forward<Args>(args)...), remedy));
  }

  /// Numbers that are damaged have been reported; here they count as not there.
  Status read_numbers() {
    return scan("m/", [&](std::string_view key, std::string_view value) {
      const Result<uint64_t> number = decode_number(value);
      numbers_.emplace(key, number.ok() ? std::optional(*number) : std::nullopt);
    });
  }
  std::optional<uint64_t> number(std::string_view key) const {
    const auto found = numbers_.find(std::string(key));
    return found == numbers_.end() ? std::nullopt : found->second;
  }
  bool is_checked(CommitNumber commit) const {
    const auto since = number(meta_keys::kCheckedCommits);
    return since && commit.value > *since;
  }

  /// The table that has the tablet of a record; null and a problem when none has.
  const CheckedTable* table_of(TabletId tablet, std::string_view what) {
    const auto found = tablets_.find(tablet);
    if (found != tablets_.end()) return found->second;
    add(kRestore, "{} names tablet {}, which no table record has: the record of its table is gone", what, tablet.value);
    return nullptr;
  }
  const CheckedTable* table_of(TableId id, std::string_view what) {
    const auto found = tables_.find(id);
    if (found != tables_.end()) return &found->second;
    add(kRestore, "{} names table {}, whose record is gone", what, id.value);
    return nullptr;
  }

  Status read_commits(std::string_view kind, TabletCommits& commits) {
    return scan(kind, [&](std::string_view key, std::string_view) {
      const CommitNumber commit(meta_keys::number_at(key, kind.size() + 8));
      commits.emplace(TabletId(meta_keys::number_at(key, kind.size())), commit);
      records_.newest = std::max(records_.newest, commit);
    });
  }
  template <typename Record>
  Status read_rowsets(std::string_view kind, std::map<TabletRowset, Record>& rowsets) {
    return scan(kind, [&](std::string_view key, std::string_view value) {
      Result<Record> record = Record::decode(value);
      if (!record.ok()) return;  // has been reported
      rowsets.emplace(TabletRowset(meta_keys::number_at(key, kind.size()), meta_keys::number_at(key, kind.size() + 8)),
                      std::move(record).value());
    });
  }
  Status read_commit_records() {
    FRESHET_RETURN_IF_ERROR(read_commits(meta_keys::kCarriedBlocks, records_.blocks));
    FRESHET_RETURN_IF_ERROR(read_commits(meta_keys::kDeleteDeltas, records_.deltas));
    FRESHET_RETURN_IF_ERROR(read_commits(meta_keys::kHistoryDeaths, records_.deaths));
    FRESHET_RETURN_IF_ERROR(read_rowsets(meta_keys::kBirths, records_.births));
    FRESHET_RETURN_IF_ERROR(read_rowsets(meta_keys::kRetiredRowsets, records_.retired));
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kHistoryStarts, [&](std::string_view key, std::string_view value) {
      const auto found = tables_.find(TableId(meta_keys::number_at(key, meta_keys::kHistoryStarts.size())));
      const Result<uint64_t> start = decode_number(value);
      if (found != tables_.end() && start.ok()) found->second.history_start = CommitNumber(*start);
    }));
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kPartitionsBefore, [&](std::string_view key, std::string_view value) {
      Result<PartitionsRecord> record = PartitionsRecord::decode(value);
      if (!record.ok()) return;
      partitions_.emplace(CommitNumber(meta_keys::number_at(key, meta_keys::kPartitionsBefore.size() + 8)),
                          std::move(record).value());
    }));
    return scan(meta_keys::kForgottenStreams, [&](std::string_view key, std::string_view value) {
      const Result<uint64_t> commit = decode_number(value);
      if (!commit.ok()) return;
      forgotten_[JobId(meta_keys::number_at(key, meta_keys::kForgottenStreams.size()))] = CommitNumber(*commit);
    });
  }

  // Versions name the records of their commits.
  Status check_versions() {
    const size_t prefix = meta_keys::kVersions.size();
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kStreamPositions, [&](std::string_view key, std::string_view) {
      const size_t job_at = meta_keys::kStreamPositions.size();
      if (key.size() != job_at + 12) return;
      positions_.emplace(JobId(meta_keys::number_at(key, job_at)),
                         static_cast<int32_t>(load_big_endian32(key.data() + job_at + 8)));
    }));
    return scan(meta_keys::kVersions, [&](std::string_view key, std::string_view value) {
      const CommitNumber commit(meta_keys::number_at(key, prefix + 8));
      records_.newest = std::max(records_.newest, commit);
      const auto found = tables_.find(TableId(meta_keys::number_at(key, prefix)));
      const Result<TableVersionRecord> version = TableVersionRecord::decode(value);
      if (found == tables_.end() || !version.ok()) return;  // is reported elsewhere
      found->second.versions.insert(commit);
      for (const TableVersionRecord::Tablet& tablet : version->tablets) check_version(found->second, commit, tablet);
      for (const TableVersionRecord::Position& position : version->positions) {
        check_position(found->second, commit, position);
      }
    });
  }

  void check_version(const CheckedTable& table, CommitNumber commit, const TableVersionRecord::Tablet& tablet) {
    const auto home = tablets_.find(tablet.id);
    if (home == tablets_.end() || home->second != &table) return;  // dropped with its partition, and forgotten
    const TableState::TabletMarks marks = table.marks_of(tablet.id);
    const std::pair<TabletId, CommitNumber> key{tablet.id, commit};
    const std::string where = fmt::format("{}, tablet {}", table.name(), tablet.id.value);
    const bool is_kept = table.keeps(commit);
    const bool is_dropped = table.state.dropped_tablets.contains(tablet.id);
    if (tablet.has_block && (is_kept || (!is_dropped && commit > marks.flushed_up_to)) && !records_.blocks.contains(key)) {
      add(kReload, "{}: the carried block of commit {} is gone, and the rows in it", where, commit.value);
    }
    if (tablet.has_deaths && !is_dropped && commit > marks.folded_up_to && !records_.deltas.contains(key)) {
      add(kReload, "{}: the delete bitmap of commit {} is gone: rows that it replaced or deleted are back", where,
          commit.value);
    }
    if (!is_kept) return;
    if (tablet.has_deaths && !records_.deaths.contains(key)) {
      add(kOlderVersions, "{}: the record of the rows that died at commit {} is gone: versions before it lack them", where,
          commit.value);
    }
    for (RowsetId segment : tablet.segments) {
      const auto birth = records_.births.find({tablet.id, segment});
      if (birth != records_.births.end() && birth->second.commit == commit) continue;
      add(kOlderVersions, "{}: the record that rowset {} came with commit {} is gone: versions before it show its rows",
          where, segment.value, commit.value);
    }
  }

  void check_position(const CheckedTable& table, CommitNumber commit, const TableVersionRecord::Position& position) {
    const auto forgotten = forgotten_.find(position.job);
    if (forgotten != forgotten_.end() && commit <= forgotten->second) return;
    if (!missing_positions_.emplace(position.job, position.partition).second) return;
    if (positions_.contains({position.job, position.partition})) return;
    add("Remedy: restore the data directory from a backup, or tell the job to go on at this offset; without it rows are "
        "read "
        "twice",
        "{}: the stream position of job {}, partition {} is gone; with commit {} it was {}", table.name(),
        position.job.value, position.partition, commit.value, position.next_offset);
  }

  /// ... and each record of a commit has its version.
  void check_commits_have_versions() {
    const auto check = [&](const TabletCommits& commits, std::string_view what) {
      for (const auto& [tablet, commit] : commits) {
        const CheckedTable* table = table_of(tablet, what);
        if (table == nullptr || !is_checked(commit) || table->versions.contains(commit)) continue;
        // Versions older than the oldest have expired.
        const bool has_expired = !table->keeps(commit) && !table->versions.empty() && commit < *table->versions.begin();
        if (has_expired || !unlisted_.emplace(table->table.id, commit).second) continue;
        add(kOlderVersions, "{}: the version record of commit {} is gone, of which there is a {}", table->name(),
            commit.value, what);
      }
    };
    check(records_.blocks, "carried block");
    check(records_.deltas, "delete bitmap");
    check(records_.deaths, "record of deaths");
    TabletCommits births;
    for (const auto& [key, birth] : records_.births) {
      if (birth.inputs.empty()) births.emplace(key.first, birth.commit);
    }
    check(births, "birth of a rowset");
    for (const auto& [commit, partitions] : partitions_) {
      for (const PartitionsRecord::Emptied& emptied : partitions.emptied) {
        check({{emptied.tablet, commit}}, "record of earlier partitions");
      }
    }
  }

  // A rowset that was exchanged for others names them, and they name the commit.
  void check_births_and_retired() {
    std::set<std::pair<TabletRowset, CommitNumber>> exchanged;
    const auto check_gone = [&](TabletId tablet, const std::vector<RowsetId>& rowsets, CommitNumber commit,
                                std::string_view what) {
      const CheckedTable* table = table_of(tablet, what);
      if (table == nullptr) return;
      for (RowsetId rowset : rowsets) {
        exchanged.emplace(TabletRowset(tablet, rowset), commit);
        if (!table->keeps(commit)) continue;
        const auto retired = records_.retired.find({tablet, rowset});
        if (retired != records_.retired.end() && retired->second.gone == commit) continue;
        add(kOlderVersions,
            "{}, tablet {}: the record of retired rowset {} is gone: versions before commit {} lack its rows", table->name(),
            tablet.value, rowset.value, commit.value);
      }
    };
    for (const auto& [key, birth] : records_.births) check_gone(key.first, birth.inputs, birth.commit, "birth of a rowset");
    for (const auto& [commit, partitions] : partitions_) {
      for (const PartitionsRecord::Emptied& emptied : partitions.emptied) {
        check_gone(emptied.tablet, emptied.rowsets, commit, "earlier partitions");
      }
    }
    for (const auto& [key, retired] : records_.retired) {
      const CheckedTable* table = table_of(key.first, "retired rowset");
      if (table == nullptr || !table->keeps(retired.gone) || !is_checked(retired.gone)) continue;
      if (exchanged.contains({key, retired.gone})) continue;
      add(kOlderVersions,
          "{}, tablet {}: the record of what took the place of rowset {} with commit {} is gone: versions before it show "
          "other "
          "rows",
          table->name(), key.first.value, key.second.value, retired.gone.value);
    }
  }

  /// Flushed buffers are whole: their blocks follow each other up to the last one.
  Status check_retired_blocks() {
    for (const auto& [id, table] : tables_) {
      std::vector<TabletId> tablets(table.state.dropped_tablets.begin(), table.state.dropped_tablets.end());
      for (const TabletSnapshotPtr& tablet : table.table.tablets) tablets.push_back(tablet->id);
      for (TabletId tablet : tablets) {
        const bool is_dropped = table.state.dropped_tablets.contains(tablet);
        // Flushes without history erase blocks before the expiry erases the records that name them.
        const auto is_retired = [&](RowsetId buffer) {
          const auto found = records_.retired.find({tablet, buffer});
          return found != records_.retired.end() && table.keeps(found->second.gone);
        };
        const std::string where = fmt::format("{}, tablet {}", table.name(), tablet.value);
        CarriedBlockReader reader(table.table.schema, table.table.key_codec, tablet);
        const std::string blocks = meta_keys::of(meta_keys::kCarriedBlocks, tablet.value);
        const CommitNumber flushed_up_to =
            is_dropped ? CommitNumber(std::numeric_limits<uint64_t>::max() - 1) : table.marks_of(tablet).flushed_up_to;
        const Status whole = meta_.scan(blocks, meta_keys::carried_block(tablet, flushed_up_to.next()),
                                        [&](std::string_view key, std::string_view value) {
                                          const CommitNumber commit(meta_keys::number_at(key, blocks.size()));
                                          return reader.add(commit, value, is_retired);
                                        });
        if (!whole.ok()) add(kOlderVersions, "{}: {}", where, whole.message());
        const auto first = records_.retired.lower_bound({tablet, RowsetId(0)});
        for (auto at = first; at != records_.retired.end() && at->first.first == tablet; ++at) {
          const RetiredRowsetRecord& record = at->second;
          if (!record.segment.empty() || !is_retired(at->first.second)) continue;
          if (records_.blocks.contains({tablet, record.last_block})) continue;
          add(kOlderVersions, "{}: the last carried block, of commit {}, of retired rowset {} is gone", where,
              record.last_block.value, at->first.second.value);
        }
        const auto oldest = records_.blocks.lower_bound({tablet, CommitNumber(0)});
        const bool has_flushed =
            oldest != records_.blocks.end() && oldest->first == tablet && oldest->second <= flushed_up_to;
        FRESHET_ASSIGN_OR_RETURN(const auto mark, meta_.get(meta_keys::flushed_up_to(tablet)));
        if (has_flushed && !is_dropped && !mark) {
          add("Remedy: none needed, the contents record of the tablet says the same",
              "{}: the record that carried blocks up to commit {} are flushed is gone", where, flushed_up_to.value);
        }
      }
    }
    return Status::OK();
  }

  /// Records of tables without one, and what each table must have.
  Status check_tables() {
    for (std::string_view kind : {meta_keys::kVersions, meta_keys::kHistoryStarts}) {
      std::set<TableId> seen;
      FRESHET_RETURN_IF_ERROR(scan(kind, [&](std::string_view key, std::string_view) {
        const TableId id(meta_keys::number_at(key, kind.size()));
        if (seen.insert(id).second) table_of(id, kind == meta_keys::kVersions ? "version record" : "start of a history");
      }));
    }
    const auto checked_ids = number(meta_keys::kCheckedIds);
    for (const auto& [id, table] : tables_) {
      if (history_retention_seconds(*table.table.schema) > 0 && !table.history_start) {
        add(kOlderVersions, "{}: the record where its history begins is gone: no older version can be read", table.name());
      }
      const auto& columns = table.table.schema->columns;
      const bool counts =
          std::any_of(columns.begin(), columns.end(), [](const auto& column) { return column.auto_increment; });
      FRESHET_ASSIGN_OR_RETURN(const auto counter, meta_.get(meta_keys::auto_increment(id)));
      if (counts && !counter && checked_ids && id.value > *checked_ids) {
        add(kRestore, "{}: its AUTO_INCREMENT counter is gone: values would be given out again", table.name());
      }
      for (const TabletSnapshotPtr& tablet : table.table.tablets) {
        if (!number(meta_keys::kCheckedCommits)) continue;
        FRESHET_ASSIGN_OR_RETURN(const auto contents, meta_.get(meta_keys::tablet_contents(tablet->id)));
        if (contents) continue;
        add(kRestore, "{}, tablet {}: its contents record is gone: whether all of its segments are there is not known",
            table.name(), tablet->id.value);
      }
    }
    return Status::OK();
  }

  /// The order of the labels' ends has each label, and nothing else.
  Status check_label_ends() {
    if (!number(meta_keys::kLabelsHaveEnds)) return Status::OK();
    std::set<std::string> ends;
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kLabelEnds, [&](std::string_view key, std::string_view) {
      // Those of a dropped database stay until they expire.
      if (databases_.contains(DatabaseId(meta_keys::number_at(key, meta_keys::kLabelEnds.size() + 8)))) ends.emplace(key);
    }));
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kLabels, [&](std::string_view, std::string_view value) {
      const Result<LabelRecord> label = LabelRecord::deserialize(value);
      if (!label.ok() || label->state == LabelState::kPrecommitted || !databases_.contains(label->database)) return;
      if (ends.erase(meta_keys::label_end(label->finished_unix_seconds, label->database, label->label)) != 0) return;
      add("Remedy: none needed for the rows; the label is kept forever", "label record '{}': the record of its end is gone",
          label->label);
    }));
    for (const std::string& end : ends) {
      const std::string_view label = std::string_view(end).substr(meta_keys::kLabelEnds.size() + 16);
      const DatabaseId database(meta_keys::number_at(end, meta_keys::kLabelEnds.size() + 8));
      FRESHET_ASSIGN_OR_RETURN(const auto record, meta_.get(meta_keys::label(database, label)));
      if (record) continue;  // it is damaged, which is reported elsewhere
      add("Remedy: whether that load happened, its rows tell; restore the data directory from a backup",
          "the load of label '{}' has ended, but its label record is gone: the label could be used again", label);
    }
    return Status::OK();
  }

  /// The index from transactions to labels is whole in both directions.
  Status check_labels() {
    std::map<TransactionId, std::string> indexed;
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kTransactions, [&](std::string_view key, std::string_view value) {
      const auto name = decode_label_name(value);
      // Those of a dropped database stay until nobody asks.
      if (!name.ok() || !databases_.contains(name->first)) return;
      indexed.emplace(TransactionId(meta_keys::number_at(key, meta_keys::kTransactions.size())), name->second);
    }));
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kLabels, [&](std::string_view, std::string_view value) {
      const Result<LabelRecord> label = LabelRecord::deserialize(value);
      if (!label.ok()) return;
      const bool is_indexed = indexed.erase(label->transaction) != 0;
      if (is_indexed || !label->is_two_phase) return;
      add("Remedy: name the load by its label instead of its transaction",
          "label record '{}': the record of its transaction {} is gone", label->label, label->transaction.value);
    }));
    for (const auto& [transaction, label] : indexed) {
      add("Remedy: whether that load happened, its rows tell; restore the data directory from a backup",
          "transaction {} names label '{}', whose record is gone", transaction.value, label);
    }
    return Status::OK();
  }

  Status check_obsolete() {
    const std::set<std::string> needed = files_of(state_);
    return scan(meta_keys::kObsoleteFiles, [&](std::string_view key, std::string_view) {
      const std::string file = segment_file_name(RowsetId(meta_keys::number_at(key, meta_keys::kObsoleteFiles.size())));
      if (!needed.contains(file)) return;
      add("Remedy: copy the data directory before the next start, and restore the metadata from a backup",
          "a record says that segment file {} is obsolete, but its rows are needed; the next start would remove it", file);
    });
  }

  void check_numbers() {
    const auto is_there = [&](std::string_view key) { return numbers_.contains(std::string(key)); };
    const bool has_anything = !state_.snapshot->databases.empty() || number(meta_keys::kCheckedCommits);
    for (std::string_view key : {meta_keys::kFormat, meta_keys::kReservedIds}) {
      if (has_anything && !is_there(key)) {
        add(kRestore, "{} is gone: numbers that were given out would be given out again", key);
      }
    }
    const CommitNumber newest = std::max(records_.newest, state_.snapshot->commit);
    if (state_.snapshot->commit < newest) {
      add(kRestore, "{} is {}, but there is a record of commit {}", meta_keys::kLastCommit, state_.snapshot->commit.value,
          newest.value);
    }
    const uint64_t reserved = number(meta_keys::kReservedCommits).value_or(0);
    const bool is_damaged = is_there(meta_keys::kReservedCommits) && reserved == 0;
    if (!is_damaged && reserved < newest.value) {
      add(kRestore, "{} is {}, but commit {} was given out: its number would be given out again",
          meta_keys::kReservedCommits, reserved, newest.value);
    }
    constexpr std::string_view kTogether[] = {meta_keys::kCheckedCommits, meta_keys::kCheckedIds, meta_keys::kCatalogSize};
    const bool has_any = std::any_of(std::begin(kTogether), std::end(kTogether), is_there);
    for (std::string_view key : kTogether) {
      if (!has_any || is_there(key)) continue;
      add("Remedy: none needed, the next start writes it anew",
          "{} is gone: records that were lost before cannot be told from those that never were", key);
    }
  }

  Status check_catalog_size() {
    uint64_t databases = 0, tables = 0;
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kDatabases, [&](auto, auto) { ++databases; }));
    FRESHET_RETURN_IF_ERROR(scan(meta_keys::kTables, [&](auto, auto) { ++tables; }));
    const auto size = number(meta_keys::kCatalogSize);
    if (!size || *size == (databases << 32 | tables)) return Status::OK();
    add("Remedy: restore the data directory from a backup, or make the missing ones again",
        "there are records of {} databases and {} tables instead of {} and {}", databases, tables, *size >> 32,
        *size & 0xffffffff);
    return Status::OK();
  }

  MetaStore& meta_;
  const RecoveredState& state_;
  std::vector<std::string>& problems_;
  std::set<DatabaseId> databases_;
  std::map<TableId, CheckedTable> tables_;
  std::map<TabletId, const CheckedTable*> tablets_;
  std::map<std::string, std::optional<uint64_t>> numbers_;
  CommitRecords records_;
  std::map<CommitNumber, PartitionsRecord> partitions_;  ///< before these commits, each of one table
  std::set<std::pair<JobId, int32_t>> positions_;
  std::set<std::pair<JobId, int32_t>> missing_positions_;  ///< and those that were found
  std::map<JobId, CommitNumber> forgotten_;                ///< given up with all commits up to there
  std::set<std::pair<TableId, CommitNumber>> unlisted_;
};

}  // namespace

Status cross_check_records(MetaStore& meta, const RecoveredState& state, std::vector<std::string>& problems) {
  return CrossCheck(meta, state, problems).run();
}

}  // namespace freshet::storage
