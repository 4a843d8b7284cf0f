#include "storage/engine/record_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "storage/commit/labels.h"
#include "storage/commit/stream_positions.h"
#include "storage/engine/cross_check.h"
#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/meta/record_seal.h"

namespace freshet::storage {
namespace {

constexpr std::string_view kNumbers = "m/";
constexpr std::string_view kRestore =
    "Remedy: restore the data directory from a backup, or drop the table and load its rows again";

/// The rowsets of each tablet that a record may name: live ones, and those kept for older versions.
struct KnownTablet {
  std::string table;
  std::set<RowsetId> rowsets;
};
using KnownTablets = std::map<TabletId, KnownTablet>;

KnownTablets known_tablets(const ServerSnapshot& server) {
  KnownTablets known;
  for (const auto& [id, table] : server.tables) {
    for (const TabletSnapshotPtr& tablet : table->tablets) {
      KnownTablet& entry = known[tablet->id];
      entry.table = fmt::format("{}.{}", table->database_name, table->name);
      for (const SegmentView& view : tablet->segments) entry.rowsets.insert(view.segment->id());
      for (const DeltaView& view : tablet->deltas) entry.rowsets.insert(view.buffer->id());
    }
  }
  return known;
}

using Visit = std::function<void(std::string_view key, std::string_view value)>;

Status scan_kind(MetaStore& meta, std::string_view kind, const Visit& visit) {
  return meta.scan(kind, prefix_end(kind), [&](std::string_view key, std::string_view value) {
    visit(key, value);
    return Status::OK();
  });
}

/// Folded bitmaps go with their rowset, and a delta never names a rowset that was not there yet.
Status check_bitmaps(MetaStore& meta, const KnownTablets& tablets, std::vector<std::string>& problems) {
  FRESHET_ASSIGN_OR_RETURN(const auto reserved, meta.get(meta_keys::kReservedIds));
  const Result<uint64_t> ids_end = reserved ? decode_number(*reserved) : Result<uint64_t>(uint64_t{0});
  const auto check = [&](std::string_view kind, bool is_folded, std::string_view key, std::string_view value) {
    const TabletId tablet(meta_keys::number_at(key, kind.size()));
    const uint64_t second = meta_keys::number_at(key, kind.size() + 8);
    const auto known = tablets.find(tablet);
    const Result<DeadRowsRecord> record = DeadRowsRecord::decode(value);
    if (known == tablets.end() || !record.ok()) return;  // recovery has refused these
    for (const DeadRowsRecord::Entry& entry : record->entries) {
      const bool was_never = ids_end.ok() && entry.rowset.value > *ids_end;
      if (!was_never && (!is_folded || known->second.rowsets.contains(entry.rowset))) continue;
      problems.push_back(fmt::format(
          "table {}, tablet {}: {} {} names rowset {}, which is not there; rows that it deletes elsewhere are right. {}",
          known->second.table, tablet.value, is_folded ? "folded delete bitmap" : "delete bitmap of commit", second,
          entry.rowset.value, kRestore));
    }
  };
  FRESHET_RETURN_IF_ERROR(scan_kind(meta, meta_keys::kFoldedBitmaps, [&](std::string_view key, std::string_view value) {
    check(meta_keys::kFoldedBitmaps, true, key, value);
  }));
  return scan_kind(meta, meta_keys::kDeleteDeltas, [&](std::string_view key, std::string_view value) {
    check(meta_keys::kDeleteDeltas, false, key, value);
  });
}

/// Each precommitted load has a label that says so, and each such label its load.
void check_precommits(const std::map<TransactionId, std::string>& labels, const RecoveredState& state,
                      std::vector<std::string>& problems) {
  std::set<TransactionId> found;
  for (const RecoveredPrecommit& load : state.precommitted) {
    found.insert(load.label.transaction);
    const bool has_database = std::any_of(state.snapshot->databases.begin(), state.snapshot->databases.end(),
                                          [&](const auto& entry) { return entry.second == load.label.database; });
    if (labels.contains(load.label.transaction) || !has_database) continue;
    problems.push_back(fmt::format("precommitted load '{}' (transaction {}) has no label record. {}", load.label.label,
                                   load.label.transaction.value, kRestore));
  }
  for (const auto& [transaction, label] : labels) {
    if (found.contains(transaction)) continue;
    problems.push_back(
        fmt::format("label record '{}' says that transaction {} is precommitted, but its rows are not there. "
                    "Remedy: abort it and load again under another label",
                    label, transaction.value));
  }
}

Status check_labels(MetaStore& meta, const RecoveredState& state, std::vector<std::string>& problems) {
  const ServerSnapshot& server = *state.snapshot;
  std::map<DatabaseId, std::string> databases;
  for (const auto& [name, id] : server.databases) databases[id] = name;
  std::map<TransactionId, std::string> precommitted;
  FRESHET_RETURN_IF_ERROR(scan_kind(meta, meta_keys::kLabels, [&](std::string_view key, std::string_view value) {
    const size_t prefix = meta_keys::kLabels.size();
    const DatabaseId database(meta_keys::number_at(key, prefix));
    const std::string_view label = key.size() < prefix + 8 ? std::string_view() : key.substr(prefix + 8);
    const std::string where = fmt::format("database {}: label record '{}'",
                                          databases.contains(database) ? databases[database] : "(unknown)", label);
    const Result<LabelRecord> record = LabelRecord::deserialize(value);
    if (!record.ok()) {
      problems.push_back(
          fmt::format("{}: {}. Remedy: use another label; whether the load under this one happened, its rows tell", where,
                      record.status().message()));
    } else if (record->label != label || record->database != database || !databases.contains(database)) {
      problems.push_back(fmt::format("{}: belongs to another label or database. {}", where, kRestore));
    } else if (record->state == LabelState::kPrecommitted) {
      precommitted[record->transaction] = record->label;
    }
  }));
  check_precommits(precommitted, state, problems);
  return Status::OK();
}

/// Records that hold one number, or one step of history, and name a tablet or table.
Status check_plain_records(MetaStore& meta, std::vector<std::string>& problems) {
  struct Kind {
    std::string_view prefix;
    std::string_view name;
    std::function<Status(std::string_view value)> decode;
  };
  const auto number = [](std::string_view value) { return decode_number(value).status(); };
  const auto version = [](std::string_view value) { return TableVersionRecord::decode(value).status(); };
  const auto dead_rows = [](std::string_view value) { return DeadRowsRecord::decode(value).status(); };
  const auto birth = [](std::string_view value) { return BirthRecord::decode(value).status(); };
  const auto block = [](std::string_view value) { return CarriedBlockRecord::decode(value).status(); };
  const auto label_name = [](std::string_view value) { return decode_label_name(value).status(); };
  const Kind kinds[] = {
      {kNumbers, "", number},
      {meta_keys::kAutoIncrements, "AUTO_INCREMENT counter of table", number},
      {meta_keys::kHistoryStarts, "start of the history of table", number},
      {meta_keys::kVersions, "version of table", version},
      {meta_keys::kBirths, "birth of a rowset of tablet", birth},
      {meta_keys::kHistoryDeaths, "deaths of tablet", dead_rows},
      {meta_keys::kCarriedBlocks, "carried block, kept for older versions, of tablet", block},
      {meta_keys::kTransactions, "label of transaction", label_name},
      {meta_keys::kObsoleteFiles, "obsolete file", number},
      {meta_keys::kLabelEnds, "end of a label, in unix seconds", number},
      {meta_keys::kForgottenStreams, "forgotten positions of job", number},
  };
  for (const Kind& kind : kinds) {
    FRESHET_RETURN_IF_ERROR(scan_kind(meta, kind.prefix, [&](std::string_view key, std::string_view value) {
      const Status decoded = kind.decode(value);
      if (decoded.ok()) return;
      const std::string where = kind.prefix == kNumbers
                                    ? std::string(key)
                                    : fmt::format("{} {}", kind.name, meta_keys::number_at(key, kind.prefix.size()));
      problems.push_back(fmt::format("{}: {}. {}", where, decoded.message(), kRestore));
    }));
  }
  return Status::OK();
}

/// Records of the upper rooms, which all end with a checksum but the first views.
Status check_upper_records(MetaStore& meta, std::vector<std::string>& problems) {
  const std::string views = meta_keys::record("view", "");
  constexpr char kViewWithoutChecksum = 1;
  return scan_kind(meta, meta_keys::kRecords, [&](std::string_view key, std::string_view value) {
    if (key.starts_with(views) && value.starts_with(kViewWithoutChecksum)) return;
    const Status sealed = unseal(value, "its", std::numeric_limits<uint8_t>::max()).status();
    if (sealed.ok()) return;
    std::string name(key.substr(meta_keys::kRecords.size()));
    std::replace(name.begin(), name.end(), '\0', '.');
    problems.push_back(
        fmt::format("record {}: {}. Remedy: restore the data directory from a backup, or drop what the record "
                    "names and make it again",
                    name, sealed.message()));
  });
}

}  // namespace

Status check_records(MetaStore& meta, const RecoveredState& state, std::vector<std::string>& problems) {
  FRESHET_RETURN_IF_ERROR(check_bitmaps(meta, known_tablets(*state.snapshot), problems));
  FRESHET_RETURN_IF_ERROR(check_labels(meta, state, problems));
  FRESHET_RETURN_IF_ERROR(check_plain_records(meta, problems));
  FRESHET_RETURN_IF_ERROR(check_upper_records(meta, problems));
  FRESHET_RETURN_IF_ERROR(cross_check_records(meta, state, problems));
  const auto positions = StreamPositions::open(meta);
  if (!positions.ok()) {
    problems.push_back(fmt::format(
        "{}. Remedy: restore the data directory from a backup; without the position a routine load would read rows twice",
        positions.status().message()));
  }
  return Status::OK();
}

}  // namespace freshet::storage
