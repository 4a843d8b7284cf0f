#include "storage/commit/aggregate_rows.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "support/history_table.h"
#include "support/seed.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;
using test::StorageServer;
using test::TableModel;
using Random = std::mt19937_64;

ColumnSchema value_column(std::string name, DataType type, Aggregation aggregation,
                          std::optional<std::string> default_value = {}) {
  return {.name = std::move(name), .type = type, .aggregation = aggregation, .default_value = std::move(default_value)};
}

/// A table t of one key column and one value column for each aggregation, in two buckets.
TableSchema counters(bool has_byte_keys) {
  TableSchema schema;
  schema.model = freshet::TableModel::kAggregate;
  const DataType key = has_byte_keys ? DataType{.kind = TypeKind::kVarchar, .length = 20} : DataType{TypeKind::kBigInt};
  schema.columns = {{.name = "id", .type = key, .is_key = true, .nullable = false},
                    value_column("total", {TypeKind::kBigInt}, Aggregation::kSum, "0"),
                    value_column("least", {TypeKind::kInt}, Aggregation::kMin),
                    value_column("most", {TypeKind::kString}, Aggregation::kMax),
                    value_column("last", {TypeKind::kString}, Aggregation::kReplace),
                    value_column("known", {TypeKind::kInt}, Aggregation::kReplaceIfNotNull)};
  for (ColumnSchema& column : schema.columns) {
    column.id = schema.next_column_id;
    schema.next_column_id = schema.next_column_id.next();
  }
  schema.key_count = 1;
  schema.bucket_columns = {0};
  schema.bucket_count = 2;
  return schema;
}

class AggregateRowsTest : public testing::TestWithParam<bool> {
 protected:
  AggregateRowsTest() : server_(folder_.path(), options()) {
    must(server_->create_database("shop", true));
    must(server_->create_table("shop", "t", counters(GetParam()), {}, false));
  }
  ~AggregateRowsTest() override {
    server_.close();
    EXPECT_EQ(server_.check(), std::vector<std::string>());
  }
  static StorageOptions options() {
    StorageOptions options;
    options.delta_flush_seconds = 3600;
    options.compaction_trigger_segments = 4;
    return options;
  }
  TableSnapshotPtr table() { return server_->snapshot()->find_table("shop", "t"); }
  Status alter(SchemaChange change) { return server_->alter_table("shop", "t", {{std::move(change)}, {}}); }
  std::vector<std::string> lines() { return test::lines_of(*table()); }
  Status load(const std::vector<LoadRow>& rows, size_t memtables = 0) {
    return test::load_rows(*server_, table(), rows, memtables).status();
  }

  test::TempDir folder_;
  StorageServer server_;
};

LoadRow counter(const std::string& key, std::optional<std::string> total, std::optional<std::string> least,
                std::optional<std::string> most, std::optional<std::string> last, std::optional<std::string> known) {
  return {key, {key, std::move(total), std::move(least), std::move(most), std::move(last), std::move(known)}};
}

LoadRow random_counter(Random& random, uint64_t keys) {
  const auto number = [&](const std::string& prefix) -> std::optional<std::string> {
    if (random() % 5 == 0) return std::nullopt;
    return prefix + std::to_string(random() % 1000);
  };
  return counter(std::to_string(random() % keys), number(""), number("-1"), number("m"), number("l"), number(""));
}

TEST_P(AggregateRowsTest, RowsOfAKeyBecomeOne) {
  must(load({counter("1", "10", "5", "b", "x", "7"), counter("1", "5", "9", "a", std::nullopt, std::nullopt),
             counter("2", "1", std::nullopt, "z", "y", "1")}));
  EXPECT_EQ(lines(), (std::vector<std::string>{"1|15|5|b|NULL|7", "2|1|NULL|z|y|1"}));
  must(load({counter("1", "-20", "-1", "c", "w", std::nullopt)}));
  EXPECT_EQ(lines(), (std::vector<std::string>{"1|-5|-1|c|w|7", "2|1|NULL|z|y|1"}));
  EXPECT_EQ(table()->live_rows(), 2u);
  // As segments: a key that repeats within the load, one that is stored, and new ones.
  must(load({counter("3", "1", "1", "a", "a", "1"), counter("1", "1", "1", "a", "a", "1"),
             counter("3", "2", "0", "b", "b", "2"), counter("4", "7", "7", "d", "d", "7")},
            2));
  const std::vector<std::string> expected{"1|-4|-1|c|a|1", "2|1|NULL|z|y|1", "3|3|0|b|b|2", "4|7|7|d|d|7"};
  EXPECT_EQ(lines(), expected);
  server_.restart();
  EXPECT_EQ(lines(), expected);
  must(server_->flush_table(table()->id));
  must(server_->compact_table(table()->id));
  EXPECT_EQ(lines(), expected);
  EXPECT_EQ(table()->live_rows(), 4u);
}

