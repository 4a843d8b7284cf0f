#include "query/workload/workload_groups.h"

#include <gtest/gtest.h>

#include "query/catalogue/catalogue_table.h"
#include "query/dialect/tokenizer.h"
#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::query {
namespace {

constexpr uint32_t kProcessors = 4;

class WorkloadGroupsTest : public testing::Test {
 protected:
  WorkloadGroupsTest() { open(); }

  void open() {
    groups_.reset();
    WorkloadGroup normal;
    normal.max_concurrency = 6;
    groups_ = test::must(WorkloadGroups::open(*storage_, normal, kProcessors));
  }
  void restart() {
    groups_.reset();
    storage_.restart();
    open();
  }
  std::string refusal(const Properties& properties) {
    const Status status = groups_->create("refused", properties, false);
    EXPECT_FALSE(groups_->find("refused").ok());
    return status.message();
  }

  test::TempDir folder_;
  test::StorageServer storage_{folder_.path("data")};
  std::unique_ptr<WorkloadGroups> groups_;
};

TEST_F(WorkloadGroupsTest, NormalIsThereAndIsWhatNoNameMeans) {
  EXPECT_EQ(test::must(groups_->find(""))->name, "normal");
  EXPECT_EQ(test::must(groups_->find("normal"))->max_concurrency, 6u);
  EXPECT_EQ(groups_->drop("normal", true).code(), StatusCode::kInvalidArgument);
}

TEST_F(WorkloadGroupsTest, DefinitionsAndUsersSurviveARestart) {
  test::must(groups_->create("etl",
                             {{"CPU_SHARE", "256"},
                              {"memory_limit", "30%"},
                              {"enable_memory_overcommit", "false"},
                              {"max_concurrency", "2"},
                              {"max_queue_size", "5"},
                              {"queue_timeout", "1500"},
                              {"cpu_hard_limit", "50%"},
                              {"scan_thread_num", "3"},
                              {"query_timeout", "60"}},
                             false));
  test::must(groups_->alter("normal", {{"max_concurrency", "9"}}));
  test::must(groups_->create("other", {}, false));
  test::must(groups_->set_default_group("ann", "etl"));
  restart();
  const WorkloadGroupPtr etl = test::must(groups_->find("etl"));
  EXPECT_EQ(etl->cpu_share, 256u);
  EXPECT_EQ(etl->memory_limit_percent, 30);
  EXPECT_FALSE(etl->memory_overcommit);
  EXPECT_EQ(etl->max_concurrency, 2u);
  EXPECT_EQ(etl->max_queue_size, 5u);
  EXPECT_EQ(etl->queue_timeout_milliseconds, 1500u);
  EXPECT_EQ(etl->cpu_hard_limit_percent, 50u);
  EXPECT_EQ(processors_of(*etl, kProcessors), 2u);
  EXPECT_EQ(etl->scan_thread_num, 3u);
  EXPECT_EQ(etl->query_timeout_seconds, 60u);
  EXPECT_EQ(test::must(groups_->find("normal"))->max_concurrency, 9u);
  EXPECT_EQ(groups_->default_group("ann"), "etl");
  EXPECT_EQ(groups_->all().size(), 3u);
  EXPECT_EQ(groups_->all()[1]->name, "etl") << "by id";
}

TEST_F(WorkloadGroupsTest, AnAlterThatFailsChangesNothing) {
  test::must(groups_->create("etl", {{"max_concurrency", "2"}}, false));
  EXPECT_FALSE(groups_->alter("etl", {{"max_concurrency", "3"}, {"memory_limit", "many"}}).ok());
  EXPECT_EQ(test::must(groups_->find("etl"))->max_concurrency, 2u);
  EXPECT_EQ(groups_->alter("missing", {}).code(), StatusCode::kNotFound);
}

TEST_F(WorkloadGroupsTest, WhatCannotBeKeptIsRefusedWithTheReason) {
  EXPECT_EQ(refusal({{"cpu_sharee", "1"}}), "Property cpu_sharee is not supported.");
  EXPECT_NE(refusal({{"cpu_share", "0"}}).find("from 1 to 10000"), std::string::npos);
  EXPECT_NE(refusal({{"memory_limit", "30"}}).find("like 30%"), std::string::npos);
  EXPECT_NE(refusal({{"memory_limit", "0%"}}).find("above 0%"), std::string::npos);
  EXPECT_NE(refusal({{"cpu_hard_limit", "-1%"}}).find("1% to 100%"), std::string::npos);
  EXPECT_NE(refusal({{"cpu_hard_limit", "20%"}}).find("the least is 25%"), std::string::npos);
  EXPECT_NE(refusal({{"max_remote_scan_thread_num", "8"}}).find("disk of this server"), std::string::npos);
  EXPECT_NE(refusal({{"tag", "a"}}).find("one server"), std::string::npos);
  EXPECT_NE(refusal({{"read_bytes_per_second", "1000"}}).find("not limited"), std::string::npos);
  test::must(groups_->create("off", {{"cpu_hard_limit", "-1"}, {"max_remote_scan_thread_num", "-1"}, {"tag", ""}}, false));
}

TEST_F(WorkloadGroupsTest, MemoryLimitsTogetherAreAtMostAll) {
  test::must(groups_->create("half", {{"memory_limit", "50%"}}, false));
  EXPECT_NE(refusal({{"memory_limit", "50.5%"}}).find("100.5%"), std::string::npos);
  test::must(groups_->create("rest", {{"memory_limit", "50%"}}, false));
  test::must(groups_->alter("half", {{"memory_limit", "20.5%"}}));
  EXPECT_EQ(workload_group_row(*test::must(groups_->find("half")))[3], "20.5%");
}

TEST_F(WorkloadGroupsTest, AGroupOfAUserIsNotDropped) {
  test::must(groups_->create("etl", {}, false));
  EXPECT_EQ(groups_->set_default_group("ann", "missing").code(), StatusCode::kNotFound);
  test::must(groups_->set_default_group("ann", "etl"));
  EXPECT_NE(groups_->drop("etl", false).message().find("'ann'"), std::string::npos);
  test::must(groups_->forget_user("ann"));
  test::must(groups_->drop("etl", false));
  test::must(groups_->drop("etl", true));
  EXPECT_EQ(groups_->drop("etl", false).code(), StatusCode::kNotFound);
  restart();
  EXPECT_EQ(groups_->default_group("ann"), "");
  EXPECT_FALSE(groups_->find("etl").ok());
}

TEST_F(WorkloadGroupsTest, ChangesAreTold) {
  int changes = 0;
  groups_->on_change([&] { ++changes; });
  test::must(groups_->create("etl", {}, false));
  test::must(groups_->create("etl", {}, true));
  test::must(groups_->alter("etl", {{"cpu_share", "5"}}));
  test::must(groups_->drop("etl", false));
  EXPECT_EQ(changes, 3);
}

TEST_F(WorkloadGroupsTest, TheCatalogueHasTheColumnsOfShow) {
  const CatalogueTable* table = find_catalogue_table("workload_groups");
  ASSERT_NE(table, nullptr);
  std::vector<std::string> names;
  for (const CatalogueColumn& column : table->columns) names.push_back(to_lower(column.name));
  std::vector<std::string> shown;
  for (const std::string& name : workload_group_columns()) shown.push_back(to_lower(name));
  EXPECT_EQ(names, shown);
  EXPECT_EQ(workload_group_row(*test::must(groups_->find("normal"))).size(), shown.size());
}

TEST(WorkloadGroupRecord, ADamagedOneIsNoticed) {
  WorkloadGroup group;
  group.id = 7;
  group.name = "etl";
  test::must(apply_properties(group, {{"cpu_share", "12"}}));
  std::string bytes = encode_workload_group(group);
  EXPECT_EQ(test::must(decode_workload_group(bytes, WorkloadGroup())).cpu_share, 12u);
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_EQ(decode_workload_group(bytes, WorkloadGroup()).status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace freshet::query
