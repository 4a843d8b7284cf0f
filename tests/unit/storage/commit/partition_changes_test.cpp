#include "storage/commit/partition_changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <map>
#include <thread>

#include "storage/base/crc32c.h"
#include "storage/base/limits.h"
#include "storage/commit/table_record.h"
#include "storage/meta/meta_records.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"
#include "support/test_partitions.h"

namespace freshet::storage {
namespace {

using test::must;
using test::StorageServer;
using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<std::string>>;

PartitionDefinition month(const std::string& name, const std::string& low, const std::string& high) {
  return {name, {test::bound({low}), test::bound({high}), {}}, false, 0};
}

TablePartitioning january_and_february() {
  TablePartitioning made;
  made.scheme.kind = PartitionKind::kRange;
  made.scheme.columns.push_back(ColumnId(1));
  made.partitions.push_back(month("jan", "2024-01-01", "2024-02-01"));
  made.partitions.push_back(month("feb", "2024-02-01", "2024-03-01"));
  return made;
}

class PartitionChangesTest : public testing::Test {
 protected:
  PartitionChangesTest() : server_(folder_.path(), options()) { must(server_->create_database("shop", true)); }
  ~PartitionChangesTest() override {
    server_.close();
    EXPECT_EQ(server_.check(), Names());
  }

  StorageOptions options() {
    StorageOptions options;
    options.delta_flush_seconds = 3600;
    options.partition_clock = [this] { return now_.load(); };
    options.history_clock = [this] { return history_now_.load(); };
    return options;
  }

  void create(TablePartitioning partitioning, std::vector<std::pair<std::string, std::string>> properties = {}) {
    TableSchema schema = test::partitioned_schema();
    schema.properties = std::move(properties);
    must(server_->create_table("shop", "t", schema, partitioning, false));
  }
  void create_months(bool is_auto = false, std::vector<std::pair<std::string, std::string>> properties = {}) {
    TablePartitioning months = january_and_february();
    months.scheme.is_auto = is_auto;
    if (is_auto) months.scheme.unit = PartitionUnit::kMonth;
    create(std::move(months), std::move(properties));
  }

  TableSnapshotPtr table() { return server_->snapshot()->find_table("shop", "t"); }
  Names partition_names() {
    const TableSnapshotPtr now = table();
    Names names;
    for (const Partition& partition : now->partitions->partitions()) names.push_back(partition.name);
    return names;
  }

  /// A load against `target`, not committed yet; every row must fit a partition.
  LoadCommit prepare(const TableSnapshotPtr& target, const Rows& rows) {
    const Block block = test::partition_rows(*target->schema, rows);
    std::vector<uint32_t> positions;
    target->partitions->route(*target->schema, *target->key_codec, block, positions);
    LoadCommit commit;
    commit.table = target->id;
    commit.schema = target->schema;
    std::map<uint32_t, Block> parts;
    for (size_t row = 0; row < positions.size(); ++row) {
      EXPECT_NE(positions[row], PartitionMap::kNoTablet) << row;
      parts.try_emplace(positions[row], Block::for_schema(*target->schema)).first->second.append_from(block, row);
    }
    for (auto& [position, part] : parts) commit.tablets.push_back({target->tablets[position]->id, {}, std::move(part)});
    return commit;
  }
  void load(const Rows& rows) { must(server_->commit(prepare(table(), rows))); }
  std::vector<std::string> ids() { return ids_of(*table()); }
  CommitNumber newest_version() { return must(server_->table_versions(table()->id, 1)).front().commit; }
  std::vector<std::string> ids_at(CommitNumber version) {
    const ServerSnapshotPtr server = server_->snapshot();
    return ids_of(*must(server_->table_as_of(*server->find_table("shop", "t"), server->commit, version)));
  }
  size_t segment_files() {
    const std::filesystem::directory_iterator files(folder_.path("segments"));
    return static_cast<size_t>(
        std::count_if(begin(files), end(files), [](const auto& file) { return file.is_regular_file(); }));
  }
  static std::vector<std::string> ids_of(const TableSnapshot& table) {
    const TableSnapshot* now = &table;
    const Block rows = test::live_rows(*now);
    std::vector<std::string> found;
    for (size_t row = 0; row < rows.row_count(); ++row) {
      found.emplace_back();
      format_value(rows.columns[1], row, found.back());
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found.size(), now->live_rows());
    return found;
  }

