#include "storage/compaction/maintenance.h"

#include <gtest/gtest.h>

#include "storage/meta/meta_keys.h"
#include "support/held_engine.h"
#include "support/seed.h"
#include "support/simulated_disk.h"

namespace freshet::storage {
namespace {

using std::chrono::milliseconds;
using test::LoadRow;
using test::must;

/// Tables d.a and d.b with one tablet each, and what their loads should have left.
class MaintenanceTest : public test::HeldEngine {
 protected:
  void open(const std::string& failpoints, const StorageOptions& options) {
    held_.reset();
    HeldEngine::open(failpoints, options, {"a", "b"});
  }
  const TabletSnapshot& tablet(const std::string& name) { return *(held_ = table(name))->tablets.front(); }
  void load(const std::string& name, int64_t first, int64_t end, size_t memtables, const std::string& text = "x") {
    std::vector<LoadRow> rows;
    for (int64_t key = first; key < end; ++key) rows.push_back(row_of(key, text));
    for (const LoadRow& row : rows) models_[name].apply(*table(name)->schema, row, nullptr);
    must(test::load_rows(engine(), table(name), rows, memtables).status());
  }
  void erase(const std::string& name, int64_t key) {
    const LoadRow row{std::to_string(key), {}};
    models_[name].apply(*table(name)->schema, row, nullptr);
    must(test::load_rows(engine(), table(name), {row}, 0).status());
  }
  /// Four segments of ten rows, which are merged where four are the trigger.
  void load_four_segments() {
    for (int64_t i = 0; i < 4; ++i) load("a", 10 * i, 10 * i + 10, 1);
  }
  void expect_rows(const std::string& name) {
    EXPECT_EQ(test::lines_of(*table(name)), models_[name].lines(*table(name)->schema)) << name;
  }
  /// Delete records in the metadata. REQUIRES: closed.
  size_t delete_records() {
    const auto meta = must(open_rocksdb_meta_store(folder_.path("meta"), {}));
    size_t count = 0;
    must(meta->scan(meta_keys::kDeleteDeltas, prefix_end(meta_keys::kDeleteDeltas), [&](std::string_view, std::string_view) {
      ++count;
      return Status::OK();
    }));
    return count;
  }

  /// Stops the engine, finds no problem in its files, and begins again.
  void check_and_reopen() {
    held_.reset();
    server_->close();
    EXPECT_EQ(server_->check(), std::vector<std::string>());
    server_->open();
  }

