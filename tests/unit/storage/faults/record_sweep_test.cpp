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
    std::string upper = begin_record(1);
    put_length_prefixed(upper, "of an upper room");
    must(engine->put_record("routine_load", "1", seal(std::move(upper))));
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
        meta_keys::kFlushedUpTo,   meta_keys::kPrecommittedLoads, meta_keys::kTransactions}) {
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
