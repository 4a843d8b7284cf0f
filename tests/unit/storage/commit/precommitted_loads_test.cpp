#include "storage/commit/precommitted_loads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "storage/commit/precommit_record.h"
#include "support/history_table.h"
#include "support/small_schema.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;
using test::StorageServer;

ColumnSchema column_of(std::string name, DataType type) { return {.name = std::move(name), .type = type}; }

/// A table t (id BIGINT key, n INT, s STRING) in two buckets.
class PrecommittedLoadsTest : public testing::Test {
 protected:
  PrecommittedLoadsTest() { open(options()); }
  ~PrecommittedLoadsTest() override {
    server_->close();
    EXPECT_EQ(server_->check(), std::vector<std::string>());
  }

  static StorageOptions options() {
    StorageOptions options;
    options.delta_flush_seconds = 3600;
    return options;
  }
  void open(const StorageOptions& options) {
    server_.reset();
    server_ = std::make_unique<StorageServer>(folder_.path(), options);
    must(engine().create_database("shop", true));
    must(engine().create_table("shop", "t", test::small_schema(), {}, true));
  }
  StorageEngine& engine() { return **server_; }
  TableSnapshotPtr table() { return engine().snapshot()->find_table("shop", "t"); }

  /// Rows first to end-1 with n = `version`; deletes when there is none.
  static std::vector<LoadRow> rows(int64_t first, int64_t end, std::optional<int> version) {
    std::vector<LoadRow> result;
    for (int64_t key = first; key < end; ++key) {
      LoadRow row{std::to_string(key), {}};
      if (version) row.values = {row.key, std::to_string(*version), "s" + std::to_string(*version)};
      result.push_back(std::move(row));
    }
    return result;
  }
  void load(int64_t first, int64_t end, std::optional<int> version, size_t memtables = 0) {
    must(test::load_rows(engine(), table(), rows(first, end, version), memtables));
  }
  TransactionId precommit(int64_t first, int64_t end, std::optional<int> version, size_t memtables = 0,
                          PartialColumnsPtr partial = nullptr) {
    const TransactionId transaction = must(engine().next_transaction_id());
    must(test::precommit_rows(engine(), table(), rows(first, end, version), memtables, transaction, std::move(partial)));
    return transaction;
  }
  void commit(TransactionId transaction) { EXPECT_TRUE(must(engine().commit_precommitted(transaction)).has_value()); }
  std::string text() {
    std::string all;
    for (const std::string& line : test::lines_of(*table())) all += (all.empty() ? "" : " ") + line;
    return all;
  }
  LabelState state(TransactionId transaction) {
    return must(engine().find_transaction(table()->database, transaction)).value().state;
  }
  size_t file_count() const {
    const std::filesystem::directory_iterator files(folder_.path() + "/segments");
    return static_cast<size_t>(
        std::count_if(begin(files), end(files), [](const auto& entry) { return entry.is_regular_file(); }));
  }

  test::TempDir folder_;
  std::unique_ptr<StorageServer> server_;
};

TEST_F(PrecommittedLoadsTest, IsInvisibleAndSurvivesARestart) {
  load(1, 4, 1);
  const TransactionId files = precommit(2, 6, 2, 1);
  const TransactionId carried = precommit(6, 8, 3);
  EXPECT_EQ(text(), "1|1|s1 2|1|s1 3|1|s1");
  server_->restart();
  EXPECT_EQ(text(), "1|1|s1 2|1|s1 3|1|s1");
  EXPECT_EQ(state(files), LabelState::kPrecommitted);
  EXPECT_EQ(engine().stats().precommitted_loads, 2u);
  commit(files);
  server_->restart();
  commit(carried);
  EXPECT_EQ(text(), "1|1|s1 2|2|s2 3|2|s2 4|2|s2 5|2|s2 6|3|s3 7|3|s3");
  EXPECT_EQ(state(files), LabelState::kVisible);
  EXPECT_EQ(engine().stats().precommitted_loads, 0u);
  server_->restart();
  EXPECT_FALSE(must(engine().commit_precommitted(files)).has_value());
  EXPECT_FALSE(must(engine().abort_precommitted(carried, "late")));
}

