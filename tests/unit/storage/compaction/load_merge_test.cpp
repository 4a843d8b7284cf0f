#include "storage/compaction/load_merge.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "storage/types/sequence.h"
#include "support/held_engine.h"
#include "support/quiet_options.h"
#include "support/simulated_disk.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;

constexpr size_t kLimit = 8;

/// Loads that write many more segments for one tablet than it may have, while no compaction makes room.
class LargeLoads : public test::HeldEngine {
 protected:
  void start() {
    StorageOptions options = test::quiet_options();
    options.compaction_max_segments = kLimit;
    options.memory_wait_seconds = 2;
    open("", options, {});
  }
  TableSnapshotPtr create(TableSchema schema) {
    schema.bucket_count = 1;
    must(engine().create_table("d", "t", schema, {}, false));
    return table("t");
  }
  size_t rowsets() { return rowset_count(*table("t")->tablets.front()); }
  size_t files() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path("segments"))) count += entry.is_regular_file();
    return count;
  }
  /// Keys come again and again; every seventh row is a delete.
  static std::vector<LoadRow> rows(int64_t round, bool has_deletes, bool has_sequence = false) {
    std::vector<LoadRow> result;
    for (int64_t i = 0; i < 200; ++i) {
      const std::string key = std::to_string(i * 37 % 90), number = std::to_string(round * 1000 + i);
      const std::string sequence = std::to_string((i * 53 + round * 11) % 101);
      if (has_deletes && i % 7 == 3) {
        result.push_back({key, {}, has_sequence ? std::optional(sequence) : std::nullopt});
        continue;
      }
      result.push_back({key, {key, number, "text " + number}});
      if (!has_sequence) continue;
      result.back().values.emplace_back(sequence);
      result.back().values.emplace_back(std::nullopt);
    }
    return result;
  }
  void load(const std::vector<LoadRow>& sent, size_t memtables, PartialColumnsPtr partial = nullptr) {
    const TableSnapshotPtr target = table("t");
    must(test::load_rows(engine(), target, sent, memtables, partial));
    for (const LoadRow& row : sent) model_.apply(*target->schema, row, partial.get());
    EXPECT_LE(rowsets(), kLimit);
    expect_rows();
  }
  void expect_rows() {
    const TableSnapshotPtr now = table("t");
    EXPECT_EQ(test::lines_of(*now), model_.lines(*now->schema));
  }
  void end_and_check() {
    const size_t wanted = table("t")->tablets.front()->segments.size();
    // A file goes with the last snapshot of it, which a thread of the background may hold for a moment.
    for (int tries = 0; files() != wanted && tries < 1000; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(files(), wanted) << "the merged files are gone";
    server_->restart();
    expect_rows();
    server_->close();
    EXPECT_EQ(server_->check(), std::vector<std::string>());
    server_->open();
  }

  test::TableModel model_;
};

TEST_F(LargeLoads, OfAUniqueTable) {
  start();
  create(test::small_schema());
  load(rows(1, true), 1);
  load(rows(2, true), 40);
  load(rows(3, false), 40);
  end_and_check();
}

TEST_F(LargeLoads, OfATableWithASequenceColumn) {
  start();
  TableSchema schema = test::small_schema();
  add_sequence(schema, std::nullopt, {TypeKind::kBigInt});
  for (ColumnSchema& column : schema.columns) {
    if (column.hidden) column.id = std::exchange(schema.next_column_id, schema.next_column_id.next());
  }
  create(schema);
  load(rows(1, true, true), 40);
  load(rows(2, true, true), 1);
  load(rows(3, true, true), 40);
  end_and_check();
}

TEST_F(LargeLoads, OfADuplicateTable) {
  start();
  TableSchema schema = test::small_schema();
  schema.model = ::freshet::TableModel::kDuplicate;
  create(schema);
  load(rows(1, false), 40);
  load(rows(2, false), 40);
  end_and_check();
}