  std::atomic<int64_t> history_now_ = 0;
  std::atomic<int64_t> now_ = 1'710'072'000'000'000;  ///< 2024-03-10 12:00:00
  const test::TempDir folder_;
  StorageServer server_;
};

TEST_F(PartitionChangesTest, AddedAndDroppedPartitionsKeepTheRestOverARestart) {
  create_months();
  load({{"2024-01-05", "1", "a"}, {"2024-02-05", "2", "a"}});
  must(server_->flush_table(table()->id));
  load({{"2024-02-06", "3", "a"}});
  must(server_->change_partitions(
      "shop", "t",
      {AddPartitions{{month("dec", "2023-12-01", "2024-01-01"), month("mar", "2024-03-01", "2024-04-01")}, false}}));
  load({{"2023-12-24", "4", "a"}, {"2024-03-01", "5", "a"}});
  EXPECT_EQ(partition_names(), (Names{"dec", "jan", "feb", "mar"}));
  EXPECT_EQ(ids(), (Names{"1", "2", "3", "4", "5"}));
  must(server_->change_partitions("shop", "t", {DropPartition{"FEB", false}}));
  EXPECT_EQ(ids(), (Names{"1", "4", "5"}));
  must(server_->change_partitions("shop", "t", {RenamePartition{"dec", "december"}}));
  server_.restart();
  EXPECT_EQ(partition_names(), (Names{"december", "jan", "mar"}));
  EXPECT_EQ(ids(), (Names{"1", "4", "5"}));
  must(server_->compact_table(table()->id));
  must(server_->change_partitions("shop", "t", {TruncatePartition{"jan"}, TruncatePartition{"mar"}}));
  EXPECT_EQ(ids(), (Names{"4"}));
  load({{"2024-01-05", "6", "a"}});
  server_.restart();
  EXPECT_EQ(ids(), (Names{"4", "6"}));
}

TEST_F(PartitionChangesTest, ALoadIntoADroppedPartitionIsRefusedAndOthersGoOn) {
  create_months();
  LoadCommit dropped = prepare(table(), {{"2024-01-05", "1", "a"}, {"2024-02-05", "2", "a"}});
  LoadCommit kept = prepare(table(), {{"2024-02-07", "3", "a"}});
  must(server_->change_partitions("shop", "t", {DropPartition{"jan", false}}));
  must(server_->change_partitions("shop", "t", {AddPartitions{{month("again", "2024-01-01", "2024-02-01")}, false}}));
  const auto refused = server_->commit(std::move(dropped));
  EXPECT_EQ(refused.status().code(), StatusCode::kNotFound) << refused.status().to_string();
  EXPECT_NE(refused.status().message().find("dropped during the load"), std::string::npos);
  must(server_->commit(std::move(kept)));
  EXPECT_EQ(ids(), (Names{"3"}));
}

TEST_F(PartitionChangesTest, WrongChangesAreRefusedAndChangeNothing) {
  create_months();
  const auto code = [](const Status& status) { return status.code(); };
  EXPECT_EQ(code(server_->change_partitions("shop", "t", {AddPartitions{{month("x", "2024-02-15", "2024-03-15")}, false}})),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(
      code(server_->change_partitions("shop", "t", {AddPartitions{{month("jan", "2025-01-01", "2025-02-01")}, false}})),
      StatusCode::kAlreadyExists);
  must(server_->change_partitions("shop", "t", {AddPartitions{{month("jan", "2025-01-01", "2025-02-01")}, true}}));
  EXPECT_EQ(code(server_->change_partitions("shop", "t", {DropPartition{"nope", false}})), StatusCode::kNotFound);
  must(server_->change_partitions("shop", "t", {DropPartition{"nope", true}}));
  EXPECT_EQ(code(server_->change_partitions("shop", "t", {TruncatePartition{"jan"}, TruncatePartition{"nope"}})),
            StatusCode::kNotFound);
  EXPECT_EQ(code(server_->change_partitions("shop", "t", {RenamePartition{"jan", "feb"}})), StatusCode::kAlreadyExists);
  EXPECT_EQ(partition_names(), (Names{"jan", "feb"}));
  must(server_->create_table("shop", "plain", test::partitioned_schema(), {}, false));
  EXPECT_EQ(code(server_->change_partitions("shop", "plain", {DropPartition{"p", false}})), StatusCode::kInvalidArgument);
}

TEST_F(PartitionChangesTest, ChangesOfOneStatementAreAllMadeOrNone) {
  create_months();
  load({{"2024-01-05", "1", "a"}, {"2024-02-05", "2", "a"}});
  must(server_->flush_table(table()->id));
  load({{"2024-01-06", "3", "a"}});
  const AddPartitions again{{month("jan", "2024-01-01", "2024-02-01")}, false};
  const AddPartitions march{{month("mar", "2024-03-01", "2024-04-01")}, false};
  const std::vector<std::vector<PartitionChange>> refused = {
      {DropPartition{"jan", false}, DropPartition{"nope", false}},
      {TruncatePartition{"jan"}, march, TruncatePartition{"nope"}},
      {RenamePartition{"jan", "x"}, AddPartitions{{month("y", "2024-02-15", "2024-03-15")}, false}},
      {DropPartition{"jan", false}, DropPartition{"jan", false}},
  };
  for (const auto& changes : refused) EXPECT_FALSE(server_->change_partitions("shop", "t", changes).ok());
  EXPECT_EQ(partition_names(), (Names{"jan", "feb"}));
  EXPECT_EQ(ids(), (Names{"1", "2", "3"}));

  const CommitNumber before = server_->snapshot()->commit;
  must(server_->change_partitions(
      "shop", "t",
      {march, DropPartition{"jan", false}, again, RenamePartition{"feb", "february"}, DropPartition{"mar", false}}));
  EXPECT_EQ(server_->snapshot()->commit, before.next());
  EXPECT_EQ(ids(), Names{"2"});
  load({{"2024-01-07", "4", "a"}});
  server_.restart();
  EXPECT_EQ(partition_names(), (Names{"jan", "february"}));
  EXPECT_EQ(ids(), (Names{"2", "4"}));
}

TEST_F(PartitionChangesTest, WhatADropOrTruncateTakesStaysInOlderVersions) {
  create_months(false, {{"history_retention_seconds", "3600"}});
  load({{"2024-01-05", "1", "a"}, {"2024-02-05", "2", "a"}});
  must(server_->flush_table(table()->id));
  load({{"2024-01-05", "1", "a"}, {"2024-01-06", "3", "a"}, {"2024-02-06", "4", "a"}});
  const CommitNumber whole = newest_version();
  must(server_->change_partitions("shop", "t", {DropPartition{"jan", false}}));
  const CommitNumber dropped = newest_version();
  must(server_->change_partitions("shop", "t", {AddPartitions{{month("winter", "2023-12-01", "2024-02-01")}, false}}));
  load({{"2024-01-07", "5", "a"}});
  const CommitNumber added = newest_version();
  must(server_->change_partitions("shop", "t", {TruncatePartition{"feb"}}));
  const CommitNumber truncated = newest_version();
  load({{"2024-02-07", "6", "a"}});
  must(server_->compact_table(table()->id));
  const CommitNumber refilled = newest_version();
  must(server_->truncate_table("shop", "t"));
  const auto check = [&] {
    EXPECT_EQ(ids(), Names());
    EXPECT_EQ(ids_at(whole), (Names{"1", "2", "3", "4"}));
    EXPECT_EQ(ids_at(dropped), (Names{"2", "4"}));
    EXPECT_EQ(ids_at(added), (Names{"2", "4", "5"}));
    EXPECT_EQ(ids_at(truncated), (Names{"5"}));
    EXPECT_EQ(ids_at(refilled), (Names{"5", "6"}));
  };
  check();
  server_.restart();
  check();
  EXPECT_GT(segment_files(), 0u);

  server_.close();
  EXPECT_EQ(server_.check(), Names());
  server_.open();
  history_now_ = std::numeric_limits<int64_t>::max() / 2;
  must(server_->expire_history());
  EXPECT_FALSE(server_->table_as_of(*table(), server_->snapshot()->commit, refilled).ok());
  EXPECT_EQ(segment_files(), 0u) << "the retention is over";
  server_.restart();
  load({{"2024-02-07", "7", "a"}});
  EXPECT_EQ(ids(), Names{"7"});
}

TEST_F(PartitionChangesTest, ATableTakesWhatItKeptOfDroppedPartitionsWithIt) {
  create_months(false, {{"history_retention_seconds", "3600"}});
  load({{"2024-01-05", "1", "a"}, {"2024-02-05", "2", "a"}});
  must(server_->flush_table(table()->id));
  load({{"2024-01-05", "3", "a"}});
  must(server_->change_partitions("shop", "t", {DropPartition{"jan", false}}));
  server_.restart();
  must(server_->drop_table("shop", "t", false));
  EXPECT_EQ(segment_files(), 0u);
}

TEST_F(PartitionChangesTest, NoVersionIsReadOfATableWhoseHistoryWasSwitchedOff) {
  create_months(false, {{"history_retention_seconds", "3600"}});
  load({{"2024-01-05", "1", "a"}});
  const CommitNumber version = newest_version();
  must(server_->alter_table("shop", "t", {{SetProperties{{{"history_retention_seconds", "0"}}}}, {}}));
  load({{"2024-01-05", "1", "a"}, {"2024-02-05", "2", "a"}});
  must(server_->flush_table(table()->id));
  const ServerSnapshotPtr server = server_->snapshot();
  EXPECT_FALSE(server_->table_as_of(*server->find_table("shop", "t"), server->commit, version).ok());
  must(server_->alter_table("shop", "t", {{SetProperties{{{"history_retention_seconds", "3600"}}}}, {}}));
  const ServerSnapshotPtr again = server_->snapshot();
  EXPECT_FALSE(server_->table_as_of(*again->find_table("shop", "t"), again->commit, version).ok());
  must(server_->expire_history());
}

TEST_F(PartitionChangesTest, AutoPartitionsAreMadeOnceByConcurrentLoads) {
  create_months(true);
  const TableId id = table()->id;
  std::vector<std::thread> loads;
  for (int i = 0; i < 8; ++i) {
    loads.emplace_back([&, i] {
      for (int step = 0; step < 12; ++step) {
        const std::string day = fmt::format("2025-{:02}-{:02}", (step + i) % 12 + 1, i + 1);
        must(server_->add_auto_partitions(id, {test::bound({day})}, kMaxAutoPartitionsPerLoad));
      }
    });
  }
  for (std::thread& load : loads) load.join();
  EXPECT_EQ(partition_names().size(), 14u);
  EXPECT_EQ(partition_names()[2], "p20250101000000");
  const auto beyond = server_->add_auto_partitions(id, {test::bound({"2030-01-01"}), test::bound({"2030-02-01"})}, 1);
  EXPECT_EQ(beyond.status().code(), StatusCode::kResourceExhausted);
  server_.restart();
  EXPECT_EQ(partition_names().size(), 14u);
}

TEST_F(PartitionChangesTest, PropertiesThatTheTableCannotHaveAreRefusedWhole) {
  TablePartitioning none = january_and_february();
  none.partitions.clear();
  std::vector<std::pair<std::string, std::string>> properties = {{"dynamic_partition.enable", "true"},
                                                                 {"dynamic_partition.time_unit", "DAY"},
                                                                 {"dynamic_partition.end", "200"},
                                                                 {"dynamic_partition.prefix", "p"},
                                                                 {"dynamic_partition.buckets", "256"}};
  TableSchema schema = test::partitioned_schema();
  schema.properties = properties;
  const Status not_made = server_->create_table("shop", "t", schema, none, false);
  EXPECT_EQ(not_made.code(), StatusCode::kInvalidArgument) << not_made.to_string();
  EXPECT_EQ(table(), nullptr) << "the error says that there is no such table";

  properties[2].second = "1";
  properties[4].second = "2";
  create(none, properties);
  const Names before = partition_names();
  EXPECT_EQ(before.size(), 2u);
  const Status refused = server_->alter_table(
      "shop", "t", {{SetProperties{{{"dynamic_partition.buckets", "256"}, {"dynamic_partition.end", "200"}}}}, {}});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument) << refused.to_string();
  EXPECT_NE(refused.message().find("32768"), std::string::npos) << refused.message();
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(table()->schema->properties, properties);
    EXPECT_EQ(partition_names(), before);
    must(server_->keep_dynamic_partitions());
    server_.restart();
  }
}

TEST_F(PartitionChangesTest, DynamicPartitionsFollowTheClock) {
  TablePartitioning none = january_and_february();
  none.partitions.clear();
  create(std::move(none), {{"dynamic_partition.enable", "true"},
                           {"dynamic_partition.time_unit", "DAY"},
                           {"dynamic_partition.start", "-1"},
                           {"dynamic_partition.end", "1"},
                           {"dynamic_partition.prefix", "p"},
                           {"dynamic_partition.buckets", "3"}});
  EXPECT_EQ(partition_names(), (Names{"p20240310", "p20240311"}));
  EXPECT_EQ(table()->tablets.size(), 6u);
  load({{"2024-03-10", "1", "a"}, {"2024-03-11", "2", "a"}});
  now_ += 2ll * 86'400'000'000;
  must(server_->keep_dynamic_partitions());
  EXPECT_EQ(partition_names(), (Names{"p20240311", "p20240312", "p20240313"}));
  EXPECT_EQ(ids(), (Names{"2"}));
  now_ += 30ll * 86'400'000'000;
  server_.restart();
  must(server_->keep_dynamic_partitions());
  EXPECT_EQ(partition_names(), (Names{"p20240411", "p20240412"}));
  EXPECT_EQ(ids(), Names());
}

TEST(PartitionCheck, FindsRowsInAnotherPartition) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  must(server->create_database("shop", true));
  must(server->create_table("shop", "t", test::partitioned_schema(), january_and_february(), false));
  const TableSnapshotPtr table = server->snapshot()->find_table("shop", "t");
  LoadCommit commit;
  commit.table = table->id;
  commit.schema = table->schema;
  commit.tablets.push_back({table->tablets[0]->id, {}, test::partition_rows(*table->schema, {{"2024-02-05", "1", "a"}})});
  must(server->commit(std::move(commit)));
  must(server->flush_table(table->id));
  server.close();
  const std::vector<std::string> problems = server.check();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("partition jan"), std::string::npos) << problems[0];
}

TEST(TableRecord, OfTheEarlierVersionIsOnePartition) {
  std::string bytes(1, '\1');
  put_fixed<uint64_t>(bytes, 5);
  put_length_prefixed(bytes, "orders");
  put_length_prefixed(bytes, "a schema");
  put_fixed<uint32_t>(bytes, 2);
  put_fixed<uint64_t>(bytes, 71);
  put_fixed<uint64_t>(bytes, 72);
  put_fixed<uint32_t>(bytes, crc32c(bytes));
  const auto record = TableRecord::decode(bytes);
  ASSERT_TRUE(record.ok()) << record.status().to_string();
  EXPECT_EQ(record->scheme.kind, PartitionKind::kNone);
  ASSERT_EQ(record->partitions.size(), 1u);
  EXPECT_EQ(record->partitions[0].tablets, (std::vector{TabletId(71), TabletId(72)}));
  const auto again = TableRecord::decode(record->encode());
  ASSERT_TRUE(again.ok()) << again.status().to_string();
  EXPECT_EQ(again->partitions[0].tablets, record->partitions[0].tablets);
}

}  // namespace
}  // namespace freshet::storage
