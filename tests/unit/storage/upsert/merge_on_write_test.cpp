#include <gtest/gtest.h>

#include <random>

#include "storage/compaction/compaction_job.h"
#include "storage/compaction/delta_flush.h"
#include "support/seed.h"
#include "support/test_tablet.h"

namespace freshet::storage {
namespace {

using test::KeyForm;
using test::TestRow;
using Model = std::map<int64_t, TestRow>;

constexpr int64_t kKeys = 400;

/// Random loads, small commits, deletes, flushes and compactions on one tablet, compared with a map after each.
class MergeOnWriteTest : public testing::TestWithParam<KeyForm> {
 protected:
  std::vector<TestRow> random_rows(size_t count) {
    std::vector<TestRow> rows;
    for (size_t i = 0; i < count; ++i) {
      rows.push_back(test::random_row(random_, kKeys));
      rows.back().is_delete = random_() % 6 == 0;
    }
    return rows;
  }
  std::vector<TestRow> random_distinct_rows(size_t count) {
    Model rows;
    for (const TestRow& row : random_rows(count)) rows[row.key] = row;
    std::vector<TestRow> result;
    for (const auto& [key, row] : rows) result.push_back(row);
    return result;
  }
  void apply(const std::vector<TestRow>& rows) {
    for (const TestRow& row : rows) {
      if (row.is_delete) {
        model_.erase(row.key);
      } else {
        model_[row.key] = row;
      }
    }
  }

  void small_commit() {
    const std::vector<TestRow> rows = random_distinct_rows(1 + random_() % 20);
    tablet_.commit_small(rows);
    apply(rows);
  }
  /// Probes in two rounds, with another commit between them.
  void load() {
    std::vector<std::vector<TestRow>> parts(1 + random_() % 3);
    for (std::vector<TestRow>& part : parts) part = random_rows(1 + random_() % 300);
    test::TestLoad load = tablet_.begin_load(parts);
    tablet_.probe(load);
    if (random_() % 2 == 0) small_commit();
    if (random_() % 4 == 0) compact();
    tablet_.commit(load);
    for (const std::vector<TestRow>& part : parts) apply(part);
  }
  void flush() {
    tablet_.add_buffer();
    const DeltaView sealed = tablet_.head.deltas.front();
    const auto output = flush_delta(*tablet_.files, sealed, tablet_.next_id(), tablet_.head.id, {});
    ASSERT_TRUE(output.ok()) << output.status().to_string();
    small_commit();  // its deletes must reach the new segment
    const DeltaView& now = tablet_.head.deltas.front();
    ASSERT_EQ(output->meta.has_value(), sealed.live_rows() != 0);
    if (output->meta) {
      const DeadRows dead = DeadRows().with(output->translate(now.dead.added_since(sealed.dead)));
      tablet_.head.segments.push_back({tablet_.open_segment(*output->meta), dead});
    }
    tablet_.head.deltas.erase(tablet_.head.deltas.begin());
  }
  void compact() {
    std::vector<SegmentView> inputs;
    for (const SegmentView& view : tablet_.head.segments) {
      if (random_() % 3 != 0) inputs.push_back(view);
    }
    if (inputs.empty()) return;
    const auto output = run_compaction(*tablet_.files, inputs, tablet_.schema, tablet_.codec, tablet_.next_id(),
                                       tablet_.head.id, {}, 0, nullptr, nullptr);
    ASSERT_TRUE(output.ok()) << output.status().to_string();
    small_commit();
    std::vector<RowOrdinal> died;
    for (size_t i = 0; i < inputs.size(); ++i) {
      auto& segments = tablet_.head.segments;
      const auto now = std::find_if(segments.begin(), segments.end(),
                                    [&](const SegmentView& view) { return view.segment == inputs[i].segment; });
      ASSERT_NE(now, segments.end());
      const auto moved = output->row_ids.translate(i, now->dead.added_since(inputs[i].dead));
      died.insert(died.end(), moved.begin(), moved.end());
      segments.erase(now);
    }
    if (output->meta) {
      tablet_.head.segments.insert(tablet_.head.segments.begin(),
                                   {tablet_.open_segment(*output->meta), DeadRows().with(died)});
    }
  }

  void check(const TableSnapshot& table, const Model& model) {
    Model found;
    for (const TestRow& row : test::scan(table)) {
      ASSERT_TRUE(found.emplace(row.key, row).second) << "key " << row.key << " is there twice";
    }
    ASSERT_EQ(found, model);
    const std::vector<size_t> columns = {table.schema->key_count};
    for (int64_t key = 0; key < kKeys; ++key) {
      const auto location = find_live_row(*table.tablets[0], test::key_of(table.schema, key), 0);
      ASSERT_TRUE(location.ok()) << location.status().to_string();
      const auto expected = model.find(key);
      ASSERT_EQ(location->has_value(), expected != model.end()) << key;
      if (!location->has_value()) continue;
      std::vector<Column> values = {Column(table.schema->columns[columns[0]].type)};
      ASSERT_TRUE(read_rows(*table.schema, *table.tablets[0], {&**location, 1}, columns, values).ok());
      const auto number = values[0].is_null(0) ? std::nullopt : std::optional<int64_t>(values[0].values<int64_t>()[0]);
      ASSERT_EQ(number, expected->second.number);
    }
  }

  std::mt19937_64 random_{test::test_seed()};
  test::TestTablet tablet_{GetParam()};
  Model model_;
};

INSTANTIATE_TEST_SUITE_P(KeyForms, MergeOnWriteTest, testing::Values(KeyForm::kFixed, KeyForm::kBytes));

TEST_P(MergeOnWriteTest, EveryKeyHasItsNewestRowOnceAtEverySnapshot) {
  TableSnapshot pinned = tablet_.table();
  Model pinned_model;
  for (int step = 0; step < 120; ++step) {
    switch (random_() % 8) {
      case 0: flush(); break;
      case 1: compact(); break;
      case 2:
      case 3: load(); break;
      default: small_commit(); break;
    }
    if (HasFatalFailure()) return;
    check(tablet_.table(), model_);
    if (step % 10 == 9) {
      check(pinned, pinned_model);
      pinned = tablet_.table();
      pinned_model = model_;
    }
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace freshet::storage
