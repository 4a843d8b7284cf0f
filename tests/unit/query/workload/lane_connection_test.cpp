#include "query/workload/lane_connection.h"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <thread>

#include "query/workload/processor_shares.h"
#include "support/own_nice.h"
#include "support/storage_server.h"
#include "unit/query/duckdb/snapshot_builder.h"

namespace freshet::query {
namespace {

using Clock = std::chrono::steady_clock;
using test::own_nice;

constexpr int64_t kRows = 300'000;
constexpr const char* kWholeScan = "SELECT sum(id), sum(value) FROM facts";
/// Ten thousand million pairs: nobody waits for their end.
constexpr const char* kEndless = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE a.range * b.range % 7 = 3";
/// Looks small to the planner, since nothing tells how many rows a group has.
constexpr const char* kSlow =
    "SELECT count(*) FROM (SELECT unnest(range(3000000)) AS r) WHERE sha256(r::VARCHAR) LIKE 'abc%'";

class LaneConnectionTest : public testing::Test {
 protected:
  LaneConnectionTest() {
    const DataType number{.kind = TypeKind::kBigInt};
    const SchemaPtr schema = make_schema(TableModel::kUnique, {{"id", number}, {"value", number}});
    builder_.add_database("shop");
    builder_.add_table("shop", "facts", schema, 1);
    Block block = Block::for_schema(*schema);
    for (int64_t id = 0; id < kRows; ++id) {
      block.columns[0].append(id);
      block.columns[1].append(id % 10);
    }
    builder_.add_segment(0, schema, block, {});
    options_.engine.threads = 2;
    options_.engine.temp_directory = folder_.path("spilled");
    std::filesystem::create_directories(options_.engine.temp_directory);
    options_.small_scan_bytes = 1 << 20;
    // Long, so that a busy machine makes no query big.
    options_.small_time = std::chrono::minutes(10);
    options_.prompt_percent = 100;
    groups_ = test::must(WorkloadGroups::open(*storage_, {}, 2));
  }

  LaneConnection& connect() {
    const auto open_engine = [this](const DuckEngineOptions& options) {
      return DuckEngine::open([this] { return builder_.snapshot(); }, {}, options);
    };
    lanes_ = test::must(QueryLanes::open(*groups_, open_engine, options_));
    connection_ = std::make_unique<LaneConnection>(*lanes_, [this]() -> Result<StatementLimits> {
      StatementLimits limits;
      FRESHET_ASSIGN_OR_RETURN(limits.group, groups_->find(group_));
      if (time_.count() != 0) limits.until = Clock::now() + time_;
      limits.limit = "query_timeout is short";
      return limits;
    });
    return *connection_;
  }
  Status run(const std::string& sql) {
    rows_ = TextRows();
    return connection_->query(sql, "shop", rows_);
  }
  /// What a statement answers that is interrupted while it waits in a queue without a free place.
  Status interrupted_in(AdmissionQueue& queue, const char* sql) {
    Status status;
    std::thread waiting([&] { status = run(sql); });
    while (queue.figures().waiting == 0) std::this_thread::yield();
    connection_->interrupt();
    waiting.join();
    connection_->forget_interrupt();
    return status;
  }
  /// Of the thread that gives a query's rows.
  int nice_of_answer(const char* sql) {
    int nice = -1;
    TextRows rows;
    rows.on_row = [&](size_t) {
      nice = own_nice();
      return Status::OK();
    };
    EXPECT_TRUE(connection_->query(sql, "shop", rows).ok());
    return nice;
  }
  AdmissionQueue& queue_of(const std::string& group) { return lanes_->lane_of(test::must(groups_->find(group)))->queue; }

