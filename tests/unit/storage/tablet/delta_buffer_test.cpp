#include "storage/tablet/delta_buffer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "support/seed.h"
#include "support/test_rows.h"

namespace freshet::storage {
namespace {

using test::KeyForm;
using test::TestRow;

class DeltaBufferTest : public testing::TestWithParam<KeyForm> {
 protected:
  const SchemaPtr schema_ = test::test_schema(GetParam());
  DeltaBuffer buffer_{RowsetId(1), schema_};

  void append(const std::vector<TestRow>& rows) {
    Block block = Block::for_schema(*schema_);
    for (const TestRow& row : rows) test::append_test_row(*schema_, row, block);
    buffer_.append(block, test::keys_of(*schema_, block));
  }
  std::vector<TestRow> read(const std::vector<RowOrdinal>& ordinals) const {
    Block block = Block::for_schema(*schema_);
    buffer_.gather(ordinals, block);
    std::vector<TestRow> rows;
    for (size_t row = 0; row < block.row_count(); ++row) rows.push_back(test::read_test_row(*schema_, block, row));
    return rows;
  }
};

INSTANTIATE_TEST_SUITE_P(KeyForms, DeltaBufferTest, testing::Values(KeyForm::kFixed, KeyForm::kBytes));

TEST_P(DeltaBufferTest, FindsTheNewestRowBelowTheLimit) {
  append({{.key = 7, .number = 1}});
  append({{.key = 8, .number = 2}, {.key = 7, .number = 3}});
  append({{.key = 7, .number = 4}});
  const KeyRun key = test::key_of(schema_, 7);
  EXPECT_EQ(buffer_.find(key, 0, 0), std::nullopt);
  EXPECT_EQ(buffer_.find(key, 0, 1), 0u);
  EXPECT_EQ(buffer_.find(key, 0, 2), 0u);
  EXPECT_EQ(buffer_.find(key, 0, 3), 2u);
  EXPECT_EQ(buffer_.find(key, 0, 4), 3u);
  EXPECT_EQ(buffer_.find(test::key_of(schema_, 9), 0, 4), std::nullopt);
}

TEST_P(DeltaBufferTest, KeepsRowsAndKeysOfManyChunks) {
  std::mt19937_64 random(test::test_seed());
  std::vector<TestRow> model;
  std::map<int64_t, RowOrdinal> newest;
  while (model.size() < 3 * kVectorRows) {
    std::map<int64_t, TestRow> batch;
    for (size_t i = random() % 700; i > 0; --i) {
      const TestRow row = test::random_row(random, 5000);
      batch[row.key] = row;
    }
    std::vector<TestRow> rows;
    for (const auto& [key, row] : batch) {
      newest[key] = static_cast<RowOrdinal>(model.size());
      rows.push_back(row);
      model.push_back(row);
    }
    append(rows);
  }
  ASSERT_EQ(buffer_.row_count(), model.size());
  for (int64_t key = 0; key < 5000; ++key) {
    const auto expected = newest.find(key);
    const auto found = buffer_.find(test::key_of(schema_, key), 0, buffer_.row_count());
    ASSERT_EQ(found, expected == newest.end() ? std::nullopt : std::optional<RowOrdinal>(expected->second)) << key;
  }
  std::vector<RowOrdinal> some;
  std::vector<TestRow> expected;
  for (int i = 0; i < 1000; ++i) {
    some.push_back(static_cast<RowOrdinal>(random() % model.size()));
    expected.push_back(model[some.back()]);
  }
  EXPECT_EQ(read(some), expected);
  KeyRun keys = KeyCodec(*schema_).make_run();
  for (RowOrdinal row : some) buffer_.append_key(row, keys);
  for (size_t i = 0; i < some.size(); ++i) {
    ASSERT_EQ(keys.compare(i, test::key_of(schema_, model[some[i]].key), 0), 0);
  }
}

TEST_P(DeltaBufferTest, FewRowsTakeLittleMemoryAndAllOfItCounts) {
  append({{.key = 1, .number = 1}});
  const uint64_t of_one_row = buffer_.byte_size();
  EXPECT_LT(of_one_row, 8 * 1024u);
  const DeltaBuffer::ColumnChunk& first = buffer_.chunk(0, 0);
  std::vector<TestRow> rows;
  for (int64_t key = 2; key <= kVectorRows + 1; ++key) rows.push_back({.key = key, .number = static_cast<int32_t>(key)});
  uint64_t before = of_one_row;
  for (const TestRow& row : rows) {
    append({row});
    ASSERT_GE(buffer_.byte_size(), before);
    before = buffer_.byte_size();
  }
  EXPECT_GT(buffer_.byte_size(), uint64_t{kVectorRows} * schema_->columns.size());
  EXPECT_EQ(first.nulls[0], 0) << "who reads the chunk that has grown may go on";
  EXPECT_NE(&first, &buffer_.chunk(0, 0));
  for (RowOrdinal row = 0; row <= kVectorRows; ++row) {
    EXPECT_EQ(read({row})[0].key, row + 1) << row;
    EXPECT_EQ(buffer_.find(test::key_of(schema_, row + 1), 0, buffer_.row_count()), row);
  }
}

TEST_P(DeltaBufferTest, ValuesLongerThanAnArenaBlockAreKept) {
  const std::string text(3'000'000, 'x');
  append({{.key = 1, .text = text}, {.key = 2, .text = "short"}, {.key = 3, .text = ""}, {.key = 4}});
  const std::vector<TestRow> rows = read({0, 1, 2, 3});
  EXPECT_EQ(rows[0].text, text);
  EXPECT_EQ(rows[1].text, "short");
  EXPECT_EQ(rows[2].text, "");
  EXPECT_EQ(rows[3].text, std::nullopt);
  EXPECT_GE(buffer_.byte_size(), text.size());
}

/// Rows are published by an atomic row count, as a snapshot publishes them; readers check everything below it meanwhile.
TEST_P(DeltaBufferTest, ReadersSeePublishedRowsWhileTheWriterAppends) {
  constexpr int64_t kKeys = 500;
  constexpr uint32_t kRows = 6 * kVectorRows;
  std::atomic<uint32_t> published{0};
  std::atomic<int> failures{0};
  const auto read_until_done = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (uint32_t limit = 0; limit < kRows;) {
      limit = published.load(std::memory_order_acquire);
      if (limit == 0) continue;
      const int64_t key = static_cast<int64_t>(random() % kKeys);
      const auto row = buffer_.find(test::key_of(schema_, key), 0, limit);
      // Row r holds key r % kKeys and number r.
      const int64_t rounds = (int64_t{limit} - 1 - key) / kKeys;
      const std::optional<RowOrdinal> expected =
          int64_t{limit} > key ? std::optional<RowOrdinal>(static_cast<RowOrdinal>(rounds * kKeys + key)) : std::nullopt;
      failures += row != expected;
      const RowOrdinal any = static_cast<RowOrdinal>(random() % limit);
      const TestRow value = read({any})[0];
      failures += value.key != any % kKeys || value.number != any || value.text != std::to_string(any);
    }
  };
  std::vector<std::thread> readers;
  for (uint64_t reader = 0; reader < 3; ++reader) readers.emplace_back(read_until_done, reader);
  while (buffer_.row_count() < kRows) {
    std::vector<TestRow> rows;
    for (uint32_t i = 0; i < 1 + buffer_.row_count() % 37 && buffer_.row_count() + i < kRows; ++i) {
      const int64_t number = buffer_.row_count() + i;
      rows.push_back({.key = number % kKeys, .number = number, .text = std::to_string(number)});
    }
    append(rows);
    published.store(buffer_.row_count(), std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(failures.load(), 0);
}

}  // namespace
}  // namespace freshet::storage
