#include "storage/commit/group_commits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/history_table.h"
#include "support/small_schema.h"
#include "support/temp_dir.h"

namespace freshet::storage {
namespace {

using test::LoadRow;
using test::must;

/// Loads into a table of the small schema, and what was committed in their name. The first commit waits until it is let go.
class GroupCommitsTest : public testing::Test {
 protected:
  GroupCommitsTest() : server_(folder_.path()) {
    must(server_->create_database("shop", true));
    must(server_->create_table("shop", "t", test::small_schema(), {}, true));
  }
  TableSnapshotPtr table() { return server_->snapshot()->find_table("shop", "t"); }
  LoadCommit load(int key, int value, size_t memtables = 0) {
    const std::string text = std::to_string(key);
    return must(test::make_load(*server_, table(), {LoadRow{text, {text, std::to_string(value), "s"}}}, memtables));
  }
  GroupCommits make(uint64_t group_bytes = 1 << 20) {
    return GroupCommits(
        {[this](LoadCommit load) { return commit(std::move(load)); }, [this] { return server_->next_transaction_id(); }},
        group_bytes);
  }
  Result<CommitOutcome> commit(LoadCommit load) {
    {
      std::unique_lock lock(mutex_);
      sizes_.push_back(0);
      for (const TabletRows& rows : load.tablets) {
        for (const WrittenSegment& segment : rows.segments) sizes_.back() += segment.meta.row_count;
        if (rows.rows) sizes_.back() += rows.rows->row_count();
      }
      changed_.notify_all();
      changed_.wait(lock, [&] { return is_open_; });
      if (refuses_ && refuses_(load)) return refusal_;
    }
    return server_->commit(std::move(load));
  }
  void wait_for_commits(size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return sizes_.size() >= count; }));
  }
  void let_go() {
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  /// A load of its own thread, which is surely queued behind those before it after a moment.
  void start(GroupCommits& groups, LoadCommit load) {
    threads_.emplace_back([this, &groups, load = std::move(load)]() mutable {
      auto outcome = groups.commit(std::move(load));
      std::lock_guard lock(mutex_);
      outcomes_.push_back(std::move(outcome));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
  }
  std::string text() {
    std::string all;
    for (const std::string& line : test::lines_of(*table())) all += (all.empty() ? "" : " ") + line;
    return all;
  }

  test::TempDir folder_;
  test::StorageServer server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  std::function<bool(const LoadCommit&)> refuses_;
  Status refusal_ = Status::NotFound("refused");
  std::vector<uint64_t> sizes_;  ///< rows of each commit
  std::vector<Result<GroupOutcome>> outcomes_;
  std::vector<std::thread> threads_;
};

TEST_F(GroupCommitsTest, LoadsThatComeDuringACommitShareTheNext) {
  GroupCommits groups = make();
  start(groups, load(1, 1));
  wait_for_commits(1);
  for (int i = 2; i < 8; ++i) start(groups, load(i % 3, i));
  let_go();
  join();
  EXPECT_EQ(sizes_, (std::vector<uint64_t>{1, 6}));
  EXPECT_EQ(text(), "0|6|s 1|7|s 2|5|s") << "the later load of a key wins";
  std::set<std::string> labels;
  for (const auto& outcome : outcomes_) labels.insert(must(outcome).label);
  EXPECT_EQ(labels.size(), 2u);
  EXPECT_TRUE(labels.begin()->starts_with("group_commit_"));
}

TEST_F(GroupCommitsTest, AGroupThatFoundNoRoomInTimeDoesNotWaitLoadByLoad) {
  GroupCommits groups = make();
  refuses_ = [this](const LoadCommit&) { return sizes_.size() > 1; };
  refusal_ = Status::ResourceExhausted("compaction did not catch up");
  start(groups, load(1, 1));
  wait_for_commits(1);
  for (int i = 2; i < 5; ++i) start(groups, load(i, i));
  let_go();
  join();
  EXPECT_EQ(sizes_, (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(std::count_if(outcomes_.begin(), outcomes_.end(), [](const auto& outcome) { return !outcome.ok(); }), 3);
}

TEST_F(GroupCommitsTest, ARefusedGroupIsTriedLoadByLoad) {
  GroupCommits groups = make();
  refuses_ = [](const LoadCommit& load) {
    for (const TabletRows& rows : load.tablets) {
      for (size_t row = 0; row < rows.rows->row_count(); ++row) {
        if (rows.rows->columns[1].values<int32_t>()[row] == 13) return true;
      }
    }
    return false;
  };
  start(groups, load(1, 1));
  wait_for_commits(1);
  start(groups, load(2, 2));
  start(groups, load(3, 13));
  start(groups, load(4, 4));
  let_go();
  join();
  EXPECT_EQ(text(), "1|1|s 2|2|s 4|4|s");
  EXPECT_EQ(std::count_if(outcomes_.begin(), outcomes_.end(), [](const auto& outcome) { return !outcome.ok(); }), 1);
}

TEST_F(GroupCommitsTest, AFullGroupLeavesTheRestForTheNext) {
  GroupCommits groups = make(load(1, 1).tablets[0].rows->byte_size() * 2);
  start(groups, load(1, 1));
  wait_for_commits(1);
  for (const int key : {2, 3, 4}) start(groups, load(key, key));
  let_go();
  join();
  EXPECT_EQ(sizes_, (std::vector<uint64_t>{1, 2, 1}));
  EXPECT_EQ(text(), "1|1|s 2|2|s 3|3|s 4|4|s");
}

TEST_F(GroupCommitsTest, LargeLoadsAndSegmentsCommitAtOnceBesideTheGroup) {
  GroupCommits groups = make(load(1, 1).tablets[0].rows->byte_size() * 2);
  start(groups, load(1, 1));
  wait_for_commits(1);
  start(groups, load(2, 2, 1));
  wait_for_commits(2);
  LoadCommit large = load(3, 3);
  large.tablets[0].rows->append_all(*load(4, 4).tablets[0].rows);
  start(groups, std::move(large));
  wait_for_commits(3);
  let_go();
  join();
  EXPECT_EQ(sizes_, (std::vector<uint64_t>{1, 1, 2}));
  EXPECT_EQ(text(), "1|1|s 2|2|s 3|3|s 4|4|s");
}

TEST_F(GroupCommitsTest, LoadsUnderDifferentColumnsDoNotMix) {
  GroupCommits groups = make();
  start(groups, load(1, 1));
  wait_for_commits(1);
  start(groups, load(2, 2));
  ColumnSchema added;
  added.name = "added";
  added.type = {TypeKind::kInt};
  added.default_value = "7";
  must(server_->alter_table("shop", "t", {{AddColumn{added, {}, false}}, {}}));
  LoadCommit wide = must(test::make_load(*server_, table(), {LoadRow{"3", {"3", "3", "s", "8"}}}, 0));
  start(groups, std::move(wide));
  let_go();
  join();
  EXPECT_EQ(sizes_, (std::vector<uint64_t>{1, 1, 1}));
  EXPECT_EQ(text(), "1|1|s|7 2|2|s|7 3|3|s|8");
}

TEST_F(GroupCommitsTest, ManyThreadsLoseNothing) {
  let_go();
  constexpr int kThreads = 8, kLoads = 50;
  std::atomic<int> failed{0};
  for (int thread = 0; thread < kThreads; ++thread) {
    threads_.emplace_back([&, thread] {
      for (int i = 0; i < kLoads; ++i) failed += !server_->commit_in_group(load(thread * kLoads + i, i)).ok();
    });
  }
  join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(table()->live_rows(), static_cast<uint64_t>(kThreads * kLoads));
  server_.restart();
  EXPECT_EQ(test::lines_of(*table()).size(), static_cast<size_t>(kThreads * kLoads));
}

}  // namespace
}  // namespace freshet::storage
