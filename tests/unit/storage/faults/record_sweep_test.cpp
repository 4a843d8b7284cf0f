#include <gtest/gtest.h>

#include <map>

#include "storage/meta/meta_keys.h"
#include "storage/meta/meta_records.h"
#include "storage/meta/record_seal.h"
#include "support/disk_check.h"
#include "support/history_table.h"
#include "support/quiet_options.h"
#include "support/simulated_disk.h"
#include "support/small_schema.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;
using test::SimulatedDisk;

constexpr JobId kJob{7};

/// A stopped data directory whose metadata has a record of every kind that outlives the server.
class RecordSweep : public testing::Test {
 protected:
  RecordSweep() : disk_(1) {
    const auto engine = must(StorageEngine::open(disk_.meta(), disk_.files(), test::quiet_options()));
    must(engine->create_database("shop", false));
    TableSchema schema = test::small_schema();
    schema.bucket_count = 1;
    schema.columns[0].auto_increment = true;
    schema.properties = {{"history_retention_seconds", "1000000"}};
    must(engine->create_table("shop", "orders", schema, {}, false));
    const auto table = [&] { return engine->snapshot()->find_table("shop", "orders"); };
    const auto load = [&](int64_t first, int64_t end, size_t memtables) {
      must(test::load_rows(*engine, table(), rows(first, end), memtables));
    };
    load(0, 10, 1);
    load(5, 15, 0);
    must(engine->compact_table(table()->id));
    load(2, 6, 0);
    must(engine->flush_table(table()->id));  // folds the bitmaps
    LabelRecord label;
    label.label = "first";
    label.database = table()->database;
    label.table = table()->id;
    label.transaction = TransactionId(1);
    must(engine->reserve_label(label.database, label.label, label.transaction, nullptr));
    must(test::load_rows(*engine, table(), rows(0, 4, 1), 0, nullptr, label, {{.job = kJob, .from = 0, .to = 4}}));
    must(test::precommit_rows(*engine, table(), rows(30, 34), 1, TransactionId(2), nullptr));
    must(engine->take_auto_increment(table()->id, 10).status());
    must(engine->erase_stream_positions(JobId(8)));
    std::string upper = begin_record(1);
    put_length_prefixed(upper, "of an upper room");
    must(engine->put_record("routine_load", "1", seal(std::move(upper))));
    schema.columns[0].auto_increment = false;
    must(engine->create_table("shop", "emptied", schema, {}, false));
    must(test::load_rows(*engine, engine->snapshot()->find_table("shop", "emptied"), rows(0, 3), 1));
    must(test::load_rows(*engine, engine->snapshot()->find_table("shop", "emptied"), rows(2, 5), 0));
    must(engine->truncate_table("shop", "emptied"));
    must(engine->create_table("shop", "gone", test::small_schema(), {}, false));
    must(test::load_rows(*engine, engine->snapshot()->find_table("shop", "gone"), rows(0, 3), 1));
    must(engine->drop_table("shop", "gone", false));
  }

  static std::vector<LoadRow> rows(int64_t first, int64_t end, int64_t n = 0) {
    std::vector<LoadRow> result;
    for (int64_t key = first; key < end; ++key) {
      const std::string id = std::to_string(key);
      result.push_back({id, {id, std::to_string(n), "of " + id}});
    }
    return result;
  }

  std::string problems() {
    std::string text;
    for (const std::string& problem : test::problems_of(disk_)) text += problem + "\n";
    return text;
  }
  void put(const std::string& key, const std::string& value) {
    MetaBatch batch;
    batch.put(key, value);
    must(disk_.meta()->commit(batch));
  }

  void erase(const std::string& key) {
    MetaBatch batch;
    batch.erase(key);
    must(disk_.meta()->commit(batch));
  }
  using Records = std::vector<std::pair<std::string, std::string>>;
  Records records_of(std::string_view kind) {
    Records records;
    must(disk_.meta()->scan(kind, prefix_end(kind), [&](std::string_view key, std::string_view value) {
      records.emplace_back(key, value);
      return Status::OK();
    }));
    return records;
  }

  TabletId home_tablet() { return TabletId(meta_keys::number_at(records_of(meta_keys::kTabletContents)[0].first, 2)); }

  SimulatedDisk disk_;
};

