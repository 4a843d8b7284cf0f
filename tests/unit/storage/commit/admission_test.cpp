#include "storage/commit/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "support/held_engine.h"

namespace freshet::storage {
namespace {

using std::chrono::milliseconds;
using test::must;

TEST(Admission, LoadsSlowDownFromHalfOfTheLimit) {
  EXPECT_EQ(admission_pause(0, 64)->count(), 0);
  EXPECT_EQ(admission_pause(32, 64)->count(), 0);
  auto last = *admission_pause(33, 64);
  EXPECT_GT(last.count(), 0);
  EXPECT_LT(last, milliseconds(1));
  for (uint64_t used = 34; used < 64; ++used) {
    const auto pause = *admission_pause(used, 64);
    EXPECT_GT(pause, last);
    last = pause;
  }
  EXPECT_LT(last, std::chrono::seconds(1));
  EXPECT_EQ(admission_pause(64, 64), std::nullopt);
  EXPECT_EQ(admission_pause(1000, 64), std::nullopt);
}

TEST(Admission, WhatTakesMoreThanHalfOfALimitNeedsTheOtherHalf) {
  EXPECT_TRUE(has_room_for(1, 63, 64));
  EXPECT_FALSE(has_room_for(1, 64, 64));
  EXPECT_FALSE(has_room_for(32, 33, 64));
  EXPECT_TRUE(has_room_for(100, 32, 64));
  EXPECT_FALSE(has_room_for(100, 33, 64));
}

/// A tablet while flush or compaction stands still for a while.
class HeldBack : public test::HeldEngine {
 protected:
  TableSnapshotPtr table() { return HeldEngine::table("t"); }
  size_t rowsets() { return rowset_count(*table()->tablets.front()); }
  /// Admits and commits one row, as one file when `memtables` is 1.
  Status load(int64_t key, size_t memtables, const std::string& text = "x") {
    const Status admitted = engine().admit_load(table()->id);
    return admitted.ok() ? commit(key, memtables, text) : admitted;
  }
  Status commit(int64_t key, size_t memtables, const std::string& text = "x") {
    return test::load_rows(engine(), table(), {row_of(key, text)}, memtables).status();
  }
  /// Again and again while the machine is slow.
  void load_at_last(int64_t key, size_t memtables, const std::string& text = "x") {
    Status status = load(key, memtables, text);
    for (int attempt = 0; attempt < 30 && !status.ok(); ++attempt) status = load(key, memtables, text);
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
  static milliseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  }
};

TEST_F(HeldBack, LoadsWaitAtTheLimitOfRowsetsThenAreRefusedAndGoOnLater) {
  StorageOptions options;
  options.compaction_max_segments = 16;
  options.memory_wait_seconds = 1;
  open("compaction_start=sleep:7000@1", options, {"t"});
  Status status;
  int64_t loads = 0;
  auto began = std::chrono::steady_clock::now();
  while (status.ok() && loads < 100) {
    began = std::chrono::steady_clock::now();
    status = load(loads++, 1);
    EXPECT_LE(rowsets(), 16u);
  }
  EXPECT_EQ(loads, 17) << "the seventeenth does not fit";
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_GE(since(began), milliseconds(1000));
  EXPECT_LT(since(began), milliseconds(4000));
  for (const char* part :
       {"table t has 16 segments", "compaction.max_segments is 16", "within 1 s", "memory.wait_seconds"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
  // A load that was admitted earlier meets the same limit when it commits.
  EXPECT_EQ(commit(loads, 1).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(rowsets(), 16u);
  for (int64_t key = loads; key < loads + 30; ++key) load_at_last(key, 1);
  EXPECT_LE(rowsets(), 16u);
}

TEST_F(HeldBack, NoMomentSeesMoreRowsetsHoweverManyCommitAtOnce) {
  StorageOptions options;
  options.compaction_max_segments = 16;
  options.memory_wait_seconds = 60;
  open("compaction_start=sleep:300", options, {"t"});
  std::atomic<bool> done{false};
  size_t most = 0;
  std::thread watch([&] {
    while (!done) {
      most = std::max(most, rowsets());
      std::this_thread::yield();
    }
  });
  constexpr int kThreads = 12, kLoads = 8;
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kLoads; ++i) {
        // Files, rows of small commits, and both ways of committing them.
        const int64_t key = thread * 1000 + i;
        Status status;
        if (thread % 3 == 0) {
          status = engine().commit_in_group(must(test::make_load(engine(), table(), {row_of(key, "x")}, 0))).status();
        } else {
          status = load(key, static_cast<size_t>(thread % 3 == 1 ? 1 : 2));
        }
        if (!status.ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  watch.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(table()->live_rows(), static_cast<uint64_t>(kThreads * kLoads));
  EXPECT_LE(most, 16u);
  EXPECT_GT(most, 8u);
}

TEST_F(HeldBack, LoadsWaitAtTheLimitOfDeltaBuffersThenAreRefusedAndGoOnLater) {
  StorageOptions options;
  options.delta_memory_bytes = 4 << 20;
  options.memory_wait_seconds = 1;
  open("flush_start=sleep:6000@1", options, {"t"});
  const std::string text(256 << 10, 'y');
  Status status;
  int64_t loads = 0;
  while (status.ok() && loads < 200) {
    status = load(loads++, 0, text);
    EXPECT_LE(engine().stats().delta_bytes, options.delta_memory_bytes + (1 << 20));
  }
  EXPECT_LT(loads, 20);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  for (const char* part : {"memory.delta_bytes is 4194304", "within 1 s", "memory.wait_seconds"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
  for (int64_t key = loads; key < loads + 60; ++key) load_at_last(key, 0, text);
  EXPECT_LE(engine().stats().delta_bytes, options.delta_memory_bytes + (1 << 20));
}

TEST_F(HeldBack, TablesThatCommitAtOnceShareTheLimitOfDeltaBuffers) {
  const std::initializer_list<const char*> tables = {"a", "b", "c", "e", "f", "g", "h", "i", "j", "k", "l", "m"};
  /// Beside its rows a buffer has chunks and blocks that it allocated ahead.
  constexpr uint64_t kAheadBytes = 64 << 10;
  StorageOptions options;
  options.delta_memory_bytes = 4 << 20;
  options.memory_wait_seconds = 1;
  open("flush_start=sleep:3000", options, tables);
  const std::string text(600 << 10, 'y');
  std::atomic<bool> done{false};
  uint64_t most = 0;
  std::thread watch([&] {
    while (!done) most = std::max(most, engine().stats().delta_bytes);
  });
  std::atomic<uint64_t> loaded{0};
  std::vector<std::thread> threads;
  for (const char* name : tables) {
    threads.emplace_back(
        [&, name] { loaded += test::load_rows(engine(), HeldEngine::table(name), {row_of(1, text)}, 0).ok() ? 1u : 0u; });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  watch.join();
  EXPECT_EQ(loaded, options.delta_memory_bytes / text.size()) << "as many as fit, and no more";
  EXPECT_LE(std::max(most, engine().stats().delta_bytes), options.delta_memory_bytes + tables.size() * kAheadBytes);
}

TEST_F(HeldBack, ShutdownEndsTheWait) {
  StorageOptions options;
  options.compaction_max_segments = 4;
  options.compaction_trigger_segments = 2;
  open("compaction_start=sleep:1000", options, {"t"});
  for (int64_t key = 0; rowsets() < 4; ++key) must(commit(key, 1));
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(100));
    engine().stop_waiting();
  });
  Status status;
  for (int64_t key = 10; status.ok() && key < 100; ++key) status = load(key, 1);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  stopper.join();
}

}  // namespace
}  // namespace freshet::storage