  TableSnapshotPtr held_;
  std::map<std::string, test::TableModel> models_;
};

TEST_F(MaintenanceTest, FlushesGoOnWhileACompactionRuns) {
  StorageOptions options;
  options.compaction_trigger_segments = 4;
  options.compaction_dead_fraction = 1;
  options.delta_flush_rows = 20;
  open("compaction_segment_written=sleep:5000@1", options);
  load_four_segments();
  ASSERT_TRUE(comes_true([&] { return engine().compaction_state(tablet("a").id).is_running; }));
  // Rows for the same tablet and for another table; some replace rows that are being copied.
  for (int64_t i = 0; i < 30; ++i) {
    for (const char* name : {"a", "b"}) load(name, i, i + 2, 0, "newer");
  }
  erase("a", 39);
  EXPECT_TRUE(
      comes_true([&] { return !tablet("a").segments.empty() && tablet("a").segments.size() > 4; }, milliseconds(2400)));
  EXPECT_TRUE(comes_true([&] { return !tablet("b").segments.empty(); }, milliseconds(2400)));
  must(engine().flush_table(table("a")->id));
  EXPECT_EQ(engine().stats().compactions, 0u) << "it still sleeps";
  expect_rows("a");
  EXPECT_TRUE(comes_true([&] { return engine().stats().compactions > 0; }));
  expect_rows("a");
  expect_rows("b");
  check_and_reopen();
  expect_rows("a");
  expect_rows("b");
}

/// Each load kills half of the one before and the rest of the one before that, and finds the compaction at work.
TEST_F(MaintenanceTest, AStreamOfUpdatesIsNotCompactedLoadByLoad) {
  open("compaction_segment_written=sleep:5", StorageOptions());
  const auto begin = std::chrono::steady_clock::now();
  constexpr int64_t kLoads = 120;
  for (int64_t i = 0; i < kLoads; ++i) {
    load("a", 5 * (i % 2), 5 * (i % 2) + 10, 1, std::to_string(i));
    std::this_thread::sleep_for(milliseconds(10));
  }
  const uint64_t compactions = engine().stats().compactions;
  const auto rests = static_cast<uint64_t>((std::chrono::steady_clock::now() - begin) / TabletJobs::kRest);
  // Before each rest dead segments go and some rows are rewritten; meanwhile five more loads make eight segments of three.
  EXPECT_LE(compactions, 3 * (rests + 1) + kLoads / 5);
  EXPECT_GE(compactions, 1u);
  expect_rows("a");
  const auto has_no_dead_row = [](const SegmentView& view) { return view.dead.count() == 0; };
  EXPECT_TRUE(comes_true([&] { return std::ranges::all_of(tablet("a").segments, has_no_dead_row); }));
  check_and_reopen();
  expect_rows("a");
}

TEST_F(MaintenanceTest, ATruncateOrDropDuringACompactionAndAFlushLeavesNothing) {
  StorageOptions options;
  options.compaction_trigger_segments = 4;
  options.delta_flush_rows = 20;
  open("compaction_segment_written=sleep:600@1;flush_segment_written=sleep:600@1", options);
  load_four_segments();
  for (int64_t i = 0; i < 30; ++i) load("b", i, i + 2, 0);
  must(engine().truncate_table("d", "a"));
  must(engine().drop_table("d", "b", false));
  models_["a"].clear();
  load("a", 5, 8, 1);
  EXPECT_TRUE(comes_true([&] { return must(engine().files().list()).size() == 1; }));
  check_and_reopen();
  expect_rows("a");
}

TEST_F(MaintenanceTest, DeletesAloneAreFoldedByCount) {
  StorageOptions options;
  options.delete_fold_commits = 20;
  options.compaction_dead_fraction = 1;
  open("", options);
  load("a", 0, 200, 1);
  for (int64_t key = 0; key < 70; ++key) erase("a", key);
  EXPECT_TRUE(comes_true([&] { return engine().stats().folds > 0; }));
  for (int64_t key = 70; key < 90; ++key) erase("a", key);
  // What is below the limit stays.
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_GT(engine().stats().fold_bytes_written, 0u);
  EXPECT_GT(engine().stats().delete_record_bytes_written, 0u);
  expect_rows("a");
  server_->close();
  EXPECT_LT(delete_records(), 20u);
  check_and_reopen();
  expect_rows("a");
}

TEST_F(MaintenanceTest, DeletesOfAnEarlierStartAreFoldedToo) {
  StorageOptions options;
  options.delete_fold_commits = 1000;
  options.compaction_dead_fraction = 1;
  open("", options);
  load("a", 0, 200, 1);
  for (int64_t key = 0; key < 60; ++key) erase("a", key);
  server_->close();
  EXPECT_EQ(delete_records(), 60u);
  options.delete_fold_commits = 50;
  open("", options);
  ASSERT_TRUE(comes_true([&] { return engine().stats().folds == 1; }));
  expect_rows("a");
  server_->close();
  EXPECT_EQ(delete_records(), 0u);
  server_->open();
  expect_rows("a");
  EXPECT_EQ(engine().stats().folds, 0u);
}

TEST_F(MaintenanceTest, DeletesAreFoldedByAge) {
  StorageOptions options;
  options.delta_flush_seconds = 1;
  options.compaction_dead_fraction = 1;
  open("", options);
  load("a", 0, 20, 1);
  erase("a", 3);
  EXPECT_TRUE(comes_true([&] { return engine().stats().folds == 1; }));
  expect_rows("a");
}

TEST_F(MaintenanceTest, ACompactionWaitsForRoomForItsOutputBesideTheReserve) {
  StorageOptions options;
  options.compaction_trigger_segments = 4;
  options.compaction_dead_fraction = 1;
  open("", options);
  for (int64_t i = 0; i < 3; ++i) load("a", 10 * i, 10 * i + 10, 1);
  server_->close();
  options.compaction_trigger_segments = 3;
  options.disk_reserve_bytes = UINT64_MAX;
  open("", options);
  EXPECT_TRUE(comes_true([&] { return engine().stats().compactions_without_room == 1; }));
  const Status refused = engine().compact_table(table("a")->id);
  EXPECT_EQ(refused.code(), StatusCode::kOutOfSpace);
  EXPECT_NE(refused.message().find("storage.disk_reserve_bytes"), std::string::npos) << refused.message();
  EXPECT_EQ(engine().compaction_state(tablet("a").id).last_error, refused.message());
  EXPECT_EQ(engine().stats().compactions, 0u);
  EXPECT_EQ(tablet("a").segments.size(), 3u);
  EXPECT_EQ(must(engine().files().list()).size(), 3u);
  held_.reset();
  server_->close();
  options.disk_reserve_bytes = 0;
  open("", options);
  EXPECT_TRUE(comes_true([&] { return tablet("a").segments.size() == 1; }));
  EXPECT_EQ(engine().stats().compactions_without_room, 0u);
  expect_rows("a");
}

TEST(MaintenanceFaults, WhenAFaultIsOverTheSameProcessCompactsOn) {
  const uint64_t seed = test::test_seed();
  test::SimulatedDisk disk(seed);
  StorageOptions options;
  options.compaction_trigger_segments = 60;
  options.disk_reserve_bytes = 0;
  const auto engine = must(StorageEngine::open(disk.meta(), disk.files(), options));
  must(engine->create_database("d", false));
  TableSchema schema = test::small_schema();
  schema.bucket_count = 1;
  must(engine->create_table("d", "t", schema, {}, false));
  const auto table = [&] { return engine->snapshot()->find_table("d", "t"); };
  test::TableModel model;
  for (int64_t key = 0; key < 4; ++key) {
    const LoadRow row{std::to_string(key), {std::to_string(key), "1", "x"}};
    model.apply(schema, row, nullptr);
    must(test::load_rows(*engine, table(), {row}, 1).status());
  }
  const TabletId tablet = table()->tablets.front()->id;
  const auto compact = [&] {
    must(engine->request_compaction(table()->id, tablet, CompactionKind::kFull));
    for (int i = 0; i < 2000 && engine->compaction_state(tablet).is_running; ++i) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  };
  constexpr int kFaults = 3;
  for (int i = 0; i < kFaults; ++i) {
    disk.fail_at(disk.points() + 2 + static_cast<uint64_t>(i), i % 2 == 0 ? test::Fault::kError : test::Fault::kShortWrite);
    compact();
    EXPECT_TRUE(disk.has_failed());
    EXPECT_NE(engine->compaction_state(tablet).last_error.find("input/output error"), std::string::npos);
    EXPECT_EQ(table()->tablets.front()->segments.size(), 4u);
    EXPECT_EQ(must(engine->files().list()).size(), 4u) << "a failed compaction leaves nothing";
  }
  disk.fail_at(0, test::Fault::kError);
  compact();
  EXPECT_EQ(table()->tablets.front()->segments.size(), 1u);
  EXPECT_GT(engine->compaction_state(tablet).last_success_unix_micros, 0);
  EXPECT_EQ(test::lines_of(*table()), model.lines(schema));
}

TEST_F(MaintenanceTest, ACompactionByHandIsRemembered) {
  open("", {});
  load("a", 0, 10, 1);
  load("a", 0, 10, 1);
  EXPECT_TRUE(engine().running_compactions().empty());
  must(engine().compact_table(table("a")->id));
  const CompactionState state = engine().compaction_state(tablet("a").id);
  EXPECT_GT(state.last_success_unix_micros, 0);
  EXPECT_FALSE(state.is_running);
}

}  // namespace
}  // namespace freshet::storage
