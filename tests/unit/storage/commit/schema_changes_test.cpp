#include "storage/commit/schema_changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "storage/segment/segment_writer.h"
#include "storage/types/value_text.h"
#include "storage/types/widening.h"
#include "support/small_schema.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

using test::must;
using test::StorageServer;

ColumnSchema column_of(std::string name, DataType type, std::optional<std::string> default_value = {}) {
  return {.name = std::move(name), .type = type, .default_value = std::move(default_value)};
}
SchemaChange add(std::string name, DataType type, std::optional<std::string> default_value = {}) {
  return AddColumn{column_of(std::move(name), type, std::move(default_value)), {}, false};
}
SchemaChange widen(std::string name, DataType type) { return ModifyColumn{name, column_of(name, type), false, {}}; }

/// A table t (id BIGINT key, n INT, s STRING) in two buckets, and loads of rows given as text.
class SchemaChangesTest : public testing::Test {
 protected:
  SchemaChangesTest() : server_(folder_.path(), options()) {
    must(server_->create_database("shop", true));
    must(server_->create_table("shop", "t", test::small_schema(), {}, false));
  }
  ~SchemaChangesTest() override {
    server_.close();
    EXPECT_EQ(server_.check(), std::vector<std::string>());
  }

  static StorageOptions options() {
    StorageOptions options;
    options.delta_flush_seconds = 3600;
    return options;
  }

  TableSnapshotPtr table(const std::string& name = "t") { return server_->snapshot()->find_table("shop", name); }
  Status alter(std::vector<SchemaChange> changes) { return server_->alter_table("shop", "t", {std::move(changes), {}}); }

  /// A load of rows as text ("NULL" is NULL) in the columns of `target`, not committed yet.
  LoadCommit prepare(const TableSnapshotPtr& target, const std::vector<std::vector<std::string>>& rows, bool as_segments) {
    LoadCommit commit;
    commit.table = target->id;
    commit.schema = target->schema;
    std::vector<Block> blocks(target->tablets.size(), Block::for_schema(*target->schema));
    for (const std::vector<std::string>& row : rows) {
      Block one = Block::for_schema(*target->schema);
      for (size_t i = 0; i < row.size(); ++i) append(one.columns[i], row[i]);
      std::vector<uint32_t> tablet;
      target->partitions->route(*target->schema, *target->key_codec, one, tablet);
      blocks[tablet[0]].append_from(one, 0);
    }
    for (size_t tablet = 0; tablet < blocks.size(); ++tablet) {
      if (blocks[tablet].row_count() == 0) continue;
      TabletRows out{target->tablets[tablet]->id, {}, {}};
      if (as_segments) {
        out.segments.push_back(must(write_sorted_segment(server_->files(), must(server_->next_rowset_id()),
                                                         target->tablets[tablet]->id, target->schema, blocks[tablet], {})));
      } else {
        out.rows = std::move(blocks[tablet]);
      }
      commit.tablets.push_back(std::move(out));
    }
    must(server_->files().sync_names());
    return commit;
  }
  void load(const std::vector<std::vector<std::string>>& rows, bool as_segments = false) {
    must(server_->commit(prepare(table(), rows, as_segments)));
  }

  static void append(Column& column, const std::string& text) {
    if (text == "NULL") return column.append_null();
    ASSERT_EQ(append_text(column, text), TextError::kNone) << text;
  }

