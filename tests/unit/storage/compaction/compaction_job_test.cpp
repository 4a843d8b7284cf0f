#include "storage/compaction/compaction_job.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "storage/compaction/delta_flush.h"
#include "support/seed.h"
#include "support/test_tablet.h"

namespace freshet::storage {
namespace {

using test::KeyForm;
using test::TestRow;

class CompactionJobTest : public testing::TestWithParam<KeyForm> {
 protected:
  static DeadRows random_dead(std::mt19937_64& random, uint32_t rows, uint64_t one_in) {
    std::vector<RowOrdinal> dead;
    for (RowOrdinal row = 0; row < rows; ++row) {
      if (random() % one_in == 0) dead.push_back(row);
    }
    return DeadRows().with(dead);
  }
  static TableSnapshot table_of(const test::TestTablet& tablet, std::vector<SegmentView> segments) {
    TableSnapshot table = tablet.table();
    auto only_segments = std::make_shared<TabletSnapshot>();
    only_segments->segments = std::move(segments);
    table.tablets = {std::move(only_segments)};
    return table;
  }
  static auto compact(test::TestTablet& tablet, std::span<const SegmentView> inputs, const SchemaPtr& schema,
                      const std::atomic<bool>* cancelled = nullptr) {
    SegmentWriterOptions options;
    options.level = 3;
    return run_compaction(*tablet.files, inputs, schema, tablet.codec, tablet.next_id(), tablet.head.id, options, 0, nullptr,
                          cancelled);
  }
};

INSTANTIATE_TEST_SUITE_P(KeyForms, CompactionJobTest, testing::Values(KeyForm::kFixed, KeyForm::kBytes));

TEST_P(CompactionJobTest, KeepsExactlyTheLiveRowsAndMapsThem) {
  std::mt19937_64 random(test::test_seed());
  test::TestTablet tablet(GetParam());
  // Keys of one residue each, so that every key is live at most once; more rows than a page.
  std::vector<SegmentView> inputs;
  for (int64_t residue = 0; residue < 3; ++residue) {
    std::vector<TestRow> rows;
    for (int64_t i = 0; i < (residue == 2 ? 50 : 12000); ++i) {
      if (random() % 3 == 0) continue;
      rows.push_back(test::random_row(random, 1));
      rows.back().key = i * 3 + residue;
    }
    inputs.push_back(tablet.write_segment(rows));
    inputs.back().dead = random_dead(random, inputs.back().segment->meta().row_count, residue == 1 ? 100 : 2);
  }
  const auto output = compact(tablet, inputs, tablet.schema);
  ASSERT_TRUE(output.ok()) << output.status().to_string();
  ASSERT_TRUE(output->meta.has_value());
  EXPECT_EQ(output->meta->level, 3u);

  const SegmentView merged{tablet.open_segment(*output->meta), {}};
  const std::vector<TestRow> after = test::scan(table_of(tablet, {merged}));
  size_t live = 0;
  for (size_t input = 0; input < inputs.size(); ++input) {
    SegmentView all = inputs[input];
    all.dead = {};
    const std::vector<TestRow> before = test::scan(table_of(tablet, {all}));
    for (RowOrdinal row = 0; row < before.size(); ++row) {
      const RowOrdinal moved = output->row_ids.at(input, row);
      ASSERT_EQ(moved == RowIdMap::kDropped, inputs[input].dead.contains(row));
      if (moved == RowIdMap::kDropped) continue;
      ASSERT_LT(moved, after.size());
      ASSERT_EQ(after[moved], before[row]);
      ++live;
    }
  }
  EXPECT_EQ(after.size(), live);
  const auto reader = merged.segment->reader();
  ASSERT_TRUE(reader.ok());
  std::vector<std::string> problems;
  (*reader)->verify(problems);
  EXPECT_TRUE(problems.empty()) << problems.front();
}

TEST_P(CompactionJobTest, DuplicateTablesKeepEqualKeysInTheOrderOfTheInputs) {
  test::TestTablet tablet(GetParam(), TableModel::kDuplicate);
  const std::vector<SegmentView> inputs = {
      tablet.write_segment({{.key = 1, .number = 10}, {.key = 1, .number = 11}, {.key = 2, .number = 12}}),
      tablet.write_segment({{.key = 1, .number = 20}, {.key = 2, .number = 21}, {.key = 4, .number = 22}})};
  const auto output = compact(tablet, inputs, tablet.schema);
  ASSERT_TRUE(output.ok()) << output.status().to_string();
  std::vector<int64_t> numbers;
  for (const TestRow& row : test::scan(table_of(tablet, {{tablet.open_segment(*output->meta), {}}}))) {
    numbers.push_back(*row.number);
  }
  EXPECT_EQ(numbers, (std::vector<int64_t>{10, 11, 20, 12, 21, 22}));
}

TEST_P(CompactionJobTest, NoLiveRowMeansNoSegment) {
  test::TestTablet tablet(GetParam());
  SegmentView input = tablet.write_segment({{.key = 1}, {.key = 2}});
  input.dead = DeadRows().with(std::vector<RowOrdinal>{0, 1});
  const auto output = compact(tablet, {&input, 1}, tablet.schema);
  ASSERT_TRUE(output.ok());
  EXPECT_FALSE(output->meta.has_value());
  EXPECT_TRUE(output->row_ids.translate(0, std::vector<RowOrdinal>{0, 1}).empty());
}

TEST_P(CompactionJobTest, ColumnsAddedLaterGetTheirInitialDefaults) {
  test::TestTablet tablet(GetParam());
  const std::vector<SegmentView> inputs = {tablet.write_segment({{.key = 1, .number = 10}}),
                                           tablet.write_segment({{.key = 2, .number = 20}})};
  auto wider = std::make_shared<TableSchema>(*tablet.schema);
  wider->version = 2;
  const auto add = [&](std::string name, DataType type, std::optional<std::string> initial_default) {
    ColumnSchema column;
    column.id = wider->next_column_id;
    column.name = std::move(name);
    column.type = type;
    column.initial_default = std::move(initial_default);
    column.default_value = "0";
    wider->next_column_id = wider->next_column_id.next();
    wider->columns.push_back(std::move(column));
  };
  add("city", {.kind = TypeKind::kString}, "Oslo");
  add("score", {.kind = TypeKind::kInt}, "42");
  add("note", {.kind = TypeKind::kString}, std::nullopt);
  const auto output = compact(tablet, inputs, wider);
  ASSERT_TRUE(output.ok()) << output.status().to_string();
  EXPECT_EQ(output->meta->schema_version, 2u);
  const auto reader = SegmentReader::open(*tablet.files, tablet.cache, *output->meta, *wider);
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  const size_t first = tablet.schema->columns.size();
  std::vector<Column> values;
  for (size_t i = 0; i < 3; ++i) {
    values.emplace_back(wider->columns[first + i].type);
    ASSERT_TRUE((*reader)->column(wider->columns[first + i].id)->read_rows(0, 2, values.back()).ok());
  }
  EXPECT_EQ(values[0].bytes_at(1), "Oslo");
  EXPECT_EQ(values[1].values<int32_t>()[0], 42);
  EXPECT_EQ(values[2].null_count(), 2u);
}

TEST_P(CompactionJobTest, WidenedColumnsAreConverted) {
  test::TestTablet tablet(GetParam());
  const std::vector<SegmentView> inputs = {
      tablet.write_segment({{.key = 1, .number = 10}, {.key = 3, .number = -77}, {.key = 5}}),
      tablet.write_segment({{.key = 2, .number = 20}, {.key = 4}})};
  auto wider = std::make_shared<TableSchema>(*tablet.schema);
  const size_t flag = *wider->find("flag");
  wider->columns[flag].type = {.kind = TypeKind::kBigInt};
  const auto output = compact(tablet, inputs, wider);
  ASSERT_TRUE(output.ok()) << output.status().to_string();
  const auto reader = SegmentReader::open(*tablet.files, tablet.cache, *output->meta, *wider);
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  Column flags(wider->columns[flag].type), numbers({.kind = TypeKind::kBigInt});
  const ColumnReader* stored = (*reader)->column(wider->columns[flag].id);
  EXPECT_EQ(stored->type(), wider->columns[flag].type);
  ASSERT_TRUE(stored->read_rows(0, 5, flags).ok());
  ASSERT_TRUE((*reader)->column(wider->columns[*wider->find("number")].id)->read_rows(0, 5, numbers).ok());
  EXPECT_EQ(flags.null_count(), 2u);
  for (size_t row = 0; row < 5; ++row) {
    EXPECT_EQ(flags.is_null(row), numbers.is_null(row));
    EXPECT_EQ(flags.values<int64_t>()[row], numbers.values<int64_t>()[row] % 100);
  }
}

TEST_P(CompactionJobTest, AKeyThatIsLiveTwiceIsCorruption) {
  test::TestTablet tablet(GetParam());
  const std::vector<SegmentView> inputs = {tablet.write_segment({{.key = 1}, {.key = 2}}),
                                           tablet.write_segment({{.key = 2}})};
  const auto output = compact(tablet, inputs, tablet.schema);
  EXPECT_EQ(output.status().code(), StatusCode::kCorruption);
}

TEST_P(CompactionJobTest, AnAbandonedRunLeavesNoFile) {
  test::TestTablet tablet(GetParam());
  const std::vector<SegmentView> inputs = {tablet.write_segment({{.key = 1}}), tablet.write_segment({{.key = 2}})};
  const size_t files_before = tablet.files->list()->size();
  const std::atomic<bool> cancelled{true};
  const auto output = compact(tablet, inputs, tablet.schema, &cancelled);
  EXPECT_EQ(output.status().code(), StatusCode::kCancelled);
  EXPECT_EQ(tablet.files->list()->size(), files_before);
}

TEST_P(CompactionJobTest, LongTextsAreWrittenInSeveralPieces) {
  test::TestTablet tablet(GetParam());
  std::vector<TestRow> even, odd;
  for (int64_t key = 0; key < 60; ++key) {
    (key % 2 == 0 ? even : odd).push_back({.key = key, .text = std::string(500'000, static_cast<char>('a' + key % 26))});
  }
  const std::vector<SegmentView> inputs = {tablet.write_segment(even), tablet.write_segment(odd)};
  const auto output = compact(tablet, inputs, tablet.schema);
  ASSERT_TRUE(output.ok()) << output.status().to_string();
  std::map<int64_t, TestRow> found;
  for (const TestRow& row : test::scan(table_of(tablet, {{tablet.open_segment(*output->meta), {}}}))) found[row.key] = row;
  for (const TestRow& row : even) EXPECT_TRUE(found[row.key] == row) << row.key;
  for (const TestRow& row : odd) EXPECT_TRUE(found[row.key] == row) << row.key;
}

TEST_P(CompactionJobTest, AFlushKeepsTheLiveRowsOfADelta) {
  std::mt19937_64 random(test::test_seed());
  test::TestTablet tablet(GetParam());
  for (int commit = 0; commit < 300; ++commit) {
    std::map<int64_t, TestRow> rows;
    for (uint64_t i = random() % 40; i > 0; --i) {
      const TestRow row = test::random_row(random, 6000);
      rows[row.key] = row;
    }
    std::vector<TestRow> distinct;
    for (const auto& [key, row] : rows) distinct.push_back(row);
    tablet.commit_small(distinct);
  }
  const DeltaView& delta = tablet.head.deltas[0];
  const auto output = flush_delta(*tablet.files, delta, tablet.next_id(), tablet.head.id, {});
  ASSERT_TRUE(output.ok()) << output.status().to_string();
  EXPECT_EQ(output->meta->row_count, delta.live_rows());
  const std::vector<TestRow> after = test::scan(table_of(tablet, {{tablet.open_segment(*output->meta), {}}}));
  Block before = Block::for_schema(*tablet.schema);
  std::vector<RowOrdinal> all(delta.row_count);
  for (RowOrdinal row = 0; row < delta.row_count; ++row) all[row] = row;
  delta.buffer->gather(all, before);
  for (RowOrdinal row = 0; row < delta.row_count; ++row) {
    const RowOrdinal moved = output->row_ids.at(0, row);
    ASSERT_EQ(moved == RowIdMap::kDropped, delta.dead.contains(row));
    if (moved == RowIdMap::kDropped) continue;
    ASSERT_EQ(after[moved], test::read_test_row(*tablet.schema, before, row));
  }
}

}  // namespace
}  // namespace freshet::storage
