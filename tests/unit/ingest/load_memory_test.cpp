#include <gtest/gtest.h>

#include "ingest/load_transaction.h"
#include "support/temp_dir.h"
#include "unit/ingest/fake_storage.h"

namespace freshet::ingest {
namespace {

Block numbers(const storage::TableSnapshot& table, int64_t first, size_t count) {
  Block block = Block::for_schema(*table.schema);
  for (size_t i = 0; i < count; ++i) {
    const int64_t value = first + static_cast<int64_t>(i);
    const uint8_t not_null = 0;
    for (Column& column : block.columns) column.append_fixed_run(&value, &not_null, 1);
  }
  return block;
}

class LoadMemoryTest : public testing::Test {
 protected:
  storage::TableSnapshotPtr table_ = make_table({"id bigint key not null", "v bigint"});
  test::TempDir folder_;
  FakeStorage storage_{table_, storage::open_local_file_store(folder_.path()).value()};
};

TEST_F(LoadMemoryTest, ALoadWritesWhatItHoldsBeforeItWaits) {
  MemoryBudget& budget = storage_.load_memory();
  LoadTransaction load(storage_, table_, {});
  const Block block = numbers(*table_, 0, 10'000);
  ASSERT_TRUE(load.append(block).ok());
  const uint64_t held = budget.used();
  EXPECT_GE(held, block.byte_size());

  // Others take all but what the load holds now: its next rows have room only after the first are in a file.
  ASSERT_TRUE(budget.try_take(budget.limit() - held));
  storage_.storage_options.memory_wait_seconds = 0;
  const Status refused = load.append(numbers(*table_, 10'000, 10'000));
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted) << refused.to_string();
  EXPECT_NE(refused.message().find("memory.load_bytes"), std::string::npos);
  EXPECT_EQ(budget.used(), budget.limit() - held) << "the load that waits holds nothing";

  budget.give_back(budget.limit() - held);
  ASSERT_TRUE(load.append(numbers(*table_, 10'000, 10'000)).ok());
  const auto outcome = load.commit({}, {});
  ASSERT_TRUE(outcome.ok()) << outcome.status().to_string();
  ASSERT_EQ(storage_.commits.size(), 1u);
  uint64_t rows = 0;
  for (const auto& segment : storage_.commits[0].tablets.at(0).segments) rows += segment.meta.row_count;
  EXPECT_EQ(rows, 20'000u);
  EXPECT_EQ(storage_.commits[0].tablets.at(0).segments.size(), 2u);
}

TEST_F(LoadMemoryTest, ALoadLooksForRoomOnTheDiskAtEachMemtable) {
  LoadTransaction::Options options;
  options.memtable_bytes = 100'000;
  LoadTransaction load(storage_, table_, options);
  // Admitted while there was room.
  storage_.disk_status = Status::OutOfSpace("the disk is nearly full");
  Status status;
  int64_t blocks = 0;
  for (; blocks < 5 && status.ok(); ++blocks) status = load.append(numbers(*table_, blocks * 10'000, 10'000));
  EXPECT_EQ(status.code(), StatusCode::kOutOfSpace) << status.to_string();
  EXPECT_EQ(blocks, 2) << "the second memtable learns of the first";
  EXPECT_EQ(load.commit({}, {}).status().code(), StatusCode::kOutOfSpace);
  EXPECT_TRUE(storage_.commits.empty());
  EXPECT_TRUE(storage_.files().list().value().empty());
}

TEST_F(LoadMemoryTest, NothingIsHeldAfterwards) {
  {
    LoadTransaction load(storage_, table_, {});
    ASSERT_TRUE(load.append(numbers(*table_, 0, 1000)).ok());
    EXPECT_GT(storage_.load_memory().used(), 0u);
  }
  EXPECT_EQ(storage_.load_memory().used(), 0u);
}

}  // namespace
}  // namespace freshet::ingest
