#include "storage/io/local_file_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "support/seed.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

class LocalFileStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<FileStore>> opened = open_local_file_store(root());
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    store_ = std::move(opened).value();
  }

  std::string root() const { return directory_.path("a/b"); }

  void write(std::string_view name, std::string_view bytes) {
    Result<std::unique_ptr<WritableFile>> file = store_->create(name);
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    ASSERT_TRUE((*file)->append(bytes).ok());
    ASSERT_TRUE((*file)->finish().ok());
  }

  test::TempDir directory_;
  std::unique_ptr<FileStore> store_;
};

TEST_F(LocalFileStoreTest, ReadsBackWhatWasAppendedInAnyPieces) {
  Result<std::unique_ptr<WritableFile>> file = store_->create("1.seg");
  ASSERT_TRUE(file.ok());
  std::string expected;
  for (const size_t size : {1u, 1000u, 262'143u, 1u, 262'144u, 7u, 600'000u, 0u, 262'145u, 3u}) {
    const std::string piece(size, static_cast<char>('a' + expected.size() % 26));
    ASSERT_TRUE((*file)->append(piece).ok());
    expected += piece;
    EXPECT_EQ((*file)->size(), expected.size());
  }
  ASSERT_TRUE((*file)->finish().ok());
  EXPECT_FALSE((*file)->append("x").ok());

  const auto opened = store_->open("1.seg");
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ((*opened)->size(), expected.size());
  EXPECT_EQ((*opened)->name(), "1.seg");
  std::string read(expected.size(), '\0');
  ASSERT_TRUE((*opened)->read(0, read).ok());
  EXPECT_EQ(read, expected);
  std::string piece(5, '\0');
  ASSERT_TRUE((*opened)->read(998, piece).ok());
  EXPECT_EQ(piece, expected.substr(998, 5));
}

TEST_F(LocalFileStoreTest, ATakenNameIsRefused) {
  write("1.seg", "first");
  EXPECT_EQ(store_->create("1.seg").status().code(), StatusCode::kAlreadyExists);
}

TEST_F(LocalFileStoreTest, AMissingFileIsNotFoundAndNamed) {
  const Status status = store_->open("9.seg").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "cannot open " + root() + "/9.seg: No such file or directory");
  EXPECT_EQ(store_->remove("9.seg").code(), StatusCode::kNotFound);
}

TEST_F(LocalFileStoreTest, NamesStayInsideTheDirectory) {
  for (const std::string_view name : {"", ".", "..", "../x", "a/b", "quarantine"}) {
    EXPECT_EQ(store_->create(name).status().code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(store_->remove(name).code(), StatusCode::kInvalidArgument) << name;
  }
}

TEST_F(LocalFileStoreTest, ReadingPastTheEndIsCorruptionThatNamesTheFile) {
  write("1.seg", "12345");
  const auto opened = store_->open("1.seg");
  ASSERT_TRUE(opened.ok());
  std::string read(4, '\0');
  const Status status = (*opened)->read(3, read);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("1.seg"), std::string::npos);
  EXPECT_EQ((*opened)->read(UINT64_MAX, read).code(), StatusCode::kCorruption);
  std::filesystem::resize_file(root() + "/1.seg", 2);
  EXPECT_EQ((*opened)->read(0, read).code(), StatusCode::kCorruption);
}

