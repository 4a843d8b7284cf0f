#include "storage/types/sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "support/history_table.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;
using test::StorageServer;
using Lines = std::vector<std::string>;

/// A table t (id BIGINT key, v STRING) with a hidden sequence column.
class SequenceTest : public testing::Test {
 protected:
  void open(StorageOptions options = {}) {
    options.delta_flush_seconds = 3600;
    server_.emplace(folder_.path(), options);
    TableSchema schema;
    schema.columns = {{.name = "id", .type = {TypeKind::kBigInt}, .is_key = true, .nullable = false},
                      {.name = "v", .type = {TypeKind::kString}}};
    schema.key_count = 1;
    schema.bucket_columns = {0};
    schema.properties = {{"history_retention_seconds", "1000000"}};
    add_sequence(schema, std::nullopt, {TypeKind::kBigInt});
    for (ColumnSchema& column : schema.columns)
      column.id = std::exchange(schema.next_column_id, schema.next_column_id.next());
    must((*server_)->create_database("shop", true));
    must((*server_)->create_table("shop", "t", schema, {}, true));
  }
  ~SequenceTest() override {
    if (!server_) return;
    server_->close();
    EXPECT_EQ(server_->check(), Lines());
  }

  StorageEngine& engine() { return **server_; }
  TableSnapshotPtr table() { return engine().snapshot()->find_table("shop", "t"); }
  static LoadRow put(const std::string& key, const std::string& value, std::optional<std::string> sequence) {
    return {key, {key, value, std::move(sequence), std::nullopt}};
  }
  static LoadRow erase(const std::string& key, std::optional<std::string> sequence) {
    return {key, {}, std::move(sequence)};
  }
  CommitOutcome load(const std::vector<LoadRow>& rows, size_t memtables = 0, PartialColumnsPtr partial = nullptr) {
    return must(test::load_rows(engine(), table(), rows, memtables, std::move(partial)));
  }
  /// "key|value|sequence" of each row.
  Lines rows() {
    Lines lines = test::lines_of(*table());
    for (std::string& line : lines) line.resize(line.rfind('|'));
    EXPECT_EQ(table()->live_rows(), lines.size());
    return lines;
  }

  test::TempDir folder_;
  std::optional<StorageServer> server_;
};

TEST_F(SequenceTest, TiesGoToTheLaterAndNullIsTheLowest) {
  open();
  load({put("1", "a", "5"), put("2", "b", {}), put("3", "c", "0")});
  load({put("1", "tie", "5"), put("2", "null again", {}), put("3", "null", {})});
  EXPECT_EQ(rows(), (Lines{"1|tie|5", "2|null again|NULL", "3|c|0"}));
  load({erase("1", "5"), put("2", "-7", "-7")}, 1);
  load({put("1", "tie", "5"), put("2", "null", {})}, 2);
  EXPECT_EQ(rows(), (Lines{"1|tie|5", "2|-7|-7", "3|c|0"}));
}

TEST_F(SequenceTest, ADeleteLeavesAfterItsRetentionAlone) {
  StorageOptions options;
  options.tombstone_keep_seconds = 0;
  open(options);
  load({erase("1", "5"), put("2", "b", "1")});
  load({put("1", "late", "4")});
  must(engine().flush_table(table()->id));
  load({put("1", "late", "4")});
  EXPECT_EQ(rows(), Lines{"2|b|1"});
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  must(engine().compact_table(table()->id));
  load({put("1", "forgotten", "4")});
  EXPECT_EQ(rows(), (Lines{"1|forgotten|4", "2|b|1"}));
}