TEST_F(RecordSweep, EveryChangedByteAndEveryLostEndOfARecordIsFound) {
  ASSERT_EQ(problems(), "");
  std::map<std::string, std::pair<std::string, std::string>> kinds;  ///< one record of each kind: key and value
  must(disk_.meta()->scan("", "", [&](std::string_view key, std::string_view value) {
    const std::string kind(key.starts_with("m/") ? key : key.substr(0, 2));
    kinds.try_emplace(kind, key, value);
    return Status::OK();
  }));
  for (std::string_view kind :
       {meta_keys::kFormat,        meta_keys::kReservedIds,       meta_keys::kReservedCommits, meta_keys::kObsoleteFiles,
        meta_keys::kRecords,       meta_keys::kLastCommit,        meta_keys::kDatabases,       meta_keys::kTables,
        meta_keys::kSegments,      meta_keys::kDeleteDeltas,      meta_keys::kFoldedBitmaps,   meta_keys::kCarriedBlocks,
        meta_keys::kLabels,        meta_keys::kStreamPositions,   meta_keys::kAutoIncrements,  meta_keys::kVersions,
        meta_keys::kHistoryStarts, meta_keys::kHistoryDeaths,     meta_keys::kBirths,          meta_keys::kRetiredRowsets,
        meta_keys::kFlushedUpTo,   meta_keys::kPrecommittedLoads, meta_keys::kTransactions,    meta_keys::kTabletContents,
        meta_keys::kCheckedIds,    meta_keys::kCheckedCommits,    meta_keys::kCatalogSize,     meta_keys::kForgottenStreams,
        meta_keys::kLabelEnds,     meta_keys::kLabelsHaveEnds,    meta_keys::kPartitionsBefore}) {
    EXPECT_TRUE(kinds.contains(std::string(kind))) << "no record of kind " << kind;
  }
  for (const auto& [kind, record] : kinds) {
    const auto& [key, value] = record;
    const auto expect_found = [&, &key = key](const std::string& damaged, const std::string& what) {
      put(key, damaged);
      EXPECT_NE(problems().find("Remedy: "), std::string::npos) << kind << ": " << what;
    };
    for (size_t at = 0; at < value.size(); ++at) {
      std::string damaged = value;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
      expect_found(damaged, "byte " + std::to_string(at) + " of " + std::to_string(value.size()) + " changed");
      expect_found(value.substr(0, at), "cut off at byte " + std::to_string(at));
    }
    put(key, value);
  }
  EXPECT_EQ(problems(), "");
}

TEST_F(RecordSweep, EveryRecordThatIsLostIsMissed) {
  struct Kind {
    std::string_view kind;
    std::string_view said;  ///< empty: nothing else knows of such a record
  };
  const Kind kinds[] = {
      {meta_keys::kFormat, "m/format is gone"},
      {meta_keys::kReservedIds, "the metadata store has lost records"},
      {meta_keys::kReservedCommits, "none beyond 0 was ever reserved"},
      {meta_keys::kLastCommit, "m/last_commit is 0, but there is a record of commit"},
      {meta_keys::kCheckedCommits, "m/checked_commits is gone"},
      {meta_keys::kCheckedIds, "m/checked_ids is gone"},
      {meta_keys::kCatalogSize, "m/catalog_size is gone"},
      {meta_keys::kLabelsHaveEnds, ""},  // the next start makes them again
      {meta_keys::kDatabases, "names an unknown database"},
      {meta_keys::kTables, "the record of its table is gone"},
      {meta_keys::kSegments, "the segment record of rowset"},
      {meta_keys::kDeleteDeltas, "the delete bitmap of commit"},
      {meta_keys::kFoldedBitmaps, "the folded delete bitmap of rowset"},
      {meta_keys::kCarriedBlocks, "carried block"},
      {meta_keys::kLabels, "whose record is gone|but its label record is gone"},
      {meta_keys::kLabelEnds, "the record of its end is gone"},
      {meta_keys::kStreamPositions, "the stream position of job 7, partition 0 is gone"},
      {meta_keys::kAutoIncrements, "its AUTO_INCREMENT counter is gone"},
      {meta_keys::kVersions, "the version record of commit"},
      {meta_keys::kHistoryStarts, "the record where its history begins is gone"},
      {meta_keys::kHistoryDeaths, "the record of the rows that died at commit"},
      {meta_keys::kBirths, "came with commit|took the place of rowset"},
      {meta_keys::kRetiredRowsets, "the record of retired rowset"},
      {meta_keys::kPartitionsBefore, "took the place of rowset"},
      {meta_keys::kFlushedUpTo, "are flushed is gone"},
      {meta_keys::kPrecommittedLoads, "but its rows are not there"},
      {meta_keys::kTransactions, "the record of its transaction 2 is gone"},
      {meta_keys::kTabletContents, "its contents record is gone"},
      {meta_keys::kObsoleteFiles, ""},     // the next start finds a file without a record, as after a crash
      {meta_keys::kForgottenStreams, ""},  // of a job without rows
      {meta_keys::kRecords, ""},
  };
  size_t kept = 0;
  for (const auto& [kind, said] : kinds) {
    const Records records = records_of(kind);
    EXPECT_FALSE(records.empty()) << kind;
    kept += records.size();
    for (const auto& [key, value] : records) {
      if (said.empty()) continue;
      erase(key);
      const std::string found = problems();
      const size_t bar = said.find('|');
      EXPECT_TRUE(found.find(said.substr(0, bar)) != std::string::npos ||
                  (bar != std::string_view::npos && found.find(said.substr(bar + 1)) != std::string::npos))
          << kind << " at " << meta_keys::number_at(key, 10) << ": no '" << said << "' in: " << found;
      EXPECT_NE(found.find("Remedy: "), std::string::npos) << kind;
      put(key, value);
    }
  }
  EXPECT_EQ(kept, records_of("").size()) << "every kind is in the list";
  EXPECT_EQ(problems(), "");
}

