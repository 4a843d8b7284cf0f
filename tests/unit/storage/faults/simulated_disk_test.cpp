#include "support/simulated_disk.h"

#include <gtest/gtest.h>

#include "support/storage_server.h"

namespace freshet::test {
namespace {

std::string read_all(storage::FileStore& files, std::string_view name) {
  const auto file = must(files.open(name));
  std::string bytes(file->size(), '\0');
  must(file->read(0, bytes));
  return bytes;
}

TEST(SimulatedDisk, APowerCutTakesWhatWasNotSynced) {
  size_t kept_whole = 0, kept_part = 0, lost = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk(seed);
    auto files = disk.files();
    auto synced = must(files->create("synced"));
    must(synced->append("0123456789"));
    must(synced->finish());
    must(files->sync_names());
    auto unsynced = must(files->create("unsynced"));
    must(unsynced->append("0123456789"));
    disk.power_cut();
    EXPECT_FALSE(files->sync_names().ok()) << "a store of before the cut";
    files = disk.files();
    EXPECT_EQ(read_all(*files, "synced"), "0123456789");
    const auto names = must(files->list());
    if (names.size() == 1) {
      ++lost;
    } else {
      read_all(*files, "unsynced").size() == 10 ? ++kept_whole : ++kept_part;
    }
  }
  EXPECT_GT(lost, 10u);
  EXPECT_GT(kept_part, 10u);
  EXPECT_GT(kept_whole, 0u);
}

TEST(SimulatedDisk, AFailedSyncLosesItsBytesForEver) {
  SimulatedDisk disk(3);
  auto files = disk.files();
  auto file = must(files->create("file"));
  must(file->append("0123456789"));
  disk.fail_at(disk.points() + 1, Fault::kError);
  EXPECT_EQ(file->finish().code(), StatusCode::kIoError);
  EXPECT_TRUE(file->finish().ok()) << "a second sync pretends";
  must(files->sync_names());
  bool is_short = false;
  for (int i = 0; i < 20 && !is_short; ++i) {
    disk.power_cut();
    files = disk.files();
    is_short = read_all(*files, "file").size() < 10;
  }
  EXPECT_TRUE(is_short);
}

TEST(SimulatedDisk, CommitsOfUnknownOutcomeEndTheStore) {
  for (Fault fault : {Fault::kError, Fault::kErrorAfter}) {
    SimulatedDisk disk(1);
    auto meta = disk.meta();
    storage::MetaBatch batch;
    batch.put("a", "1");
    disk.fail_at(1, fault);
    EXPECT_EQ(meta->commit(batch).code(), StatusCode::kUnknownOutcome);
    EXPECT_EQ(meta->commit(batch).code(), StatusCode::kUnknownOutcome);
    disk.power_cut();
    EXPECT_EQ(must(disk.meta()->get("a")).has_value(), fault == Fault::kErrorAfter);
  }
}

TEST(SimulatedDisk, AFullDiskStaysFullUntilARestart) {
  SimulatedDisk disk(1);
  auto files = disk.files();
  disk.fail_at(1, Fault::kNoSpace);
  EXPECT_EQ(files->create("a").status().code(), StatusCode::kOutOfSpace);
  EXPECT_EQ(files->create("b").status().code(), StatusCode::kOutOfSpace);
  EXPECT_EQ(must(files->free_bytes()), 0u);
  disk.restart();
  EXPECT_TRUE(disk.files()->create("b").ok());
}

}  // namespace
}  // namespace freshet::test
