#include "storage/commit/private_table.h"

#include <gtest/gtest.h>

#include <random>

#include "support/history_table.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;
using Lines = std::vector<std::string>;

/// Tables shop.a and shop.b (id BIGINT key, v STRING, w STRING), UNIQUE.
class PrivateTableTest : public testing::Test {
 protected:
  PrivateTableTest() : server_(folder_.path(), {.delta_flush_seconds = 3600}) {
    must(server_->create_database("shop", true));
    for (const std::string name : {"a", "b"}) {
      TableSchema schema;
      schema.columns = {{.name = "id", .type = {TypeKind::kBigInt}, .is_key = true, .nullable = false},
                        {.name = "v", .type = {TypeKind::kString}},
                        {.name = "w", .type = {TypeKind::kString}}};
      schema.key_count = 1;
      schema.bucket_columns = {0};
      for (ColumnSchema& column : schema.columns)
        column.id = std::exchange(schema.next_column_id, schema.next_column_id.next());
      must(server_->create_table("shop", name, schema, {}, true));
    }
  }
  ~PrivateTableTest() override {
    server_.close();
    EXPECT_EQ(server_.check(), Lines());
  }

  TableSnapshotPtr table(const std::string& name) { return server_->snapshot()->find_table("shop", name); }
  static LoadRow row(const std::string& key, const std::string& v, const std::string& w = "w") { return {key, {key, v, w}}; }
  LoadCommit load(const TableSnapshotPtr& table, const std::vector<LoadRow>& rows, PartialColumnsPtr partial = nullptr) {
    return must(test::make_load(*server_, table, rows, 0, std::move(partial)));
  }
  /// What a transaction would publish.
  LoadCommit commit_of(const PrivateTable& table) {
    LoadCommit commit;
    commit.table = table.base()->id;
    commit.schema = table.base()->schema;
    TabletRows rows;
    rows.tablet = table.base()->tablets[0]->id;
    rows.rows = Block::for_schema(*commit.schema);
    for (const Block& block : table.rows()) rows.rows->append_all(block);
    commit.tablets.push_back(std::move(rows));
    if (table.depends_on_base()) commit.read_from = table.base();
    return commit;
  }

  /// Table a as a transaction sees it, and then publishes it, has the rows of table b.
  void expect_as_b(const PrivateTable& a) {
    const Lines expected = test::lines_of(*table("b"));
    EXPECT_EQ(test::lines_of(*a.current()), expected);
    std::vector<LoadCommit> commits;
    commits.push_back(commit_of(a));
    must(server_->commit_all(std::move(commits)));
    EXPECT_EQ(test::lines_of(*table("a")), expected);
  }

  test::TempDir folder_;
  test::StorageServer server_;
};

TEST_F(PrivateTableTest, OnlyItsOwnerSeesItUntilAllIsPublishedTogether) {
  must(test::load_rows(*server_, table("a"), {row("1", "one"), row("2", "two")}, 0));
  const auto a = server_->open_private_table(table("a"));
  const auto b = server_->open_private_table(table("b"));
  EXPECT_EQ(must(a->apply(load(a->current(), {row("1", "ONE"), row("3", "three")}))), 1u);
  EXPECT_EQ(must(a->apply(load(a->current(), {{"2", {}}, {"3", {}}, row("4", "four")}))), 2u);
  const auto partial = std::make_shared<PartialColumns>(PartialColumns{.given = {0, 2}, .no_default = {}});
  EXPECT_EQ(must(a->apply(load(a->current(), {row("1", "not given", "W")}, partial))), 1u);
  EXPECT_EQ(must(b->apply(load(b->current(), {row("9", "nine")}))), 0u);
  const Lines expected = {"1|ONE|W", "4|four|w"};
  EXPECT_EQ(test::lines_of(*a->current()), expected);
  EXPECT_EQ(test::lines_of(*table("a")), (Lines{"1|one|w", "2|two|w"}));

  std::vector<LoadCommit> commits;
  commits.push_back(commit_of(*b));
  commits.push_back(commit_of(*a));
  const CommitNumber before = server_->snapshot()->commit;
  const CommitOutcome outcome = must(server_->commit_all(std::move(commits)));
  EXPECT_EQ(outcome.commit, before.next());
  EXPECT_EQ(test::lines_of(*table("a")), expected);
  EXPECT_EQ(test::lines_of(*table("b")), (Lines{"9|nine|w"}));
  server_.restart();
  EXPECT_EQ(test::lines_of(*table("a")), expected);
  EXPECT_EQ(test::lines_of(*table("b")), (Lines{"9|nine|w"}));
}