/// The value of some record of this kind, for another key.
TEST_F(RecordSweep, EveryRecordOfSomethingThatIsNotThereIsFound) {
  struct Stale {
    std::string_view kind;
    std::string key;
    std::string_view said;
  };
  const TabletId tablet(900);
  const CommitNumber commit(900);
  const RowsetId rowset(901);
  const RowsetId live(meta_keys::number_at(records_of(meta_keys::kSegments)[0].first, 10));
  const Stale stale[] = {
      {meta_keys::kTables, meta_keys::table(TableId(900)), "instead of"},
      {meta_keys::kDatabases, meta_keys::database(DatabaseId(900)), "instead of"},
      {meta_keys::kSegments, meta_keys::segment(tablet, rowset), "the record of its table is gone"},
      {meta_keys::kDeleteDeltas, meta_keys::delete_delta(tablet, commit), "the record of its table is gone"},
      {meta_keys::kFoldedBitmaps, meta_keys::folded_bitmap(tablet, rowset), "the record of its table is gone"},
      {meta_keys::kCarriedBlocks, meta_keys::carried_block(tablet, commit), "the record of its table is gone"},
      {meta_keys::kRetiredRowsets, meta_keys::retired_rowset(tablet, rowset), "the record of its table is gone"},
      {meta_keys::kFlushedUpTo, meta_keys::flushed_up_to(tablet), "the record of its table is gone"},
      {meta_keys::kPartitionsBefore, meta_keys::partitions_before(TableId(900), commit), "the record of its table is gone"},
      {meta_keys::kTabletContents, meta_keys::tablet_contents(tablet), "the record of its table is gone"},
      {meta_keys::kHistoryDeaths, meta_keys::history_deaths(tablet, commit), "the record of its table is gone"},
      {meta_keys::kBirths, meta_keys::birth(tablet, rowset), "the record of its table is gone"},
      {meta_keys::kVersions, meta_keys::version(TableId(900), commit), "whose record is gone"},
      {meta_keys::kHistoryStarts, meta_keys::history_start(TableId(900)), "whose record is gone"},
      {meta_keys::kLabels, meta_keys::label(DatabaseId(900), "x"), "belongs to another label or database"},
      {meta_keys::kObsoleteFiles, meta_keys::obsolete_file(live), "is obsolete, but its rows are needed"},
      {meta_keys::kSegments, meta_keys::segment(home_tablet(), rowset), "it is the record of segment"},
  };
  for (const auto& [kind, key, said] : stale) {
    put(key, records_of(kind)[0].second);
    const std::string found = problems();
    EXPECT_NE(found.find(said), std::string::npos) << kind << ": no '" << said << "' in: " << found;
    EXPECT_NE(found.find("Remedy: "), std::string::npos) << kind;
    erase(key);
  }
  EXPECT_EQ(problems(), "");
}

TEST_F(RecordSweep, ADatabaseThatAnEarlierBuildStoredIsRead) {
  std::string key;
  must(disk_.meta()->scan(meta_keys::kDatabases, prefix_end(meta_keys::kDatabases),
                          [&](std::string_view found, std::string_view) {
                            key = found;
                            return Status::OK();
                          }));
  put(key, "store");
  EXPECT_EQ(problems(), "");
  const auto engine = must(StorageEngine::open(disk_.meta(), disk_.files(), {}));
  EXPECT_NE(engine->snapshot()->find_table("store", "orders"), nullptr);
}

}  // namespace
}  // namespace freshet::storage
