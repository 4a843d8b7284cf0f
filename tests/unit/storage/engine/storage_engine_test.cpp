#include "storage/engine/storage_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "support/seed.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"
#include "support/test_rows.h"

namespace freshet::storage {
namespace {

using test::KeyForm;
using test::must;
using test::StorageServer;
using test::TestRow;

/// Loads rows in arrival order: `as_segments` memtables of about equal size are written as files, else the rows are carried.
Result<CommitOutcome> load(StorageEngine& engine, const TableSnapshotPtr& table, const std::vector<TestRow>& rows,
                           size_t as_segments, std::optional<LabelRecord> label = {},
                           std::vector<OffsetAdvance> offsets = {}) {
  LoadCommit commit;
  commit.table = table->id;
  commit.schema = table->schema;
  commit.label = std::move(label);
  commit.offsets = std::move(offsets);
  std::vector<std::vector<Block>> parts(table->tablets.size());
  const size_t part_count = std::max<size_t>(as_segments, 1);
  for (auto& blocks : parts) blocks.resize(part_count, Block::for_schema(*table->schema));
  for (size_t i = 0; i < rows.size(); ++i) {
    Block one = Block::for_schema(*table->schema);
    test::append_test_row(*table->schema, rows[i], one);
    std::vector<uint32_t> bucket;
    table->key_codec->append_buckets(*table->schema, one, 0, 1, bucket);
    test::append_test_row(*table->schema, rows[i], parts[bucket[0]][i * part_count / rows.size()]);
  }
  for (uint32_t bucket = 0; bucket < parts.size(); ++bucket) {
    TabletRows out{table->tablets[bucket]->id, {}, {}};
    for (Block& block : parts[bucket]) {
      if (block.row_count() == 0) continue;
      if (as_segments == 0) {
        out.rows = std::move(block);
      } else {
        out.segments.push_back(must(write_sorted_segment(engine.files(), must(engine.next_rowset_id()),
                                                         table->tablets[bucket]->id, table->schema, block, {})));
      }
    }
    commit.tablets.push_back(std::move(out));
  }
  // Some callers keep no keys: the commit reads them from the files.
  for (TabletRows& bucket : commit.tablets) {
    for (size_t i = 0; i < bucket.segments.size(); ++i) {
      if (as_segments == 2 || (as_segments == 3 && i == 1)) bucket.segments[i].keys.clear();
    }
  }
  must(engine.files().sync_names());
  return engine.commit(std::move(commit));
}

TableSnapshotPtr find(StorageEngine& engine, const std::string& name) { return engine.snapshot()->find_table("shop", name); }

std::map<int64_t, TestRow> content(const TableSnapshot& table) {
  std::map<int64_t, TestRow> result;
  const Block rows = test::live_rows(table);
  for (size_t row = 0; row < rows.row_count(); ++row) {
    TestRow read = test::read_test_row(*table.schema, rows, row);
    EXPECT_TRUE(result.emplace(read.key, read).second) << "key " << read.key << " is live twice";
  }
  EXPECT_EQ(result.size(), table.live_rows());
  return result;
}

void apply_to(std::map<int64_t, TestRow>& model, const std::vector<TestRow>& rows) {
  for (const TestRow& row : rows) {
    if (row.is_delete) {
      model.erase(row.key);
    } else {
      model[row.key] = row;
    }
  }
}

void create_table(StorageEngine& engine, const std::string& name, KeyForm form, uint32_t buckets,
                  TableModel model = TableModel::kUnique) {
  must(engine.create_database("shop", true));
  TableSchema schema = *test::test_schema(form, model);
  schema.bucket_count = buckets;
  must(engine.create_table("shop", name, schema, {}, false));
}

class StorageEngineHistory : public testing::TestWithParam<KeyForm> {};

TEST_P(StorageEngineHistory, EqualsAMapAfterAnyHistory) {
  const test::TempDir folder;
  std::mt19937_64 random(test::test_seed());
  StorageOptions options;
  options.delta_flush_rows = 700;
  options.compaction_trigger_segments = 3;
  StorageServer server(folder.path(), options);
  create_table(*server, "orders", GetParam(), 3);
  std::map<int64_t, TestRow> model;
  for (int step = 0; step < 150; ++step) {
    const uint64_t choice = random() % 20;
    if (choice == 0) {
      server.restart();
    } else if (choice == 1) {
      must(server->flush_table(find(*server, "orders")->id));
    } else if (choice == 2) {
      must(server->compact_table(find(*server, "orders")->id));
    } else {
      std::vector<TestRow> rows;
      const size_t count = random() % (choice < 6 ? 2000 : 60);
      for (size_t i = 0; i < count; ++i) {
        TestRow row = test::random_row(random, 3000);
        if (random() % 6 == 0) row = {.key = row.key, .is_delete = true};
        rows.push_back(row);
      }
      must(load(*server, find(*server, "orders"), rows, choice < 6 ? 1 + random() % 3 : 0));
      apply_to(model, rows);
    }
    ASSERT_EQ(content(*find(*server, "orders")), model) << "after step " << step;
  }
  server.close();
  EXPECT_EQ(server.check(), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(KeyForms, StorageEngineHistory, testing::Values(KeyForm::kFixed, KeyForm::kBytes),
                         [](const auto& info) { return info.param == KeyForm::kFixed ? "Fixed" : "Bytes"; });

TEST(StorageEngine, ConcurrentLoadsOfTheSameKeysLeaveEachKeyOnce) {
  const test::TempDir folder;
  StorageOptions options;
  options.delta_flush_rows = 500;
  options.compaction_trigger_segments = 2;
  StorageServer server(folder.path(), options);
  create_table(*server, "orders", KeyForm::kFixed, 2);
  std::vector<TestRow> all;
  for (int64_t key = 0; key < 1000; ++key) all.push_back({.key = key, .number = 0});
  must(load(*server, find(*server, "orders"), all, 1));

  std::atomic<int> writers{4};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 4; ++writer) {
    threads.emplace_back([&, writer] {
      std::mt19937_64 random(static_cast<uint64_t>(writer));
      for (int i = 0; i < 40; ++i) {
        std::vector<TestRow> rows;
        for (int j = 0; j < 50; ++j) rows.push_back({.key = static_cast<int64_t>(random() % 1000), .number = writer});
        must(load(*server, find(*server, "orders"), rows, random() % 2));
      }
      --writers;
    });
  }
  // Under pure updates the count never changes, at every moment.
  while (writers.load() > 0) {
    ASSERT_EQ(find(*server, "orders")->live_rows(), 1000u);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(content(*find(*server, "orders")).size(), 1000u);
  server.restart();
  EXPECT_EQ(content(*find(*server, "orders")).size(), 1000u);
  server.close();
  EXPECT_EQ(server.check(), std::vector<std::string>());
}

TEST(StorageEngine, OldSnapshotsStayReadableWhileFilesAreCompactedAway) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  create_table(*server, "orders", KeyForm::kFixed, 1);
  std::vector<TestRow> rows;
  for (int64_t key = 0; key < 5000; ++key) rows.push_back({.key = key, .number = 1});
  must(load(*server, find(*server, "orders"), rows, 2));
  const TableSnapshotPtr old = find(*server, "orders");
  for (TestRow& row : rows) row.number = 2;
  must(load(*server, old, rows, 1));
  must(server->compact_table(old->id));
  must(server->drop_table("shop", "orders", false));
  for (const auto& [key, row] : content(*old)) ASSERT_EQ(row.number, 1);
}

TEST(StorageEngine, SeveralTablesAreDroppedTogetherOrNotAtAll) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  for (const char* name : {"a", "b", "c"}) create_table(*server, name, KeyForm::kFixed, 1);
  EXPECT_EQ(server->drop_tables({{"shop", "a"}, {"shop", "nope"}}, false).code(), StatusCode::kNotFound);
  EXPECT_EQ(server->drop_tables({{"shop", "a"}, {"shop", "a"}}, true).code(), StatusCode::kInvalidArgument);
  EXPECT_NE(find(*server, "a"), nullptr);
  const CommitNumber before = server->snapshot()->commit;
  must(server->drop_tables({{"shop", "b"}, {"shop", "nope"}, {"shop", "a"}}, true));
  EXPECT_EQ(server->snapshot()->commit, before.next());
  server.restart();
  EXPECT_EQ(find(*server, "a"), nullptr);
  EXPECT_EQ(find(*server, "b"), nullptr);
  EXPECT_NE(find(*server, "c"), nullptr);
}

TEST(StorageEngine, TablesAreRenamedAllAtOnceOrNotAtAll) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  std::map<std::string, TableId> ids;
  for (const char* name : {"a", "b", "c"}) {
    create_table(*server, name, KeyForm::kFixed, 1);
    ids[name] = find(*server, name)->id;
  }
  must(load(*server, find(*server, "a"), {{.key = 1, .number = 1}}, 0));
  const auto name = [](const char* table) { return QualifiedName{"shop", table}; };
  EXPECT_EQ(server->rename_tables({{name("a"), "d"}, {name("nope"), "e"}}, {}).code(), StatusCode::kNotFound);
  EXPECT_EQ(server->rename_tables({{name("a"), "d"}, {name("a"), "e"}}, {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(server->rename_tables({{name("a"), "d"}}, {name("a")}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(server->rename_tables({{name("a"), "d"}, {name("b"), "d"}}, {}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(server->rename_tables({{name("a"), "b"}}, {}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(server->rename_tables({{name("a"), "d/e"}}, {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(find(*server, "a")->id, ids["a"]);

  const CommitNumber before = server->snapshot()->commit;
  must(server->rename_tables({{name("a"), "b"}, {name("b"), "c"}, {name("c"), "a"}}, {}));
  EXPECT_EQ(server->snapshot()->commit, before.next());
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_EQ(find(*server, "b")->id, ids["a"]);
    EXPECT_EQ(find(*server, "c")->id, ids["b"]);
    EXPECT_EQ(find(*server, "a")->id, ids["c"]);
    EXPECT_EQ(content(*find(*server, "b")).size(), 1u);
    server.restart();
  }
  must(server->rename_tables({{name("b"), "c"}}, {name("c")}));
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_EQ(find(*server, "c")->id, ids["a"]);
    EXPECT_EQ(find(*server, "b"), nullptr);
    server.restart();
  }
  must(load(*server, find(*server, "c"), {{.key = 2, .number = 1}}, 0));
  EXPECT_EQ(content(*find(*server, "c")).size(), 2u);

  TableChange late{{SetTableComment{"of b"}}, {}, ids["b"]};
  EXPECT_EQ(server->alter_table("shop", "c", late).code(), StatusCode::kConflict);
  late.table = ids["a"];
  must(server->alter_table("shop", "c", late));
  EXPECT_EQ(server->drop_table(ids["b"]).code(), StatusCode::kNotFound);
  must(server->drop_table(ids["a"]));
  server.restart();
  EXPECT_EQ(find(*server, "c"), nullptr);
  EXPECT_NE(find(*server, "a"), nullptr);
}

TEST(StorageEngine, LabelIsUsedOnceAlsoAfterARestart) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  create_table(*server, "orders", KeyForm::kFixed, 1);
  const TableSnapshotPtr table = find(*server, "orders");
  std::optional<LabelRecord> existing;
  must(server->reserve_label(table->database, "first", TransactionId(7), &existing));
  EXPECT_EQ(server->reserve_label(table->database, "first", TransactionId(8), &existing).code(), StatusCode::kLabelExists);
  EXPECT_EQ(existing->state, LabelState::kRunning);

  LabelRecord label;
  label.label = "first";
  label.database = table->database;
  label.transaction = TransactionId(7);
  must(load(*server, table, {{.key = 1}}, 0, label));
  server.restart();
  const Status again = server->reserve_label(table->database, "first", TransactionId(9), &existing);
  EXPECT_EQ(again.message(), "Label [first] has already been used, relate to txn [7]");
  EXPECT_EQ(existing->state, LabelState::kVisible);
}

TEST(StorageEngine, StreamPositionMovesOnlyFromWhereItStands) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  create_table(*server, "orders", KeyForm::kFixed, 1);
  const JobId job(5);
  must(load(*server, find(*server, "orders"), {{.key = 1}}, 0, {}, {{job, 1, 0, 0, 10}}));
  EXPECT_EQ(load(*server, find(*server, "orders"), {{.key = 2}}, 0, {}, {{job, 1, 0, 0, 10}}).status().code(),
            StatusCode::kConflict);
  server.restart();
  const std::vector<std::pair<int32_t, int64_t>> expected{{0, 10}};
  EXPECT_EQ(must(server->stream_positions(job)), expected);
  EXPECT_EQ(content(*find(*server, "orders")).size(), 1u);
  EXPECT_EQ(load(*server, find(*server, "orders"), {{.key = 2}}, 0, {}, {{job, 0, 0, 10, 20}}).status().code(),
            StatusCode::kConflict)
      << "an older epoch is fenced";
}

TEST(StorageEngine, DuplicateTableKeepsEveryRow) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  create_table(*server, "events", KeyForm::kFixed, 2, TableModel::kDuplicate);
  const std::vector<TestRow> rows{{.key = 3, .number = 1}, {.key = 3, .number = 1}, {.key = 1}};
  must(load(*server, find(*server, "events"), rows, 0));
  must(load(*server, find(*server, "events"), rows, 1));
  EXPECT_EQ(find(*server, "events")->live_rows(), 6u);
  must(server->compact_table(find(*server, "events")->id));
  server.restart();
  EXPECT_EQ(test::live_rows(*find(*server, "events")).row_count(), 6u);
}

TEST(StorageEngine, TruncateAndDropLeaveNoFileBehind) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  create_table(*server, "orders", KeyForm::kFixed, 1);
  must(load(*server, find(*server, "orders"), {{.key = 1}, {.key = 2}}, 1));
  must(load(*server, find(*server, "orders"), {{.key = 3}}, 0));
  must(server->truncate_table("shop", "orders"));
  EXPECT_EQ(find(*server, "orders")->live_rows(), 0u);
  must(load(*server, find(*server, "orders"), {{.key = 4}}, 1));
  server.restart();
  EXPECT_EQ(content(*find(*server, "orders")).size(), 1u);
  must(server->drop_table("shop", "orders", false));
  // The threads that flush and compact may look at the table for a moment longer: the last of its holders removes the file.
  for (int i = 0; i < 1000 && !must(server->files().list()).empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(must(server->files().list()).empty());
  server.restart();
  EXPECT_EQ(find(*server, "orders"), nullptr);
}

TEST(StorageEngine, ASmallCommitMayHaveMoreRowsThanADeltaBufferIsFlushedAt) {
  const test::TempDir folder;
  StorageOptions options;
  options.delta_flush_rows = 10;
  StorageServer server(folder.path(), options);
  create_table(*server, "orders", KeyForm::kFixed, 1);
  std::vector<TestRow> rows;
  for (int64_t key = 0; key < 50; ++key) rows.push_back({.key = key});
  must(load(*server, find(*server, "orders"), rows, 0));
  must(server->flush_table(find(*server, "orders")->id));
  must(load(*server, find(*server, "orders"), rows, 0));
  server.restart();
  must(server->flush_table(find(*server, "orders")->id));
  EXPECT_EQ(content(*find(*server, "orders")).size(), 50u);
  server.close();
  EXPECT_EQ(server.check(), std::vector<std::string>());
}

TEST(StorageEngine, AutoIncrementValuesAreNeverGivenTwice) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  create_table(*server, "orders", KeyForm::kFixed, 1);
  const TableId table = find(*server, "orders")->id;
  EXPECT_EQ(must(server->take_auto_increment(table, 5)), 1);
  EXPECT_EQ(must(server->take_auto_increment(table, 1)), 6);
  server.restart();
  EXPECT_GT(must(server->take_auto_increment(table, 1)), 6);
}

TEST(StorageEngine, AutoIncrementValuesComeBehindThoseThatRowsBrought) {
  const test::TempDir folder;
  StorageServer server(folder.path());
  create_table(*server, "orders", KeyForm::kFixed, 1);
  const TableId table = find(*server, "orders")->id;
  must(server->pass_auto_increment(table, 100));
  EXPECT_EQ(must(server->take_auto_increment(table, 2)), 101);
  must(server->pass_auto_increment(table, 50));
  EXPECT_EQ(must(server->take_auto_increment(table, 1)), 103) << "never back";
  must(server->pass_auto_increment(table, 1'000'000));
  server.restart();
  EXPECT_GT(must(server->take_auto_increment(table, 1)), 1'000'000) << "also after a restart";
  must(server->pass_auto_increment(table, INT64_MAX));
  EXPECT_LT(must(server->take_auto_increment(table, 1)), INT64_MAX / 2)
      << "a value at the end of the range is no reason to stop";
}

TEST(StorageEngine, LoadIsRefusedBelowTheDiskReserve) {
  const test::TempDir folder;
  StorageOptions options;
  options.disk_reserve_bytes = UINT64_MAX;
  StorageServer server(folder.path(), options);
  create_table(*server, "orders", KeyForm::kFixed, 1);
  EXPECT_EQ(server->admit_load(find(*server, "orders")->id).code(), StatusCode::kOutOfSpace);
  EXPECT_EQ(load(*server, find(*server, "orders"), {{.key = 1}}, 1).status().code(), StatusCode::kOutOfSpace);
  EXPECT_TRUE(must(server->files().list()).empty());
}

}  // namespace
}  // namespace freshet::storage