TEST_F(PrivateTableTest, OneRefusedLoadRefusesAll) {
  must(test::load_rows(*server_, table("a"), {row("1", "one")}, 0));
  const auto a = server_->open_private_table(table("a"));
  const auto b = server_->open_private_table(table("b"));
  LoadCommit read = load(a->current(), {row("1", "ONE")});
  read.read_from = a->current();
  must(a->apply(read));
  must(b->apply(load(b->current(), {row("9", "nine")})));
  must(test::load_rows(*server_, table("a"), {row("1", "changed")}, 0));
  std::vector<LoadCommit> commits;
  commits.push_back(commit_of(*a));
  commits.push_back(commit_of(*b));
  EXPECT_EQ(server_->commit_all(std::move(commits)).status().code(), StatusCode::kConflict);
  EXPECT_EQ(test::lines_of(*table("a")), (Lines{"1|changed|w"}));
  EXPECT_EQ(test::lines_of(*table("b")), Lines());
}

TEST_F(PrivateTableTest, RandomChangesGiveWhatTheSameLoadsGiveOneByOne) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 20; ++round) {
    const auto a = server_->open_private_table(table("a"));
    const int loads = 1 + static_cast<int>(random() % 5);
    for (int i = 0; i < loads; ++i) {
      std::vector<LoadRow> rows;
      for (int n = static_cast<int>(random() % 20); n >= 0; --n) {
        const std::string key = std::to_string(random() % 30);
        random() % 4 == 0 ? rows.push_back({key, {}}) : rows.push_back(row(key, std::to_string(random() % 1000)));
      }
      must(a->apply(load(a->current(), rows)));
      must(test::load_rows(*server_, table("b"), rows, 0));
    }
    expect_as_b(*a);
  }
}

TEST_F(PrivateTableTest, WhatIsTakenBackLeavesNoTrace) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 30; ++round) {
    const auto a = server_->open_private_table(table("a"));
    std::vector<std::vector<LoadRow>> applied;
    std::vector<std::pair<PrivateTable::Mark, size_t>> marks = {{a->mark(), 0}};
    for (int step = 0; step < 30; ++step) {
      const auto choice = random() % 6;
      if (choice == 0) marks.emplace_back(a->mark(), applied.size());
      if (choice == 1) {
        const size_t to = random() % marks.size();
        const Lines lines = test::lines_of(*marks[to].first.current);
        a->return_to(marks[to].first);
        EXPECT_EQ(test::lines_of(*a->current()), lines);
        applied.resize(marks[to].second);
        marks.resize(to + 1);
      }
      if (choice <= 1) continue;
      std::vector<LoadRow>& rows = applied.emplace_back();
      for (int n = static_cast<int>(random() % 20); n >= 0; --n) {
        const std::string key = std::to_string(random() % 30);
        random() % 4 == 0 ? rows.push_back({key, {}}) : rows.push_back(row(key, std::to_string(random() % 1000)));
      }
      must(a->apply(load(a->current(), rows)));
    }
    for (const std::vector<LoadRow>& rows : applied) must(test::load_rows(*server_, table("b"), rows, 0));
    expect_as_b(*a);
  }
}

}  // namespace
}  // namespace freshet::storage
