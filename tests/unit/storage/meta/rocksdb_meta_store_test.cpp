#include "storage/meta/rocksdb_meta_store.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

class RocksDbMetaStoreTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen(bool read_only = false) {
    store_.reset();
    Result<std::unique_ptr<MetaStore>> opened = open_rocksdb_meta_store(path(), {.read_only = read_only});
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    store_ = std::move(opened).value();
  }

  std::string path() const { return directory_.path("data/meta"); }

  Status put(std::string key, std::string value) {
    MetaBatch batch;
    batch.put(std::move(key), std::move(value));
    return store_->commit(batch);
  }

  std::optional<std::string> must_get(std::string_view key) {
    const auto found = store_->get(key);
    EXPECT_TRUE(found.ok()) << found.status().to_string();
    return found.ok() ? *found : std::nullopt;
  }

  /// All pairs in [begin, end) as "key=value key=value".
  std::string dump(std::string_view begin = "", std::string_view end = "") {
    std::string out;
    const Status status = store_->scan(begin, end, [&](std::string_view key, std::string_view value) {
      out.append(out.empty() ? "" : " ").append(key).append("=").append(value);
      return Status::OK();
    });
    EXPECT_TRUE(status.ok()) << status.to_string();
    return out;
  }

  test::TempDir directory_;
  std::unique_ptr<MetaStore> store_;
};

/// A disk that is full on demand: appends, syncs and new files answer ENOSPC, after a part of the bytes was written.
class FullDisk final : public rocksdb::FileSystemWrapper {
 public:
  FullDisk() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FullDisk"; }

  std::atomic<bool> is_full = false;
  std::atomic<bool> is_full_at_sync = false;  ///< the bytes are written, their sync fails

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (is_full) return rocksdb::IOStatus::NoSpace("no room for " + name);
    const rocksdb::IOStatus made = target()->NewWritableFile(name, options, file, context);
    if (made.ok()) *file = std::make_unique<File>(std::move(*file), *this);
    return made;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile> file, FullDisk& disk)
        : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}

    using rocksdb::FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
      if (!disk_.is_full) return target()->Append(data, options, context);
      target()->Append({data.data(), data.size() / 2}, options, context).PermitUncheckedError();
      return rocksdb::IOStatus::NoSpace("no room");
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      if (disk_.is_full || disk_.is_full_at_sync) return rocksdb::IOStatus::NoSpace("no room");
      return target()->Sync(options, context);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
      return Sync(options, context);
    }

   private:
    FullDisk& disk_;
  };
};

class FullRocksDb : public RocksDbMetaStoreTest {
 protected:
  void SetUp() override {
    disk_ = std::make_shared<FullDisk>();
    env_ = rocksdb::NewCompositeEnv(disk_);
    open_on_full_disk();
  }
  void TearDown() override { store_.reset(); }

  void open_on_full_disk() {
    store_.reset();
    auto opened = open_rocksdb_meta_store(path(), {.resume_free_bytes = 0, .env = env_.get()});
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    store_ = std::move(opened).value();
  }

  std::shared_ptr<FullDisk> disk_;
  std::unique_ptr<rocksdb::Env> env_;
};

/// Cuts the end off the log with the highest number, as a crash in the middle of a write does.
void tear_newest_log(const std::string& directory) {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  }
  ASSERT_FALSE(newest.empty());
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) - 10);
}

TEST_F(RocksDbMetaStoreTest, ACommitIsThereAfterReopening) {
  MetaBatch batch;
  batch.put("a", "1");
  batch.put("b", "2");
  ASSERT_TRUE(store_->commit(batch).ok());
  reopen();
  EXPECT_EQ(dump(), "a=1 b=2");
  EXPECT_EQ(**store_->get("a"), "1");
  EXPECT_EQ(*store_->get("c"), std::nullopt);
}

TEST_F(RocksDbMetaStoreTest, ScansGoInOrderWithinTheirBounds) {
  for (const char* key : {"b2", "a", "b1", "c", "b3"}) ASSERT_TRUE(put(key, "").ok());
  EXPECT_EQ(dump("b", prefix_end("b")), "b1= b2= b3=");
  EXPECT_EQ(dump("b2", "b3"), "b2=");
  EXPECT_EQ(dump("b3"), "b3= c=");
}

TEST_F(RocksDbMetaStoreTest, AScanEndsWithTheStatusOfItsVisitor) {
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(put(key, "").ok());
  int visits = 0;
  const Status status = store_->scan("", "", [&](std::string_view key, std::string_view) {
    ++visits;
    return key == "b" ? Status::Cancelled("enough") : Status::OK();
  });
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(visits, 2);
}