TEST_P(AggregateRowsTest, RowsOfNewKeysStayInTheirSegments) {
  std::vector<LoadRow> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back(counter(std::to_string(i), "1", "1", "a", "a", "1"));
  must(load(rows, 2));
  // Both parts of each bucket as they were sent.
  for (const TabletSnapshotPtr& tablet : table()->tablets) {
    EXPECT_EQ(tablet->segments.size(), 2u);
    for (const SegmentView& view : tablet->segments) EXPECT_EQ(view.dead.count(), 0u);
  }
  // A hundred of them come again beside 1,900 new ones: only those are written anew, into a third segment of each bucket.
  for (int i = 1000; i < 2900; ++i) rows.push_back(counter(std::to_string(i), "1", "1", "a", "a", "1"));
  must(load({rows.begin() + 900, rows.end()}, 2));
  for (const TabletSnapshotPtr& tablet : table()->tablets) EXPECT_EQ(tablet->segments.size(), 5u);
  // All of them: one segment replaces those that were sent.
  must(load(rows, 2));
  for (const TabletSnapshotPtr& tablet : table()->tablets) EXPECT_EQ(tablet->segments.size(), 6u);
  const Block all = test::live_rows(*table());
  ASSERT_EQ(all.row_count(), 2900u);
  for (size_t row = 0; row < all.row_count(); ++row) {
    std::string key;
    format_value(all.columns[0], row, key);
    const int64_t expected = std::stoi(key) >= 900 && std::stoi(key) < 1000 ? 3 : 2;
    ASSERT_EQ(all.columns[1].values<int64_t>()[row], expected) << key;
  }
}

TEST_P(AggregateRowsTest, SumOutOfRangeRefusesTheWholeLoad) {
  must(load({counter("1", "9223372036854775807", "1", "a", "a", "1")}));
  for (size_t memtables : {0, 1}) {
    const Status status = load({counter("2", "1", "1", "a", "a", "1"), counter("1", "1", "1", "a", "a", "1")}, memtables);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("SUM of column 'total'"), std::string::npos) << status.to_string();
  }
  EXPECT_EQ(lines(), (std::vector<std::string>{"1|9223372036854775807|1|a|a|1"}));
}

TEST_P(AggregateRowsTest, DeletesOfKeysBeginAnew) {
  must(load({counter("1", "1", "1", "a", "a", "1"), counter("2", "2", "2", "b", "b", "2")}));
  must(load({LoadRow{"1", {}}}));
  EXPECT_EQ(lines(), (std::vector<std::string>{"2|2|2|b|b|2"}));
  must(load({counter("1", "5", "5", "e", "e", "5")}));
  must(load({LoadRow{"2", {}}}, 1));
  EXPECT_EQ(lines(), (std::vector<std::string>{"1|5|5|e|e|5"}));
}