TEST_F(LocalFileStoreTest, ListsFilesButNotTheQuarantine) {
  write("2.seg", "b");
  write("1.seg", "a");
  ASSERT_TRUE(store_->quarantine("2.seg").ok());
  EXPECT_EQ(*store_->list(), std::vector<std::string>{"1.seg"});
  EXPECT_EQ(store_->open("2.seg").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(store_->remove("1.seg").ok());
  EXPECT_TRUE(store_->list()->empty());
  EXPECT_TRUE(store_->sync_names().ok());
}

TEST_F(LocalFileStoreTest, QuarantineKeepsEarlierFilesOfTheSameName) {
  for (int i = 0; i < 3; ++i) {
    write("1.seg", std::to_string(i));
    ASSERT_TRUE(store_->quarantine("1.seg").ok());
  }
  EXPECT_TRUE(std::filesystem::exists(root() + "/quarantine/1.seg"));
  EXPECT_TRUE(std::filesystem::exists(root() + "/quarantine/1.seg.1"));
  EXPECT_TRUE(std::filesystem::exists(root() + "/quarantine/1.seg.2"));
}

TEST_F(LocalFileStoreTest, QuarantinedFilesLeaveByTheTimeTheyCameThere) {
  EXPECT_EQ(*store_->remove_quarantined(INT64_MAX), 0u);
  write("1.seg", "a");
  write("2.seg", "b");
  std::filesystem::last_write_time(root() + "/1.seg",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(48));
  const int64_t before = std::time(nullptr);
  ASSERT_TRUE(store_->quarantine("1.seg").ok());
  EXPECT_EQ(*store_->remove_quarantined(before), 0u) << "it came just now, however old it is";
  EXPECT_TRUE(std::filesystem::exists(root() + "/quarantine/1.seg"));
  EXPECT_EQ(*store_->remove_quarantined(before + 3600), 1u);
  EXPECT_FALSE(std::filesystem::exists(root() + "/quarantine/1.seg"));
  EXPECT_EQ(*store_->list(), std::vector<std::string>{"2.seg"});
}

TEST_F(LocalFileStoreTest, KnowsTheFreeSpace) {
  const Result<uint64_t> free = store_->free_bytes();
  ASSERT_TRUE(free.ok());
  EXPECT_GT(*free, 0u);
}

TEST_F(LocalFileStoreTest, AFailedWriteIsFinal) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  Result<std::unique_ptr<WritableFile>> file = store_->create("1.seg");
  ASSERT_TRUE(file.ok());
  const rlimit small = {1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  ASSERT_TRUE((*file)->append(std::string(2000, 'x')).ok());
  const Status status = (*file)->finish();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("1.seg: File too large"), std::string::npos) << status.message();
  EXPECT_EQ((*file)->finish().to_string(), status.to_string());
  EXPECT_EQ((*file)->append("x").to_string(), status.to_string());
}

/// Readers of many files at once, while few of them may be open: each read is right, and the bound holds when all are done.
TEST(OpenLocalFileStore, FewDescriptorsServeManyFiles) {
  constexpr size_t kFiles = 40;
  constexpr size_t kMostOpen = 3;
  const test::TempDir directory;
  const auto store = open_local_file_store(directory.path("files"), kMostOpen).value();
  const auto open_now = [&] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code error;
      const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
      count += target.starts_with(directory.path("files") + "/");
    }
    return count;
  };
  std::vector<std::shared_ptr<const ReadableFile>> files;
  for (size_t i = 0; i < kFiles; ++i) {
    auto file = store->create(std::to_string(i)).value();
    ASSERT_TRUE(file->append("contents of " + std::to_string(i)).ok());
    ASSERT_TRUE(file->finish().ok());
    files.push_back(store->open(std::to_string(i)).value());
    EXPECT_LE(open_now(), kMostOpen);
  }
  std::atomic<int> failures{0};
  std::vector<std::thread> readers;
  for (uint64_t reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&, random = std::mt19937_64(test::test_seed() + reader)]() mutable {
      for (int i = 0; i < 2000; ++i) {
        const size_t number = random() % kFiles;
        const std::string expected = "contents of " + std::to_string(number);
        std::string bytes(expected.size(), ' ');
        failures += !files[number]->read(0, bytes).ok() || bytes != expected;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(failures, 0);
  EXPECT_LE(open_now(), kMostOpen);

  files.erase(files.begin() + 1, files.end());
  EXPECT_LE(open_now(), 1u);
  ASSERT_TRUE(store->remove("0").ok());
  std::string byte(1, ' ');
  const Status status = files[0]->read(0, byte);
  EXPECT_TRUE(status.ok() || status.code() == StatusCode::kNotFound) << status.to_string();
}

TEST(OpenLocalFileStore, AFileInTheWayIsAnErrorThatNamesIt) {
  test::TempDir directory;
  std::ofstream(directory.path("file")) << "x";
  const Status status = open_local_file_store(directory.path("file")).status();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find(directory.path("file")), std::string::npos) << status.message();
}

}  // namespace
}  // namespace freshet::storage