TEST_F(RocksDbMetaStoreTest, ErasesKeysAndRangesInTheOrderOfTheBatch) {
  for (const char* key : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(put(key, "1").ok());
  MetaBatch batch;
  batch.erase("a");
  batch.erase("missing");
  batch.erase_range("b", "d");
  batch.put("c", "2");
  batch.erase_range("z", "y");
  ASSERT_TRUE(store_->commit(batch).ok());
  EXPECT_EQ(dump(), "c=2 d=1 e=1");
  reopen();
  EXPECT_EQ(dump(), "c=2 d=1 e=1");
}

TEST_F(RocksDbMetaStoreTest, AFailedPreconditionWritesNothing) {
  ASSERT_TRUE(put("offset", "5").ok());
  const auto try_with = [&](std::string key, std::optional<std::string> expected) {
    MetaBatch batch;
    batch.require(std::move(key), std::move(expected));
    batch.put("written", "yes");
    return store_->commit(batch).code();
  };
  EXPECT_EQ(try_with("offset", "4"), StatusCode::kConflict);
  EXPECT_EQ(try_with("offset", std::nullopt), StatusCode::kConflict);
  EXPECT_EQ(try_with("label", "taken"), StatusCode::kConflict);
  EXPECT_EQ(dump(), "offset=5");
  EXPECT_EQ(try_with("offset", "5"), StatusCode::kOk);
  EXPECT_EQ(try_with("label", std::nullopt), StatusCode::kOk);
  EXPECT_EQ(dump(), "offset=5 written=yes");
}

TEST_F(RocksDbMetaStoreTest, OfManyCommitsWithOnePreconditionOneWins) {
  std::atomic<int> won = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      MetaBatch batch;
      batch.require("label", std::nullopt);
      batch.put("label", std::to_string(i));
      won += store_->commit(batch).ok() ? 1 : 0;
      EXPECT_TRUE(put("other" + std::to_string(i), "").ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
}

TEST_F(RocksDbMetaStoreTest, ADirectoryInUseIsRefusedClearly) {
  const Status status = open_rocksdb_meta_store(path(), {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find(path() + " is in use by another server"), std::string::npos) << status.message();
}

TEST_F(RocksDbMetaStoreTest, AReadOnlyStoreReadsAndTakesNoCommit) {
  ASSERT_TRUE(put("a", "1").ok());
  reopen(true);
  EXPECT_EQ(dump(), "a=1");
  EXPECT_EQ(put("b", "2").code(), StatusCode::kUnavailable);
}

TEST_F(RocksDbMetaStoreTest, ReadingADirectoryThatIsNotThereFailsAndMakesNothing) {
  const std::string missing = directory_.path("missing");
  EXPECT_FALSE(open_rocksdb_meta_store(missing, {.read_only = true}).ok());
  EXPECT_FALSE(std::filesystem::exists(missing));
}

TEST_F(RocksDbMetaStoreTest, AFailedWriteStopsTheStoreUntilItIsReopened) {
  ASSERT_TRUE(put("before", "1").ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small = {64 << 10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status failed = put("big", std::string(1 << 20, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(failed.code(), StatusCode::kUnknownOutcome) << failed.to_string();

  const Status refused = put("after", "1");
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(refused.message(), "the metadata store stopped after a failed write; restart the server");
  EXPECT_EQ(**store_->get("before"), "1");
  reopen();
  EXPECT_EQ(**store_->get("before"), "1");
  EXPECT_EQ(*store_->get("after"), std::nullopt);
  EXPECT_TRUE(put("after", "2").ok());
}

TEST_F(FullRocksDb, TakesCommitsAgainWhenThereIsRoom) {
  for (int round = 0; round < 3; ++round) {
    const std::string number = std::to_string(round);
    ASSERT_TRUE(put("before" + number, "1").ok());
    disk_->is_full = true;
    EXPECT_EQ(put("lost" + number, std::string(10'000, 'x')).code(), StatusCode::kOutOfSpace);
    EXPECT_EQ(put("refused" + number, "1").code(), StatusCode::kOutOfSpace);
    EXPECT_FALSE(store_->resume().ok());
    disk_->is_full = false;
    ASSERT_TRUE(store_->resume().ok());
    EXPECT_EQ(**store_->get("before" + number), "1");
    EXPECT_EQ(*store_->get("lost" + number), std::nullopt) << "half of it was written";
    ASSERT_TRUE(put("after" + number, "2").ok());
    disk_->is_full = true;
    EXPECT_EQ(put("again" + number, "1").code(), StatusCode::kOutOfSpace);
    disk_->is_full = false;
    ASSERT_TRUE(put("itself" + number, "3").ok()) << "a commit resumes by itself";
    open_on_full_disk();
    EXPECT_EQ(**store_->get("after" + number), "2");
    EXPECT_EQ(**store_->get("itself" + number), "3");
  }
}

TEST_F(FullRocksDb, WhatIsFoundAfterAFailedSyncIsDurable) {
  ASSERT_TRUE(put("before", "1").ok());
  disk_->is_full_at_sync = true;
  EXPECT_EQ(put("doubtful", "1").code(), StatusCode::kOutOfSpace);
  disk_->is_full_at_sync = false;
  ASSERT_TRUE(store_->resume().ok());
  // RocksDB may have begun another log by itself, and then it is gone.
  const bool is_found = must_get("doubtful").has_value();
  // Without the logs: what was found is in a table file.
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(path())) {
    if (entry.path().extension() == ".log") std::filesystem::resize_file(entry.path(), 0);
  }
  open_on_full_disk();
  EXPECT_EQ(dump(), is_found ? "before=1 doubtful=1" : "before=1");
}

TEST_F(RocksDbMetaStoreTest, ATornTailLosesOnlyTheLastCommitAgainAndAgain) {
  test::TempDir copies;
  std::string from = path();
  std::string expected;
  for (int round = 0; round < 4; ++round) {
    const std::string kept = "kept" + std::to_string(round);
    ASSERT_TRUE(put(kept, "1").ok());
    ASSERT_TRUE(put("torn", std::string(1000, 'x')).ok());
    const std::string copy = copies.path(std::to_string(round));
    std::filesystem::copy(from, copy, std::filesystem::copy_options::recursive);
    tear_newest_log(copy);
    Result<std::unique_ptr<MetaStore>> opened = open_rocksdb_meta_store(copy, {});
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    store_ = std::move(opened).value();
    expected += (round == 0 ? "" : " ") + kept + "=1";
    EXPECT_EQ(dump(), expected);
    from = copy;
  }
}

TEST_F(RocksDbMetaStoreTest, AWriteThatWasDurableIsMissedOneThatMayNotHaveBeenIsNot) {
  ASSERT_TRUE(put("a", "1").ok());
  const std::string witness = path() + ".witness";
  const std::string witness_of_a = directory_.path("witness of a");
  std::filesystem::copy_file(witness, witness_of_a);
  ASSERT_TRUE(put("torn", std::string(1000, 'x')).ok());
  const auto copy_torn = [&](const std::string& name, const std::string& its_witness) {
    const std::string copy = directory_.path(name);
    std::filesystem::copy(path(), copy, std::filesystem::copy_options::recursive);
    std::filesystem::copy_file(its_witness, copy + ".witness");
    tear_newest_log(copy);
    return copy;
  };
  // The process ended: the witness is exact.
  const std::string lost = copy_torn("lost", witness);
  for (bool read_only : {true, false}) {
    const Status status = open_rocksdb_meta_store(lost, {.read_only = read_only}).status();
    EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.to_string();
    EXPECT_NE(status.message().find("has lost writes"), std::string::npos) << status.message();
  }
  // The power went: the witness is older, and what it has not seen may be lost.
  const std::string cut = copy_torn("cut", witness_of_a);
  for (int start = 0; start < 2; ++start) {
    const auto opened = open_rocksdb_meta_store(cut, {});
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
  }
  // Another store under the name of this one.
  std::filesystem::remove_all(lost);
  EXPECT_EQ(open_rocksdb_meta_store(lost, {}).status().code(), StatusCode::kCorruption);
  EXPECT_FALSE(std::filesystem::exists(lost + "/CURRENT"));
}

TEST_F(RocksDbMetaStoreTest, AFlippedBitInTheMiddleOfTheLogIsCorruptionNotSilence) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put("key" + std::to_string(i), std::string(1000, 'x')).ok());
  test::TempDir copy;
  std::filesystem::copy(path(), copy.path("meta"), std::filesystem::copy_options::recursive);
  for (const auto& entry : std::filesystem::directory_iterator(copy.path("meta"))) {
    if (entry.path().extension() != ".log") continue;
    std::FILE* file = std::fopen(entry.path().c_str(), "r+");
    ASSERT_NE(file, nullptr);
    std::fseek(file, 5000, SEEK_SET);
    std::fputc('y', file);
    std::fclose(file);
  }
  EXPECT_EQ(open_rocksdb_meta_store(copy.path("meta"), {}).status().code(), StatusCode::kCorruption);
}

TEST_F(RocksDbMetaStoreTest, AnIdleStoreTakesLittleDisk) {
  ASSERT_TRUE(put("a", "1").ok());
  uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
    struct stat info;
    if (::stat(entry.path().c_str(), &info) == 0) bytes += static_cast<uintmax_t>(info.st_blocks) * 512;
  }
  EXPECT_LT(bytes, 1u << 20);
}

}  // namespace
}  // namespace freshet::storage