  /// Rows as "id n s ...", sorted.
  static std::vector<std::string> rows_of(const TableSnapshot& table) {
    const Block block = test::live_rows(table);
    std::vector<std::string> rows;
    for (size_t row = 0; row < block.row_count(); ++row) {
      std::string& text = rows.emplace_back();
      for (const Column& column : block.columns) {
        if (!text.empty()) text += ' ';
        column.is_null(row) ? void(text += "NULL") : format_value(column, row, text);
      }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  using Rows = std::vector<std::string>;

  /// The rows now, after a restart, and after everything became one segment.
  void expect_rows(const Rows& expected) {
    EXPECT_EQ(rows_of(*table()), expected);
    server_.restart();
    EXPECT_EQ(rows_of(*table()), expected) << "after a restart";
    must(server_->compact_table(table()->id));
    EXPECT_EQ(rows_of(*table()), expected) << "after a compaction";
  }

  const test::TempDir folder_;
  StorageServer server_;
};

TEST_F(SchemaChangesTest, RowsOfEveryAgeReadUnderTheNewestSchema) {
  load({{"1", "10", "a"}, {"2", "20", "b"}}, true);
  load({{"3", "30", "c"}});
  must(alter({add("x", {TypeKind::kInt}, "5"), DropColumn{"s", false}, widen("n", {TypeKind::kBigInt})}));
  load({{"4", "9000000000", "6"}});
  must(alter({ModifyColumn{"x", column_of("x", {TypeKind::kSmallInt}, "7"), false, {}}}).ok() ? Status::Internal("narrowed")
                                                                                              : Status::OK());
  must(alter({ModifyColumn{"x", column_of("x", {TypeKind::kInt}, "7"), false, {}}, add("s", {TypeKind::kString})}));
  load({{"5", "50", "7", "new"}}, true);
  load({{"1", "11", "8", "again"}});
  expect_rows({"1 11 8 again", "2 20 5 NULL", "3 30 5 NULL", "4 9000000000 6 NULL", "5 50 7 new"});
}

TEST_F(SchemaChangesTest, SealedBuffersOfOlderSchemasAreRecoveredAndFlushed) {
  load({{"1", "10", "a"}});
  must(alter({add("x", {TypeKind::kInt}, "1")}));
  load({{"2", "20", "b", "2"}});
  must(alter({DropColumn{"n", false}}));
  load({{"3", "c", "3"}, {"4", "d", "4"}});
  must(alter({widen("x", {TypeKind::kLargeInt}), RenameColumn{"s", "text"}}));
  server_.restart();
  EXPECT_EQ(rows_of(*table()), (Rows{"1 a 1", "2 b 2", "3 c 3", "4 d 4"}));
  load({{"1", "e", "170141183460469231731687303715884105727"}});
  must(server_->flush_table(table()->id));
  for (const TabletSnapshotPtr& tablet : table()->tablets) EXPECT_EQ(tablet->deltas.size(), 1u);
  expect_rows({"1 e 170141183460469231731687303715884105727", "2 b 2", "3 c 3", "4 d 4"});
}

TEST_F(SchemaChangesTest, ALoadThatBeganBeforeTheChangeIsMapped) {
  load({{"1", "10", "a"}, {"2", "20", "b"}}, true);
  const TableSnapshotPtr before = table();
  std::vector<LoadCommit> running;
  running.push_back(prepare(before, {{"1", "100", "carried"}, {"10", "101", "carried"}}, false));
  running.push_back(prepare(before, {{"2", "200", "segment"}, {"20", "201", "segment"}}, true));
  must(alter({add("x", {TypeKind::kInt}, "5"), widen("n", {TypeKind::kBigInt}), DropColumn{"s", false}}));
  running.push_back(prepare(table(), {{"3", "300", "6"}, {"10", "300", "6"}}, false));
  must(alter({add("s", {TypeKind::kString}, "new"), ReorderColumns{{"s", "x", "n"}}, RenameColumn{"x", "y"}}));
  for (LoadCommit& commit : running) must(server_->commit(std::move(commit)));
  expect_rows({"1 new 5 100", "10 new 6 300", "2 new 5 200", "20 new 5 201", "3 new 6 300"});
}

TEST_F(SchemaChangesTest, OldSnapshotsKeepTheirSchemaAndRows) {
  load({{"1", "10", "a"}}, true);
  load({{"2", "20", "b"}});
  TableSnapshotPtr old = table();
  must(alter({DropColumn{"s", false}, widen("n", {TypeKind::kBigInt})}));
  load({{"1", "11"}});
  must(server_->compact_table(old->id));
  EXPECT_EQ(rows_of(*old), (Rows{"1 10 a", "2 20 b"}));
  old.reset();
  expect_rows({"1 11", "2 20"});
}

TEST_F(SchemaChangesTest, ARefusedChangeChangesNothing) {
  load({{"1", "10", "a"}});
  const SchemaPtr before = table()->schema;
  const Status status = alter({add("x", {TypeKind::kInt}), DropColumn{"id", false}});
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("ALTER TABLE shop.t: "), std::string::npos) << status.message();
  EXPECT_EQ(table()->schema, before);
  must(alter({DropColumn{"nothing", true}}));
  EXPECT_EQ(table()->schema, before);
  EXPECT_EQ(server_->alter_table("shop", "nope", {}).code(), StatusCode::kNotFound);
  expect_rows({"1 10 a"});
}

TEST_F(SchemaChangesTest, ARenamedTableTakesLoadsThatRunAndKeepsItsNameOverARestart) {
  TableSchema other = *table()->schema;
  must(server_->create_table("shop", "taken", other, {}, false));
  EXPECT_EQ(server_->alter_table("shop", "t", {{}, "taken"}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(server_->alter_table("shop", "t", {{}, "a/b"}).code(), StatusCode::kInvalidArgument);
  LoadCommit running = prepare(table(), {{"1", "10", "a"}}, false);
  must(server_->alter_table("shop", "t", {{add("x", {TypeKind::kInt}, "3")}, "u"}));
  must(server_->commit(std::move(running)));
  EXPECT_EQ(table(), nullptr);
  EXPECT_EQ(rows_of(*table("u")), (Rows{"1 10 a 3"}));
  server_.restart();
  EXPECT_EQ(rows_of(*table("u")), (Rows{"1 10 a 3"}));
  must(server_->create_table("shop", "t", other, {}, false));
  must(server_->drop_table("shop", "u", false));
  EXPECT_EQ(rows_of(*table("t")), Rows{});
}

TEST_F(SchemaChangesTest, PartitionColumnsAreFixedAndRowsFindTheirPartitionUnderEverySchema) {
  TableSchema schema = *table()->schema;
  schema.model = TableModel::kDuplicate;
  must(server_->drop_table("shop", "t", false));
  const auto partition = [](const std::string& value) {
    PartitionDefinition definition;
    definition.name = "p" + value;
    definition.bounds.values = {{BoundValue{BoundValue::Kind::kText, value}}};
    return definition;
  };
  TablePartitioning partitioning;
  partitioning.scheme.kind = PartitionKind::kList;
  partitioning.scheme.columns = {schema.columns[1].id};
  partitioning.partitions = {partition("1"), partition("2")};
  must(server_->create_table("shop", "t", test::small_schema(), partitioning, false));
  load({{"1", "1", "a"}, {"2", "2", "b"}}, true);
  for (SchemaChange& change : std::vector<SchemaChange>{DropColumn{"n", false}, widen("n", {TypeKind::kBigInt})}) {
    const Status refused = alter({change});
    EXPECT_EQ(refused.code(), StatusCode::kUnsupported);
    EXPECT_NE(refused.message().find("partition column"), std::string::npos) << refused.message();
  }
  LoadCommit running = prepare(table(), {{"3", "1", "c"}, {"4", "2", "d"}}, false);
  must(alter({AddColumn{column_of("x", {TypeKind::kInt}, "5"), {false, "id"}, false}, RenameColumn{"n", "kind"},
              DropColumn{"s", false}}));
  must(server_->change_partitions("shop", "t", {AddPartitions{{partition("3")}, false}}));
  must(server_->commit(std::move(running)));
  load({{"5", "7", "3"}, {"6", "8", "2"}});
  expect_rows({"1 5 1", "2 5 2", "3 5 1", "4 5 2", "5 7 3", "6 8 2"});
  must(server_->change_partitions("shop", "t", {DropPartition{"p2", false}}));
  expect_rows({"1 5 1", "3 5 1", "5 7 3"});
}

TEST_F(SchemaChangesTest, LoadsFlushesAndCompactionsGoOnWhileTheSchemaChanges) {
  constexpr int kWriters = 3, kKeys = 60;
  std::atomic<int> running{kWriters};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kKeys; ++i) {
        const TableSnapshotPtr target = table();
        std::vector<std::string> row(target->schema->columns.size(), "NULL");
        row[0] = std::to_string(writer * kKeys + i);
        row[*target->schema->find("n")] = std::to_string(i);
        must(server_->commit(prepare(target, {row}, i % 7 == 0)));
      }
      --running;
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; running > 0; ++round) {
      const TableId id = table()->id;
      must(round % 2 == 0 ? server_->flush_table(id) : server_->compact_table(id));
    }
  });
  for (int round = 0; running > 0; ++round) {
    must(alter({AddColumn{column_of("c" + std::to_string(round), {TypeKind::kInt}, "1"), {false, "id"}, false}}));
    if (round % 3 == 2) must(alter({DropColumn{"c" + std::to_string(round - 2), false}}));
    if (round == 5) must(alter({widen("n", {TypeKind::kBigInt})}));
  }
  for (std::thread& thread : threads) thread.join();
  for (int pass = 0; pass < 3; ++pass) {
    const Block rows = test::live_rows(*table());
    ASSERT_EQ(rows.row_count(), size_t{kWriters * kKeys});
    const Column& ids = rows.columns[0];
    const Column numbers = widen_column(rows.columns[*table()->schema->find("n")], {TypeKind::kBigInt});
    for (size_t row = 0; row < rows.row_count(); ++row) {
      ASSERT_EQ(numbers.values<int64_t>()[row], ids.values<int64_t>()[row] % kKeys);
    }
    pass == 0 ? server_.restart() : must(server_->compact_table(table()->id));
  }
}

}  // namespace
}  // namespace freshet::storage