TEST_F(PrecommittedLoadsTest, CommitsAgainstTheTableOfItsCommit) {
  for (const size_t memtables : {0, 1, 3}) {
    SCOPED_TRACE(memtables);
    must(engine().truncate_table("shop", "t"));
    load(0, 6, 1, 1);
    const TransactionId transaction = precommit(2, 8, 2, memtables);
    load(4, 10, 3, 1);                          // replaced by the later commit
    load(5, 6, std::nullopt);                   // a deleted row comes back
    must(engine().compact_table(table()->id));  // rows are in other segments now
    server_->restart();
    commit(transaction);
    EXPECT_EQ(text(), "0|1|s1 1|1|s1 2|2|s2 3|2|s2 4|2|s2 5|2|s2 6|2|s2 7|2|s2 8|3|s3 9|3|s3");
    must(engine().compact_table(table()->id));
    EXPECT_EQ(table()->live_rows(), 10u);
  }
}

TEST_F(PrecommittedLoadsTest, DeletesCommitAsWell) {
  load(0, 4, 1, 1);
  const TransactionId transaction = precommit(1, 3, std::nullopt, 1);
  load(2, 3, 5);
  server_->restart();
  commit(transaction);
  EXPECT_EQ(text(), "0|1|s1 3|1|s1");
}

TEST_F(PrecommittedLoadsTest, PartialUpdatesAreCompletedFromTheRowsOfTheCommit) {
  const auto only_n = std::make_shared<const PartialColumns>(PartialColumns{{0, 1}, {}, false});
  for (const size_t memtables : {0, 1}) {
    SCOPED_TRACE(memtables);
    must(engine().truncate_table("shop", "t"));
    load(0, 2, 1, 1);
    const TransactionId transaction = precommit(0, 2, 2, memtables, only_n);
    load(1, 2, 3, 1);
    server_->restart();
    commit(transaction);
    EXPECT_EQ(text(), "0|2|s1 1|2|s3");
    server_->restart();
    EXPECT_EQ(text(), "0|2|s1 1|2|s3");
  }
}

TEST_F(PrecommittedLoadsTest, AbortTakesTheFilesAndFreesTheLabel) {
  const TransactionId transaction = precommit(0, 100, 1, 2);
  EXPECT_EQ(file_count(), 4u);
  EXPECT_TRUE(must(engine().abort_precommitted(transaction, "User Abort")));
  EXPECT_EQ(file_count(), 0u);
  EXPECT_FALSE(must(engine().commit_precommitted(transaction)).has_value());
  server_->restart();
  EXPECT_EQ(state(transaction), LabelState::kAborted);
  EXPECT_EQ(must(engine().find_transaction(table()->database, transaction))->reason, "User Abort");
  const uint64_t labels = engine().stats().labels;
  const std::string label = "txn" + std::to_string(transaction.value);
  const TransactionId again = must(engine().next_transaction_id());
  must(engine().reserve_label(table()->database, label, again, nullptr));
  LabelRecord record;
  record.label = label;
  record.database = table()->database;
  record.transaction = again;
  must(test::load_rows(engine(), table(), rows(0, 1, 2), 0, nullptr, record));
  EXPECT_EQ(text(), "0|2|s2");
  EXPECT_EQ(engine().stats().labels, labels);
  EXPECT_FALSE(must(engine().find_transaction(table()->database, transaction)).has_value());
  EXPECT_EQ(must(engine().find_label(table()->database, label))->transaction, again);
}

TEST_F(PrecommittedLoadsTest, ColumnsMayChangeMeanwhile) {
  for (const size_t memtables : {0, 1}) {
    SCOPED_TRACE(memtables);
    server_.reset();
    std::filesystem::remove_all(folder_.path());
    open(options());
    load(0, 2, 1);
    const TransactionId transaction = precommit(1, 3, 2, memtables);
    ColumnSchema added = column_of("added", {TypeKind::kInt});
    added.default_value = "7";
    must(engine().alter_table("shop", "t", {{AddColumn{added, {}, false}, DropColumn{"s", false}}, {}}));
    server_->restart();
    commit(transaction);
    EXPECT_EQ(text(), "0|1|7 1|2|7 2|2|7");
  }
}

TEST_F(PrecommittedLoadsTest, CommitsIntoATruncatedTable) {
  load(0, 20, 1, 1);
  const TransactionId transaction = precommit(5, 7, 2, 1);
  must(engine().truncate_table("shop", "t"));
  server_->restart();
  commit(transaction);
  EXPECT_EQ(text(), "5|2|s2 6|2|s2");
}