TEST_F(LargeLoads, OfAnAggregateTable) {
  start();
  TableSchema schema = test::small_schema();
  schema.model = ::freshet::TableModel::kAggregate;
  schema.columns[1].aggregation = Aggregation::kSum;
  schema.columns[2].aggregation = Aggregation::kReplace;
  create(schema);
  load(rows(1, false), 40);
  load(rows(2, false), 40);
  end_and_check();
}

TEST_F(LargeLoads, ThatBringSomeColumns) {
  start();
  create(test::small_schema());
  load(rows(1, false), 40);
  load(rows(2, false), 40, std::make_shared<const PartialColumns>(PartialColumns{{0, 2}, {}, false, std::nullopt}));
  end_and_check();
}

TEST_F(LargeLoads, ThatBringOtherColumnsWithEachRow) {
  start();
  TableSchema schema = test::small_schema();
  add_hidden_column(schema, kSkipBitmapColumn, {TypeKind::kString});
  schema.columns.back().id = std::exchange(schema.next_column_id, schema.next_column_id.next());
  const TableSnapshotPtr made = create(schema);
  std::vector<LoadRow> sent = rows(1, false);
  for (size_t i = 0; i < sent.size(); ++i) {
    const size_t brought = 1 + i % 2;
    sent[i].values.emplace_back(std::nullopt);
    sent[i].brings = {0, brought};
    sent[i].values[3 - brought] = std::nullopt;
  }
  load(sent, 40, std::make_shared<const PartialColumns>(PartialColumns{{0}, {}, false, made->schema->skip_bitmap_column()}));
  end_and_check();
}

TEST_F(LargeLoads, BetweenTheirTwoPhases) {
  start();
  const TableSnapshotPtr made = create(test::small_schema());
  const std::vector<LoadRow> sent = rows(1, true);
  must(test::precommit_rows(engine(), made, sent, 40, TransactionId(900)));
  server_->restart();
  ASSERT_TRUE(must(engine().commit_precommitted(TransactionId(900))).has_value());
  for (const LoadRow& row : sent) model_.apply(*made->schema, row, nullptr);
  EXPECT_LE(rowsets(), kLimit);
  end_and_check();
}

/// A fault at every write of a load that is merged: refused, it leaves nothing; done, all of it.
TEST(LoadMerge, LeavesNothingBehindWhateverFails) {
  StorageOptions options = test::quiet_options();
  options.compaction_max_segments = kLimit;
  uint64_t passed = 1;
  for (uint64_t point = 1; point <= passed; ++point) {
    test::SimulatedDisk disk(point);
    auto engine = must(StorageEngine::open(disk.meta(), disk.files(), options));
    must(engine->create_database("d", false));
    TableSchema schema = test::small_schema();
    schema.bucket_count = 1;
    must(engine->create_table("d", "t", schema, {}, false));
    std::vector<LoadRow> rows;
    for (int64_t key = 0; key < 40; ++key) rows.push_back({std::to_string(key), {std::to_string(key), "1", "x"}});
    LoadCommit load = must(test::make_load(*engine, engine->snapshot()->find_table("d", "t"), rows, 20));
    const uint64_t first = disk.points();
    disk.fail_at(first + point, test::Fault::kError);
    const Result<CommitOutcome> outcome = engine->commit(std::move(load));
    passed = disk.points() - first;
    const uint64_t live = engine->snapshot()->find_table("d", "t")->live_rows();
    EXPECT_EQ(live, outcome.ok() ? rows.size() : 0u) << point;
    engine.reset();
    disk.restart();
    engine = must(StorageEngine::open(disk.meta(), disk.files(), options));
    EXPECT_EQ(engine->snapshot()->find_table("d", "t")->live_rows(), live) << point;
  }
  EXPECT_GT(passed, 5u);
}

}  // namespace
}  // namespace freshet::storage