TEST_F(SequenceTest, ATableOfDeletesIsNotRewrittenAgainAndAgain) {
  open();
  std::vector<LoadRow> deletes;
  for (int key = 0; key < 200; ++key) deletes.push_back(erase(std::to_string(key), "5"));
  load(deletes, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(engine().stats().compactions, 0u);
  EXPECT_EQ(table()->live_rows(), 0u);
  load({put("7", "late", "4")});
  EXPECT_EQ(rows(), Lines());
}

TEST_F(SequenceTest, OlderVersionsDoNotShowDeletes) {
  open();
  load({put("1", "a", "1"), put("2", "b", "1")});
  const CommitNumber before = load({put("3", "c", "1")}).commit;
  const CommitNumber after = load({erase("1", "2"), erase("9", "2")}).commit;
  load({put("1", "again", "3")});
  must(engine().flush_table(table()->id));
  must(engine().compact_table(table()->id));
  const ServerSnapshotPtr now = engine().snapshot();
  EXPECT_EQ(must(engine().table_as_of(*table(), now->commit, before))->live_rows(), 3u);
  EXPECT_EQ(must(engine().table_as_of(*table(), now->commit, after))->live_rows(), 2u);
  EXPECT_EQ(rows(), (Lines{"1|again|3", "2|b|1", "3|c|1"}));
}

TEST_F(SequenceTest, APartialUpdateWithoutSequenceKeepsTheStoredOne) {
  open();
  auto partial = std::make_shared<PartialColumns>();
  partial->given = {0, 1};
  for (const size_t memtables : {0, 2}) {
    load({put("1", "a", "5"), erase("2", "5")}, memtables);
    load({put("1", "b", {}), put("2", "back", {}), put("3", "new", {})}, memtables, partial);
    load({put("1", "late", "4"), put("2", "late", "4"), put("3", "any", "0")});
    EXPECT_EQ(rows(), (Lines{"1|b|5", "2|back|5", "3|any|0"}));
    load({erase("1", "6"), erase("2", "6"), erase("3", "6")});
    must(engine().truncate_table("shop", "t"));
  }
}

/// Upserts and deletes with distinct sequences: each key ends as the operation with its largest sequence says, whatever the
/// order of arrival, the kind of load, and what happens in between.
TEST_F(SequenceTest, TheOrderOfArrivalDoesNotMatter) {
  constexpr int kOperations = 60, kOrders = 40, kKeys = 12;
  std::mt19937_64 random(test::test_seed());
  StorageOptions options;
  options.compaction_trigger_segments = 2;
  open(options);
  std::vector<LoadRow> operations;
  std::map<std::string, LoadRow> newest;
  for (int sequence = 0; sequence < kOperations; ++sequence) {
    const std::string key = std::to_string(random() % kKeys), number = std::to_string(sequence);
    const LoadRow row = random() % 3 == 0 ? erase(key, number) : put(key, "v" + number, number);
    operations.push_back(row);
    newest[key] = row;
  }
  Lines expected;
  for (const auto& [key, row] : newest) {
    if (!row.values.empty()) expected.push_back(key + "|" + *row.values[1] + "|" + *row.values[2]);
  }
  std::sort(expected.begin(), expected.end());

  for (int order = 0; order < kOrders && !HasFailure(); ++order) {
    std::shuffle(operations.begin(), operations.end(), random);
    std::string story;
    for (size_t first = 0; first < operations.size();) {
      const size_t count = std::min<size_t>(operations.size() - first, 1 + random() % 20);
      const size_t memtables = random() % 3;
      load({operations.begin() + static_cast<ptrdiff_t>(first), operations.begin() + static_cast<ptrdiff_t>(first + count)},
           std::min(memtables, count));
      first += count;
      story += fmt::format(" load {} in {},", count, memtables);
      const uint64_t then = random() % 12;
      if (then < 2) must(engine().flush_table(table()->id));
      if (then == 2) must(engine().compact_table(table()->id));
      if (then == 3 && order % 4 == 0) server_->restart();
      if (then < 4) story += fmt::format(" then {},", then);
    }
    EXPECT_EQ(rows(), expected) << story;
    must(engine().truncate_table("shop", "t"));
  }
}

}  // namespace
}  // namespace freshet::storage
