#include "storage/commit/read_guard.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/history_table.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;
using Lines = std::vector<std::string>;

/// Tables shop.t (id BIGINT key, v STRING, w STRING), UNIQUE, and shop.log, DUPLICATE.
class ReadGuardTest : public testing::Test {
 protected:
  ReadGuardTest() : server_(folder_.path(), {.delta_flush_seconds = 3600}) {
    must(server_->create_database("shop", true));
    for (const auto model : {TableModel::kUnique, TableModel::kDuplicate}) {
      TableSchema schema;
      schema.model = model;
      schema.columns = {{.name = "id", .type = {TypeKind::kBigInt}, .is_key = true, .nullable = false},
                        {.name = "v", .type = {TypeKind::kString}},
                        {.name = "w", .type = {TypeKind::kString}}};
      schema.key_count = 1;
      schema.bucket_columns = {0};
      for (ColumnSchema& column : schema.columns)
        column.id = std::exchange(schema.next_column_id, schema.next_column_id.next());
      must(server_->create_table("shop", model == TableModel::kUnique ? "t" : "log", schema, {}, true));
    }
  }
  ~ReadGuardTest() override {
    const std::vector<Lines> before = {test::lines_of(*table()), test::lines_of(*table("log"))};
    server_.restart();
    EXPECT_EQ(test::lines_of(*table()), before[0]);
    EXPECT_EQ(test::lines_of(*table("log")), before[1]);
    server_.close();
    EXPECT_EQ(server_.check(), Lines());
  }

  TableSnapshotPtr table(const std::string& name = "t") { return server_->snapshot()->find_table("shop", name); }
  static LoadRow row(const std::string& key, const std::string& v, const std::string& w = "w") { return {key, {key, v, w}}; }
  void load(const std::vector<LoadRow>& rows, const std::string& name = "t") {
    must(test::load_rows(*server_, table(name), rows, 0));
  }
  /// A statement that read `read` and writes these rows; only v when `partial`.
  Status write(const TableSnapshotPtr& read, const std::vector<LoadRow>& rows, size_t memtables = 0, bool partial = false) {
    PartialColumnsPtr columns;
    if (partial) columns = std::make_shared<PartialColumns>(PartialColumns{.given = {0, 1}, .no_default = {}});
    LoadCommit load = must(test::make_load(*server_, read, rows, memtables, columns));
    load.read_from = read;
    return server_->commit(std::move(load)).status();
  }

  test::TempDir folder_;
  test::StorageServer server_;
};

TEST_F(ReadGuardTest, RowsThatStayedAreWritten) {
  load({row("1", "a"), row("2", "b")});
  TableSnapshotPtr read = table();
  load({row("3", "other")});
  EXPECT_TRUE(write(read, {row("1", "A"), row("4", "new"), {"2", {}}}).ok());
  read = table();
  EXPECT_TRUE(write(read, {row("1", "AA"), row("3", "C")}, 1).ok());
  EXPECT_EQ(test::lines_of(*table()), (Lines{"1|AA|w", "3|C|w", "4|new|w"}));
}

TEST_F(ReadGuardTest, AnyOtherRowOfAKeyIsAConflict) {
  load({row("1", "a"), row("2", "b"), row("3", "c")});
  const TableSnapshotPtr read = table();
  load({row("1", "changed"), {"2", {}}, row("4", "came")});
  for (const size_t memtables : {0, 1, 2}) {
    for (const bool partial : {false, true}) {
      EXPECT_EQ(write(read, {row("1", "A"), row("3", "C")}, memtables, partial).code(), StatusCode::kConflict);
      EXPECT_EQ(write(read, {row("2", "B"), row("3", "C")}, memtables, partial).code(), StatusCode::kConflict);
      EXPECT_EQ(write(read, {row("3", "C"), row("4", "D")}, memtables, partial).code(), StatusCode::kConflict);
      EXPECT_EQ(write(read, {{"1", {}}}, memtables).code(), StatusCode::kConflict);
    }
  }
  EXPECT_EQ(test::lines_of(*table()), (Lines{"1|changed|w", "3|c|w", "4|came|w"}));
  EXPECT_TRUE(write(read, {row("3", "C", "ignored")}, 1, true).ok());
  EXPECT_EQ(test::lines_of(*table()), (Lines{"1|changed|w", "3|C|w", "4|came|w"}));
}