/// The load began, and wrote its segments, before the column came or became wider.
TEST_P(AggregateRowsTest, LoadsOfAnOlderSchemaAreCombinedUnderTheNewOne) {
  const TableSnapshotPtr before = table();
  must(load({counter("1", "1", "1", "a", "a", "1"), counter("2", "2", "2", "b", "b", "2")}));
  must(alter(AddColumn{value_column("more", {TypeKind::kInt}, Aggregation::kSum, "100"), {}, false}));
  must(load({LoadRow{"1", {"1", "0", "1", "a", "a", "1", "7"}}}));
  must(alter(ModifyColumn{"least", value_column("least", {TypeKind::kBigInt}, Aggregation::kMin), false, {}}));
  must(alter(DropColumn{"known", false}));
  must(test::load_rows(*server_, before, {counter("1", "10", "-7", "z", "z", "9")}, 0).status());
  must(test::load_rows(*server_, before, {counter("2", "20", "3", "z", "z", "9"), counter("3", "1", "1", "c", "c", "1")}, 1)
           .status());
  const std::vector<std::string> expected{"1|11|-7|z|z|107", "2|22|2|z|z|100", "3|1|1|c|c|100"};
  EXPECT_EQ(lines(), expected);
  server_.restart();
  EXPECT_EQ(lines(), expected);
}

TEST_P(AggregateRowsTest, SchemaChangesKeepTheAggregation) {
  const auto refused = [&](SchemaChange change) { return alter(std::move(change)).message(); };
  EXPECT_NE(refused(ModifyColumn{"total", value_column("total", {TypeKind::kBigInt}, Aggregation::kMax), false, {}})
                .find("Can not change aggregation type"),
            std::string::npos);
  EXPECT_NE(refused(ModifyColumn{"total", value_column("total", {TypeKind::kBigInt}, Aggregation::kNone), false, {}})
                .find("Can not change aggregation type"),
            std::string::npos);
  EXPECT_EQ(refused(AddColumn{value_column("x", {TypeKind::kInt}, Aggregation::kNone), {}, false}),
            "ALTER TABLE shop.t: AGG_KEYS table should specify aggregate type for non-key column[x]");
}

/// Every addend counts once, whatever meets: small loads, loads with segments, flushes and compactions.
TEST_P(AggregateRowsTest, ConcurrentLoadsLoseAndDoubleNothing) {
  const uint64_t seed = test::test_seed();
  constexpr int kThreads = 4, kLoads = 40;
  constexpr uint64_t kKeys = 60;
  std::atomic<int> running = kThreads;
  std::vector<std::map<std::string, int64_t>> totals(kThreads);
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([&, thread] {
      Random random(seed + static_cast<uint64_t>(thread));
      for (int i = 0; i < kLoads; ++i) {
        std::vector<LoadRow> rows;
        const size_t count = 1 + random() % 80;
        for (size_t row = 0; row < count; ++row) {
          rows.push_back(random_counter(random, kKeys));
          rows.back().values[1] = std::to_string(random() % 1000);
          totals[static_cast<size_t>(thread)][rows.back().key] += std::stoll(*rows.back().values[1]);
        }
        const Status status = load(rows, random() % 3);
        EXPECT_TRUE(status.ok()) << status.to_string();
      }
      --running;
    });
  }
  while (running > 0) {
    must(server_->flush_table(table()->id));
    must(server_->compact_table(table()->id));
  }
  for (std::thread& writer : writers) writer.join();
  std::map<std::string, int64_t> expected;
  for (const auto& part : totals) {
    for (const auto& [key, total] : part) expected[key] += total;
  }
  for (int pass = 0; pass < 2; ++pass) {
    const Block all = test::live_rows(*table());
    std::map<std::string, int64_t> found;
    for (size_t row = 0; row < all.row_count(); ++row) {
      std::string key;
      format_value(all.columns[0], row, key);
      EXPECT_FALSE(found.contains(key)) << key;
      found[key] = all.columns[1].values<int64_t>()[row];
    }
    EXPECT_EQ(found, expected);
    server_.restart();
  }
}

