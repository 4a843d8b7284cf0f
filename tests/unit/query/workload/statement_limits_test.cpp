#include "query/workload/statement_limits.h"

#include <gtest/gtest.h>

#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::query {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

TEST(HintedVariables, AreReadBehindTheFirstWord) {
  EXPECT_EQ(hinted_variables("SELECT /*+ SET_VAR(query_timeout = 5, Workload_Group='etl') */ 1"),
            (Variables{{"query_timeout", "5"}, {"workload_group", "etl"}}));
  EXPECT_EQ(hinted_variables("  insert /*+SET_VAR(insert_timeout=7)*/ into t select 1"),
            (Variables{{"insert_timeout", "7"}}));
  EXPECT_EQ(hinted_variables("SELECT /*+ MAX_EXECUTION_TIME(250) SET_VAR(a=1) */ 1"),
            (Variables{{"max_execution_time", "250"}, {"a", "1"}}));
  EXPECT_EQ(hinted_variables("SELECT 1 /*+ SET_VAR(query_timeout=5) */"), Variables());
  EXPECT_EQ(hinted_variables("SELECT '/*+ SET_VAR(query_timeout=5) */'"), Variables());
  EXPECT_EQ(hinted_variables("SELECT /*+ SET_VAR(query_timeout=5)"), Variables());
  EXPECT_EQ(hinted_variables("SELECT /*+ leading(a b) */ 1"), Variables());
}

class StatementLimitsTest : public testing::Test {
 protected:
  StatementLimitsTest() : groups_(test::must(WorkloadGroups::open(*storage_, {}, 2))) {
    const TimeLimits limits{std::chrono::seconds(100), std::chrono::seconds(200)};
    for (const auto& [name, value] : limit_variables(limits)) session_.variables.set(name, value);
    session_.identity.user = "ann";
  }

  /// Milliseconds that the statement has, -1 for no limit.
  int64_t time_of(const std::string& text, bool is_write = false) {
    const auto began = std::chrono::steady_clock::now();
    const auto limits = statement_limits(session_, *groups_, {text, is_write, began});
    if (!limits.ok()) return -2;
    if (limits->until == std::chrono::steady_clock::time_point::max()) return -1;
    return std::chrono::duration_cast<std::chrono::milliseconds>(limits->until - began).count();
  }
  Result<std::string> group_of(const std::string& text) {
    FRESHET_ASSIGN_OR_RETURN(const StatementLimits limits, statement_limits(session_, *groups_, {text, false, {}}));
    return limits.group->name;
  }

  test::TempDir folder_;
  test::StorageServer storage_{folder_.path("data")};
  std::unique_ptr<WorkloadGroups> groups_;
  SessionState session_;
};

TEST_F(StatementLimitsTest, TheShortestLimitHolds) {
  EXPECT_EQ(time_of("SELECT 1"), 100'000);
  EXPECT_EQ(time_of("UPDATE t SET a = 1", true), 200'000);
  session_.variables.set("max_execution_time", "1500");
  EXPECT_EQ(time_of("SELECT 1"), 1500);
  EXPECT_EQ(time_of("SELECT /*+ SET_VAR(query_timeout=1) */ 1"), 1000);
  EXPECT_EQ(time_of("UPDATE t SET a = 1", true), 200'000) << "MySQL's limit is for queries";
  session_.variables.set("max_execution_time", "0");
  EXPECT_EQ(time_of("SELECT /*+ SET_VAR(query_timeout=0) */ 1"), -1);
  test::must(groups_->alter("normal", {{"query_timeout", "30"}}));
  EXPECT_EQ(time_of("SELECT 1"), 30'000);
  EXPECT_EQ(time_of("UPDATE t SET a = 1", true), 30'000);
  session_.variables.set("query_timeout", "x");
  EXPECT_EQ(time_of("SELECT 1"), -2);
}

TEST_F(StatementLimitsTest, HintThenSessionThenUserThenNormal) {
  for (const char* name : {"a", "b", "c"}) test::must(groups_->create(name, {}, false));
  EXPECT_EQ(test::must(group_of("SELECT 1")), "normal");
  test::must(groups_->set_default_group("ann", "a"));
  EXPECT_EQ(test::must(group_of("SELECT 1")), "a");
  session_.variables.set("workload_group", "b");
  EXPECT_EQ(test::must(group_of("SELECT 1")), "b");
  EXPECT_EQ(test::must(group_of("SELECT /*+ SET_VAR(workload_group=c) */ 1")), "c");
  test::must(groups_->drop("b", false));
  EXPECT_EQ(group_of("SELECT 1").status().code(), StatusCode::kNotFound);
}

TEST_F(StatementLimitsTest, WrongValuesAreRefusedWhenTheyAreSet) {
  EXPECT_TRUE(check_limit_variable("query_timeout", "0", *groups_).ok());
  EXPECT_FALSE(check_limit_variable("query_timeout", "-1", *groups_).ok());
  EXPECT_FALSE(check_limit_variable("max_execution_time", "ten", *groups_).ok());
  EXPECT_FALSE(check_limit_variable("workload_group", "missing", *groups_).ok());
  EXPECT_TRUE(check_limit_variable("workload_group", "", *groups_).ok());
  EXPECT_TRUE(check_limit_variable("anything_else", "x", *groups_).ok());
}

}  // namespace
}  // namespace freshet::query