TEST_F(ReadGuardTest, RowsThatMovedOrCameBackAsTheyWereAreNoConflict) {
  load({row("1", "a"), row("2", "b"), row("3", "c")});
  const TableSnapshotPtr read = table();
  load({row("1", "a")});
  must(server_->flush_table(read->id));
  load({row("4", "d")});
  must(server_->compact_table(read->id));
  EXPECT_TRUE(write(read, {row("1", "A"), {"2", {}}}, 1).ok());
  EXPECT_TRUE(write(read, {row("3", "C")}).ok());
  EXPECT_EQ(write(read, {row("1", "B")}).code(), StatusCode::kConflict);
  EXPECT_EQ(test::lines_of(*table()), (Lines{"1|A|w", "3|C|w", "4|d|w"}));
}

TEST_F(ReadGuardTest, TruncatedTablesAndOtherColumnsAreAConflict) {
  load({row("1", "a")});
  TableSnapshotPtr read = table();
  must(server_->truncate_table("shop", "t"));
  EXPECT_EQ(write(read, {row("1", "A")}).code(), StatusCode::kConflict);
  load({row("1", "a")});
  read = table();
  TableChange change;
  ColumnSchema added{.name = "x", .type = {TypeKind::kInt}};
  change.columns.push_back(AddColumn{.column = added, .place = {}});
  must(server_->alter_table("shop", "t", change));
  EXPECT_EQ(write(read, {row("1", "A")}).code(), StatusCode::kConflict);
}

TEST_F(ReadGuardTest, IncrementsOfManyThreadsAreAllCounted) {
  load({row("1", "0"), row("2", "0")});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int done = 0; done < 25;) {
        const TableSnapshotPtr read = table();
        std::vector<LoadRow> rows;
        const Block block = test::live_rows(*read);
        for (size_t i = 0; i < block.row_count(); ++i) {
          rows.push_back(row(std::to_string(block.columns[0].values<int64_t>()[i]),
                             std::to_string(std::stoi(std::string(block.columns[1].bytes_at(i))) + 1)));
        }
        const Status status = write(read, rows, (t + done) % 2, t % 2 == 0);
        if (status.ok()) ++done;
        ASSERT_TRUE(status.ok() || status.code() == StatusCode::kConflict) << status.to_string();
      }
    });
  }
  for (int i = 0; i < 6; ++i) must(i % 2 == 0 ? server_->flush_table(table()->id) : server_->compact_table(table()->id));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(test::lines_of(*table()), (Lines{"1|100|w", "2|100|w"}));
}

TEST_F(ReadGuardTest, RowsWithoutKeyDieByTheirPlaces) {
  load({row("1", "a"), row("1", "b"), row("2", "c")}, "log");
  must(server_->flush_table(table("log")->id));
  load({row("3", "d"), row("3", "e")}, "log");
  const TableSnapshotPtr read = table("log");
  const TabletSnapshot& tablet = *read->tablets[0];
  const auto erase = [&](std::vector<RowsetHits> rows) {
    LoadCommit commit;
    commit.table = read->id;
    commit.schema = read->schema;
    TabletRows places;
    places.tablet = tablet.id;
    places.dead_rows = std::move(rows);
    commit.tablets.push_back(std::move(places));
    return server_->commit(std::move(commit));
  };
  const RowsetId segment = tablet.segments[0].segment->id();
  const RowsetId buffer = tablet.deltas.back().buffer->id();
  EXPECT_EQ(must(erase({{segment, {1}}, {buffer, {0}}})).rows_replaced, 2u);
  EXPECT_EQ(must(erase({{segment, {1, 2}}})).rows_replaced, 1u);
  EXPECT_EQ(table("log")->live_rows(), 2u);
  must(server_->compact_table(read->id));
  EXPECT_EQ(erase({{segment, {0}}}).status().code(), StatusCode::kConflict);
  EXPECT_EQ(table("log")->live_rows(), 2u);
}

}  // namespace
}  // namespace freshet::storage