/// More rows than may be settled under the lock change while a large load is completed.
TEST_P(AggregateRowsTest, LargeLoadsOfTheSameKeysBothCount) {
  constexpr int kRows = 20'000, kThreads = 3, kLoads = 3;
  std::vector<LoadRow> rows;
  for (int i = 0; i < kRows; ++i) rows.push_back(counter(std::to_string(i), "1", "1", "a", "a", "1"));
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([&] {
      for (int i = 0; i < kLoads; ++i) {
        const Status status = load(rows, 2);
        EXPECT_TRUE(status.ok()) << status.to_string();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const Block all = test::live_rows(*table());
  ASSERT_EQ(all.row_count(), static_cast<size_t>(kRows));
  for (int64_t total : all.columns[1].values<int64_t>()) ASSERT_EQ(total, kThreads * kLoads);
}

/// One number more for each of many large sets: what a small load becomes is too large for a commit record.
TEST_P(AggregateRowsTest, SmallLoadsIntoLargeSets) {
  TableSchema schema = counters(GetParam());
  schema.columns.resize(1);
  schema.columns.push_back(value_column("users", {TypeKind::kBitmap}, Aggregation::kBitmapUnion));
  schema.columns[1].id = ColumnId(2);
  schema.next_column_id = ColumnId(3);
  schema.bucket_count = 1;
  must(server_->create_table("shop", "sets", schema, {}, false));
  const auto sets = [&] { return server_->snapshot()->find_table("shop", "sets"); };
  constexpr int kKeys = 40, kNumbers = 20'000;
  Random random(test::test_seed());
  std::map<std::string, std::set<uint32_t>> model;
  const auto text_of = [](const std::set<uint32_t>& numbers) {
    std::string text;
    for (uint32_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
    return text;
  };
  std::vector<LoadRow> rows;
  for (int key = 0; key < kKeys; ++key) {
    std::set<uint32_t>& numbers = model[std::to_string(key)];
    while (numbers.size() < kNumbers) numbers.insert(static_cast<uint32_t>(random()));
    rows.push_back({std::to_string(key), {std::to_string(key), text_of(numbers)}});
  }
  must(test::load_rows(*server_, sets(), rows, 1).status());
  const size_t before = sets()->tablets[0]->segments.size();
  std::vector<std::thread> writers;
  std::vector<std::vector<LoadRow>> more(3);
  for (std::vector<LoadRow>& load : more) {
    for (int key = 0; key < kKeys; ++key) {
      const uint32_t number = static_cast<uint32_t>(random());
      model[std::to_string(key)].insert(number);
      load.push_back({std::to_string(key), {std::to_string(key), std::to_string(number)}});
    }
  }
  must(test::load_rows(*server_, sets(), more[0], 0).status());
  EXPECT_EQ(sets()->tablets[0]->segments.size(), before + 1);
  for (size_t i = 1; i < more.size(); ++i) {
    writers.emplace_back([&, i] { EXPECT_TRUE(test::load_rows(*server_, sets(), more[i], 0).ok()); });
  }
  for (std::thread& writer : writers) writer.join();
  server_.restart();
  const Block all = test::live_rows(*sets());
  ASSERT_EQ(all.row_count(), model.size());
  for (size_t row = 0; row < all.row_count(); ++row) {
    std::string key, text;
    format_value(all.columns[0], row, key);
    format_value(all.columns[1], row, text);
    EXPECT_EQ(text, text_of(model[key])) << key;
  }
}

/// Random loads beside the simplest model, with restarts.
TEST_P(AggregateRowsTest, RandomLoadsEqualTheModel) {
  Random random(test::test_seed());
  TableModel model;
  for (int step = 0; step < 80 && !HasFailure(); ++step) {
    std::vector<LoadRow> rows;
    const bool deletes = random() % 10 == 0;
    const size_t count = 1 + random() % (random() % 4 == 0 ? 400 : 20);
    for (size_t i = 0; i < count; ++i) {
      rows.push_back(random_counter(random, 300));
      if (deletes) rows.back().values.clear();
      model.apply(*table()->schema, rows.back(), nullptr);
    }
    must(load(rows, random() % 4));
    if (random() % 10 == 0) must(server_->flush_table(table()->id));
    if (random() % 10 == 0) must(server_->compact_table(table()->id));
    if (random() % 10 == 0) server_.restart();
    const std::vector<std::string> found = lines(), expected = model.lines(*table()->schema);
    ASSERT_EQ(found.size(), expected.size()) << "step " << step;
    for (size_t row = 0; row < found.size(); ++row) EXPECT_EQ(found[row], expected[row]) << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, AggregateRowsTest, testing::Bool(),
                         [](const auto& keys) { return keys.param ? "Bytes" : "Fixed"; });

}  // namespace
}  // namespace freshet::storage