TEST_F(PrecommittedLoadsTest, ADroppedTableRefusesTheCommit) {
  const TransactionId dropped = precommit(0, 9, 1, 1);
  const DatabaseId database = table()->database;
  must(engine().drop_table("shop", "t", false));
  server_->restart();
  const Status gone = engine().commit_precommitted(dropped).status();
  EXPECT_EQ(gone.code(), StatusCode::kNotFound);
  EXPECT_NE(gone.message().find("dropped"), std::string::npos);
  EXPECT_EQ(must(engine().find_transaction(database, dropped))->state, LabelState::kPrecommitted);
  EXPECT_TRUE(must(engine().abort_precommitted(dropped, "x")));
  EXPECT_EQ(file_count(), 0u);
}

TEST_F(PrecommittedLoadsTest, ADroppedDatabaseTakesThemAlong) {
  precommit(0, 9, 1, 1);
  server_->restart();
  must(engine().drop_database("shop", false));
  for (int i = 0; i < 300 && engine().stats().precommitted_loads != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(engine().stats().precommitted_loads, 0u);
  EXPECT_EQ(file_count(), 0u);
  EXPECT_EQ(engine().stats().labels, 0u);
}

TEST_F(PrecommittedLoadsTest, WaitForALimitedTime) {
  StorageOptions short_lived = options();
  short_lived.precommit_timeout_seconds = 1;
  open(short_lived);
  const TransactionId transaction = precommit(0, 9, 1, 1);
  for (int i = 0; i < 600 && state(transaction) == LabelState::kPrecommitted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(state(transaction), LabelState::kAborted);
  EXPECT_EQ(must(engine().find_transaction(table()->database, transaction))->reason, "timeout by txn manager");
  for (int i = 0; i < 600 && file_count() != 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(file_count(), 0u);
}

TEST_F(PrecommittedLoadsTest, TheirNumberIsLimited) {
  StorageOptions few = options();
  few.precommitted_limit = 2;
  open(few);
  const TransactionId first = precommit(0, 1, 1);
  precommit(1, 2, 1);
  const TransactionId third = must(engine().next_transaction_id());
  const Status refused = test::precommit_rows(engine(), table(), rows(2, 3, 1), 1, third);
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(file_count(), 0u) << "the files of a refused load go";
  commit(first);
  must(test::precommit_rows(engine(), table(), rows(2, 3, 1), 1, third));
}

TEST_F(PrecommittedLoadsTest, OneOfManyClientsEndsALoad) {
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    const TransactionId transaction = precommit(round, round + 1, 1, round % 2);
    std::atomic<int> commits{0}, aborts{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        if (i % 2 == 0) {
          commits += must(engine().commit_precommitted(transaction)).has_value();
        } else {
          aborts += must(engine().abort_precommitted(transaction, "race"));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(commits + aborts, 1);
    EXPECT_EQ(state(transaction), commits == 1 ? LabelState::kVisible : LabelState::kAborted);
    const std::string line = std::to_string(round) + "|1|s1";
    EXPECT_EQ(text().find(line) != std::string::npos, commits == 1);
  }
}

TEST_F(PrecommittedLoadsTest, RecordsAreReadAsTheyWereWritten) {
  LoadCommit load = must(test::make_load(engine(), table(), rows(0, 40, std::nullopt), 2));
  LoadCommit carried = must(test::make_load(engine(), table(), rows(0, 5, 3), 0));
  load.tablets[0].rows = carried.tablets[0].rows;
  load.partial = std::make_shared<const PartialColumns>(PartialColumns{{0, 2}, {1}, true});
  load.label.emplace();
  load.label->label = "l";
  load.label->state = LabelState::kPrecommitted;
  load.label->reason = "why";
  const std::string bytes = encode_precommit(load);
  const LoadCommit read = must(decode_precommit(bytes));
  EXPECT_EQ(encode_precommit(read), bytes);
  EXPECT_EQ(read.tablets[0].segments[0].delete_rows, load.tablets[0].segments[0].delete_rows);
  EXPECT_EQ(read.partial->no_default, load.partial->no_default);
  EXPECT_EQ(read.label->reason, "why");
  for (size_t i = 0; i < bytes.size(); i += 7) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_EQ(decode_precommit(damaged).status().code(), StatusCode::kCorruption) << i;
    EXPECT_FALSE(decode_precommit(bytes.substr(0, i)).ok()) << i;
  }
  std::vector<SegmentMeta> unused;
  for (const TabletRows& tablet : load.tablets) {
    for (const WrittenSegment& segment : tablet.segments) unused.push_back(segment.meta);
  }
  engine().discard_segments(unused);
}

}  // namespace
}  // namespace freshet::storage