  test::TempDir folder_;
  test::StorageServer storage_{folder_.path("data")};
  SnapshotBuilder builder_;
  QueryLaneOptions options_;
  std::unique_ptr<WorkloadGroups> groups_;
  std::unique_ptr<QueryLanes> lanes_;
  std::unique_ptr<LaneConnection> connection_;
  std::string group_;
  std::chrono::milliseconds time_{0};
  TextRows rows_;
};

TEST_F(LaneConnectionTest, WhatAPlanHasToReadDecides) {
  connect();
  const struct {
    const char* sql;
    bool is_big;
  } cases[] = {
      {"SELECT count(*) FROM facts", false},
      {"SELECT * FROM facts LIMIT 10", false},
      {"SELECT * FROM facts LIMIT 10 OFFSET 200000", true},
      {"SELECT sum(value) FROM facts WHERE id BETWEEN 10 AND 20", false},
      {"SELECT sum(value) FROM facts WHERE id = 20", false},
      {kWholeScan, true},
      {"SELECT value, count(*) FROM facts GROUP BY value", true},
      {"SELECT * FROM facts WHERE value = 3 LIMIT 10", true},
      {"SELECT count(*) FROM range(1000) a, range(10) b", false},
      {"SELECT count(*) FROM facts a, facts b WHERE a.id < 1000 AND b.id < 1000 AND a.value < b.value", true},
  };
  for (const auto& each : cases) {
    EXPECT_TRUE(run(each.sql).ok()) << each.sql;
    EXPECT_EQ(connection_->ran_big(), each.is_big) << each.sql;
  }
  EXPECT_EQ(queue_of("normal").figures().running, 0u);
  EXPECT_EQ(lanes_->small_figures().queue.running, 0u);
}

TEST_F(LaneConnectionTest, BothLanesAnswerTheSame) {
  connect();
  ASSERT_TRUE(run(kWholeScan).ok());
  EXPECT_EQ(rows_.sorted_lines(), std::vector<std::string>{"44999850000|1350000|"});
  ASSERT_TRUE(run("SELECT sum(id) FROM facts WHERE id < 10").ok());
  EXPECT_EQ(rows_.sorted_lines(), std::vector<std::string>{"45|"});
}

TEST_F(LaneConnectionTest, WhatWasBigIsTriedThereFirstUnlessItHadToWait) {
  test::must(groups_->create("one", {{"max_concurrency", "1"}}, false));
  group_ = "one";
  connect();
  const auto small_ones = [&] { return lanes_->small_figures().queue.admitted; };
  for (const uint64_t expected : {1, 1, 1}) {
    ASSERT_TRUE(run(kWholeScan).ok());
    EXPECT_TRUE(connection_->ran_big());
    EXPECT_EQ(small_ones(), expected);
  }
  const uint64_t key = BigTexts::key_of("SELECT 1", "shop");
  lanes_->big_texts().add(key);
  ASSERT_TRUE(queue_of("one").try_enter());
  ASSERT_TRUE(run("SELECT 1").ok()) << "the group's only place is taken";
  EXPECT_FALSE(connection_->ran_big());
  queue_of("one").leave();
  ASSERT_TRUE(run("SELECT 1").ok());
  EXPECT_TRUE(connection_->ran_big());
  EXPECT_FALSE(lanes_->big_texts().contains(key)) << "it is small now";
  const Parameter ten = int64_t{10};
  for (int i = 0; i < 2; ++i) {
    const uint64_t before = small_ones();
    TextRows rows;
    ASSERT_TRUE(
        connection_->query_with_parameters("SELECT sum(value) FROM facts WHERE id >= ?", "shop", {&ten, 1}, rows).ok());
    EXPECT_EQ(small_ones(), before + 1) << "what it reads depends on its parameters";
  }
}

TEST_F(LaneConnectionTest, BigQueriesYield) {
  connect();
  const int own = own_nice();
  EXPECT_EQ(nice_of_answer(kWholeScan), own + kYieldingNice);
  EXPECT_EQ(nice_of_answer("SELECT 1"), own);
}

TEST_F(LaneConnectionTest, SmallQueriesYieldWhenTheirPromptTimeIsOver) {
  connect();
  const int own = own_nice();
  EXPECT_EQ(nice_of_answer("SELECT 1"), own);
  lanes_->prompt_time().take(std::chrono::hours(1));
  EXPECT_EQ(nice_of_answer("SELECT 1"), own + kYieldingNice);
  EXPECT_FALSE(connection_->ran_big());
  EXPECT_EQ(lanes_->yielding_figures().admitted, 1u);
}

TEST_F(LaneConnectionTest, SmallQueriesThatDoNotYieldTakeOfThePromptTime) {
  options_.prompt_percent = 1;
  connect();
  rows_.on_row = [](size_t) {
    const std::clock_t until = std::clock() + CLOCKS_PER_SEC / 10;
    while (std::clock() < until) {
    }
    return Status::OK();
  };
  ASSERT_TRUE(connection_->query("SELECT 1", "shop", rows_).ok());
  EXPECT_FALSE(lanes_->prompt_time().has_left()) << "20 ms of two processors are all that is saved up";
}

TEST_F(LaneConnectionTest, SmallQueriesThatYieldHaveAPlaceUntilTheyAnswer) {
  options_.prompt_percent = 0;
  options_.yielding_concurrency = 1;
  connect();
  AdmissionQueue& places = lanes_->yielding_queue();
  ASSERT_EQ(places.enter(Clock::time_point::max(), [] { return false; }), AdmissionQueue::Outcome::kAdmitted);
  time_ = std::chrono::milliseconds(20);
  const Status late = run("SELECT 1");
  EXPECT_EQ(late.code(), StatusCode::kTimeout);
  EXPECT_NE(late.message().find("query.yielding_concurrency"), std::string::npos) << late.message();
  time_ = std::chrono::milliseconds(0);

  EXPECT_EQ(interrupted_in(places, "SELECT 1").code(), StatusCode::kCancelled);

  places.leave();
  uint64_t running = 1;
  rows_.on_row = [&](size_t) {
    running = places.figures().running;
    return Status::OK();
  };
  ASSERT_TRUE(connection_->query("SELECT 1", "shop", rows_).ok());
  EXPECT_EQ(running, 0u) << "whoever is slow to take an answer is in nobody's way";
}

TEST_F(LaneConnectionTest, AQueryThatIsNotDoneInTimeBeginsAgainAsABigOne) {
  options_.small_time = std::chrono::milliseconds(30);
  connect();
  ASSERT_TRUE(run(kSlow).ok());
  EXPECT_TRUE(connection_->ran_big());
  EXPECT_EQ(rows_.rows().size(), 1u);
  ASSERT_TRUE(run("SELECT 1").ok()) << "nothing of it is left";
  EXPECT_FALSE(connection_->ran_big());
  const uint64_t small_ones = lanes_->small_figures().queue.admitted;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(run(kSlow).ok());
    EXPECT_TRUE(connection_->ran_big());
  }
  EXPECT_EQ(lanes_->small_figures().queue.admitted, small_ones) << "it does not begin there in vain again";
}

TEST_F(LaneConnectionTest, AQueryThatHasBegunToAnswerStaysWhereItIs) {
  options_.small_time = std::chrono::milliseconds(1000);
  connect();
  rows_.on_row = [&](size_t row) {
    if (row == 1) std::this_thread::sleep_for(options_.small_time + 5 * DeadlineWatch::kTick);
    return Status::OK();
  };
  ASSERT_TRUE(connection_->query("SELECT id FROM facts WHERE id < 100", "shop", rows_).ok());
  EXPECT_FALSE(connection_->ran_big());
  EXPECT_EQ(rows_.rows().size(), 100u);
}

TEST_F(LaneConnectionTest, WhatFindsNoMemoryAmongSmallQueriesHasThatOfItsGroup) {
  options_.small_memory_bytes = 8 << 20;
  options_.small_scan_bytes = 1ull << 40;
  connect();
  ASSERT_TRUE(run("SELECT count(*) FROM (SELECT DISTINCT id, value FROM facts)").ok());
  EXPECT_TRUE(connection_->ran_big());
  EXPECT_EQ(rows_.sorted_lines(), std::vector<std::string>{"300000|"});
}

TEST_F(LaneConnectionTest, BeyondTheMemoryOfItsGroupAQuerySpills) {
  options_.memory_bytes = 64 << 20;
  connect();
  // The rows to sort are more than twice the limit.
  const Status status = run(
      "SELECT count(*), max(v) FROM (SELECT id, md5(id::VARCHAR) AS v FROM facts, range(8) ORDER BY v, id LIMIT 5000000)");
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(rows_.rows().front().front(), "2400000");
}

TEST_F(LaneConnectionTest, WithoutRoomToSpillItFailsAloneAndSaysWhy) {
  options_.memory_bytes = 24 << 20;
  options_.engine.temp_bytes = 1 << 20;
  connect();
  const Status status =
      run("SELECT count(*) FROM (SELECT DISTINCT a.id, b.id FROM facts a, range(20) b(id) WHERE hash(a.id, b.id) % 2 = 0)");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.to_string();
  EXPECT_NE(status.message().find("workload group normal"), std::string::npos) << status.message();
  ASSERT_TRUE(run(kWholeScan).ok());
}

TEST_F(LaneConnectionTest, ATimeLimitEndsBigAndSmallOnes) {
  connect();
  time_ = std::chrono::milliseconds(50);
  for (const char* sql : {kEndless, kSlow}) {
    const Status status = run(sql);
    EXPECT_EQ(status.code(), StatusCode::kTimeout) << status.to_string();
    EXPECT_NE(status.message().find("query_timeout is short"), std::string::npos);
  }
  time_ = std::chrono::milliseconds(0);
  EXPECT_FALSE(connection_->is_interrupted());
  EXPECT_TRUE(run("SELECT 1").ok());
}

TEST_F(LaneConnectionTest, SmallOnesDoNotWaitForBigOnes) {
  test::must(groups_->create("one", {{"max_concurrency", "1"}, {"max_queue_size", "3"}, {"queue_timeout", "20"}}, false));
  group_ = "one";
  connect();
  AdmissionQueue& queue = queue_of("one");
  ASSERT_EQ(queue.enter(Clock::time_point::max(), [] { return false; }), AdmissionQueue::Outcome::kAdmitted);
  ASSERT_TRUE(run("SELECT sum(value) FROM facts WHERE id < 100").ok());
  const Status late = run(kWholeScan);
  EXPECT_EQ(late.code(), StatusCode::kTimeout);
  EXPECT_NE(late.message().find("queue_timeout of workload group one is 20 ms"), std::string::npos) << late.message();
  test::must(groups_->alter("one", {{"max_queue_size", "0"}}));
  const Status refused = run(kWholeScan);
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(refused.message().find("max_concurrency"), std::string::npos) << refused.message();
  group_ = "normal";
  EXPECT_TRUE(run(kWholeScan).ok()) << "groups do not wait for each other";
  queue.leave();
  group_ = "one";
  EXPECT_TRUE(run(kWholeScan).ok());
}

TEST_F(LaneConnectionTest, AnInterruptReachesWhoWaitsAndWhoRuns) {
  test::must(groups_->create("one", {{"max_concurrency", "1"}, {"max_queue_size", "3"}}, false));
  group_ = "one";
  connect();
  AdmissionQueue& queue = queue_of("one");
  ASSERT_EQ(queue.enter(Clock::time_point::max(), [] { return false; }), AdmissionQueue::Outcome::kAdmitted);
  EXPECT_EQ(interrupted_in(queue, kWholeScan).code(), StatusCode::kCancelled);

  queue.leave();
  Status status;
  std::thread running([&] { status = run(kEndless); });
  while (queue.figures().running == 0) std::this_thread::yield();
  connection_->interrupt();
  running.join();
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  connection_->forget_interrupt();
  EXPECT_TRUE(run(kWholeScan).ok());
}

TEST_F(LaneConnectionTest, ChangesOfAGroupHoldForItsNextQueries) {
  test::must(groups_->create("few", {{"memory_limit", "10%"}, {"enable_memory_overcommit", "false"}}, false));
  group_ = "few";
  connect();
  ASSERT_TRUE(run(kWholeScan).ok());
  const auto limit = [&] { return lanes_->group_figures().back().usage.memory_limit_bytes; };
  EXPECT_EQ(limit(), options_.memory_bytes / 10);
  test::must(groups_->alter("few", {{"memory_limit", "20%"}, {"cpu_hard_limit", "50"}}));
  ASSERT_TRUE(run(kWholeScan).ok());
  EXPECT_EQ(limit(), options_.memory_bytes / 5);
  test::must(groups_->drop("few", false));
  EXPECT_EQ(run(kWholeScan).code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace freshet::query
