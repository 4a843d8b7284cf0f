#include "storage/types/dynamic_partition.h"

#include <gtest/gtest.h>

#include "storage/types/partition_time.h"
#include "support/test_partitions.h"

namespace freshet {
namespace {

using Names = std::vector<std::string>;

int64_t time_at(const std::string& text) {
  Column time(DataType{.kind = TypeKind::kDateTime});
  EXPECT_EQ(append_text(time, text), TextError::kNone) << text;
  return time.values<int64_t>()[0];
}
std::string text_of(int64_t micros) {
  std::string text;
  format_datetime(micros, 0, text);
  return text;
}

TEST(PartitionTime, UnitsBeginWhereTheCalendarSays) {
  const int64_t time = time_at("2024-02-29 13:45:59");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kHour, time)), "2024-02-29 13:00:00");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kDay, time)), "2024-02-29 00:00:00");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kWeek, time)), "2024-02-26 00:00:00");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kMonth, time)), "2024-02-01 00:00:00");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kQuarter, time)), "2024-01-01 00:00:00");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kYear, time)), "2024-01-01 00:00:00");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kDay, time_at("1969-12-31 23:59:59"))), "1969-12-31 00:00:00");
  EXPECT_EQ(text_of(truncate_time(PartitionUnit::kWeek, time_at("1970-01-01 00:00:00"))), "1969-12-29 00:00:00");
}

TEST(PartitionTime, StepsFollowMonthsAndLeapYears) {
  EXPECT_EQ(text_of(add_time(PartitionUnit::kMonth, time_at("2024-01-31"), 1)), "2024-02-29 00:00:00");
  EXPECT_EQ(text_of(add_time(PartitionUnit::kMonth, time_at("2024-01-31"), -2)), "2023-11-30 00:00:00");
  EXPECT_EQ(text_of(add_time(PartitionUnit::kYear, time_at("2024-02-29"), 1)), "2025-02-28 00:00:00");
  EXPECT_EQ(text_of(add_time(PartitionUnit::kQuarter, time_at("2024-10-01"), 1)), "2025-01-01 00:00:00");
  const PartitionBounds last = time_bounds({.kind = TypeKind::kDate}, time_at("9999-12-01"),
                                           add_time(PartitionUnit::kMonth, time_at("9999-12-01"), 1));
  EXPECT_TRUE(last.high.empty()) << "there is no date beyond";
}

TEST(PartitionTime, NamesAreThoseOfDoris) {
  const int64_t time = time_at("2024-12-30 17:00:00");
  EXPECT_EQ(time_partition_name("p", PartitionUnit::kHour, time), "p2024123017");
  EXPECT_EQ(time_partition_name("p", PartitionUnit::kDay, time), "p20241230");
  EXPECT_EQ(time_partition_name("p", PartitionUnit::kWeek, time_at("2024-12-30")), "p2025_01");
  EXPECT_EQ(time_partition_name("p", PartitionUnit::kMonth, time), "p202412");
  EXPECT_EQ(time_partition_name("p", PartitionUnit::kYear, time), "p2024");
}

TEST(AutoPartition, MakesTheUnitOrTheValue) {
  const TableSchema schema = test::partitioned_schema();
  PartitionScheme scheme{PartitionKind::kRange, {ColumnId(1)}, true, PartitionUnit::kMonth};
  const auto month = auto_partition(schema, scheme, test::bound({"2024-02-29"}));
  ASSERT_TRUE(month.ok()) << month.status().to_string();
  EXPECT_EQ(month->name, "p20240201000000");
  EXPECT_EQ(bounds_text(scheme, month->bounds), "VALUES [(\"2024-02-01\"), (\"2024-03-01\"))");
  EXPECT_FALSE(auto_partition(schema, scheme, test::bound({"NULL"})).ok());
  scheme = {PartitionKind::kList, {ColumnId(3)}, true, PartitionUnit::kNone};
  EXPECT_EQ(auto_partition(schema, scheme, test::bound({"Sao Paulo"}))->name, "pSao_Paulo9");
  EXPECT_EQ(auto_partition(schema, scheme, test::bound({"NULL"}))->name, "pX");
}

/// A table of days with these partitions and properties at noon of 2024-03-10.
struct DynamicCase {
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<Partition> partitions;

  Result<DynamicPartitionPlan> plan(const std::string& now = "2024-03-10 12:00:00") const {
    TableSchema schema = test::partitioned_schema();
    for (const auto& [name, value] : properties) schema.properties.emplace_back("dynamic_partition." + name, value);
    const PartitionScheme scheme{PartitionKind::kRange, {ColumnId(1)}, false, PartitionUnit::kNone};
    FRESHET_ASSIGN_OR_RETURN(const auto map, PartitionMap::make(schema, scheme, partitions));
    FRESHET_ASSIGN_OR_RETURN(const auto rule, dynamic_partition_rule(schema, scheme));
    if (!rule) return DynamicPartitionPlan{};
    return plan_dynamic_partitions(*rule, schema, *map, time_at(now));
  }
  Names added(const std::string& now = "2024-03-10 12:00:00") const {
    const auto made = plan(now);
    if (!made.ok()) return {made.status().message()};
    Names names;
    for (const PartitionDefinition& partition : made->added) names.push_back(partition.name);
    return names;
  }
};

const std::vector<std::pair<std::string, std::string>> kDaily{
    {"enable", "true"}, {"time_unit", "DAY"}, {"start", "-2"}, {"end", "2"}, {"prefix", "p"}};

DynamicCase with(std::vector<std::pair<std::string, std::string>> more) {
  DynamicCase made{kDaily, {}};
  for (auto& property : more) {
    std::erase_if(made.properties, [&](const auto& old) { return old.first == property.first; });
    made.properties.push_back(std::move(property));
  }
  return made;
}

TEST(DynamicPartitions, AreMadeAheadAndOnceAlone) {
  EXPECT_EQ(with({}).added(), (Names{"p20240310", "p20240311", "p20240312"}));
  DynamicCase some = with({});
  some.partitions = {test::range("mine", {"2024-03-10"}, {"2024-03-11"}, 1)};
  EXPECT_EQ(some.added(), (Names{"p20240311", "p20240312"}));
  some.partitions = {test::range("wide", {"2024-03-01"}, {"2024-03-12"}, 1)};
  EXPECT_EQ(some.added(), (Names{"p20240312"}));
  EXPECT_EQ(with({{"enable", "false"}}).added(), Names());
}

TEST(DynamicPartitions, HistoryIsMadeWhenAsked) {
  EXPECT_EQ(with({{"create_history_partition", "true"}}).added(),
            (Names{"p20240308", "p20240309", "p20240310", "p20240311", "p20240312"}));
  EXPECT_EQ(with({{"create_history_partition", "true"}, {"history_partition_num", "1"}}).added(),
            (Names{"p20240309", "p20240310", "p20240311", "p20240312"}));
}

TEST(DynamicPartitions, OldOnesGoWhenAllOfThemIsOld) {
  DynamicCase some = with({});
  some.partitions = {test::range("old", {"2024-03-06"}, {"2024-03-07"}, 1),
                     test::range("just_old", {"2024-03-07"}, {"2024-03-08"}, 3),
                     test::range("kept", {"2024-03-08"}, {"2024-03-09"}, 5)};
  const auto plan = some.plan();
  ASSERT_TRUE(plan.ok()) << plan.status().to_string();
  EXPECT_EQ(plan->dropped, (std::vector{PartitionId(1), PartitionId(3)}));
  some.properties = kDaily;
  std::erase_if(some.properties, [](const auto& property) { return property.first == "start"; });
  EXPECT_TRUE(some.plan()->dropped.empty()) << "without a start all stay";
}

TEST(DynamicPartitions, UnitsZonesAndFirstDays) {
  EXPECT_EQ(with({{"time_zone", "+14:00"}, {"end", "1"}}).added(), (Names{"p20240311", "p20240312"}));
  EXPECT_EQ(with({{"time_zone", "-12:30"}, {"end", "1"}}).added(), (Names{"p20240309", "p20240310"}));
  EXPECT_EQ(with({{"time_unit", "MONTH"}, {"end", "1"}}).added(), (Names{"p202403", "p202404"}));
  EXPECT_EQ(with({{"time_unit", "WEEK"}, {"end", "1"}}).added(), (Names{"p2024_10", "p2024_11"}));
  const auto fifteenth = with({{"time_unit", "month"}, {"end", "1"}, {"start_day_of_month", "15"}}).plan();
  ASSERT_TRUE(fifteenth.ok()) << fifteenth.status().to_string();
  EXPECT_EQ(fifteenth->added[0].bounds.low[0].text, "2024-02-15");
  EXPECT_EQ(fifteenth->added[1].bounds.high[0].text, "2024-04-15");
}

TEST(DynamicPartitions, WrongPropertiesAreNamed) {
  const auto problem = [](std::vector<std::pair<std::string, std::string>> more) {
    const auto plan = with(std::move(more)).plan();
    return plan.ok() ? std::string() : plan.status().message();
  };
  EXPECT_NE(problem({{"end", "x"}}).find("dynamic_partition.end"), std::string::npos);
  EXPECT_NE(problem({{"start", "1"}}).find("dynamic_partition.start"), std::string::npos);
  EXPECT_NE(problem({{"time_unit", "HOUR"}}).find("DATETIME"), std::string::npos);
  EXPECT_NE(problem({{"time_unit", "MINUTE"}}).find("time_unit"), std::string::npos);
  EXPECT_NE(problem({{"prefix", ""}}).find("prefix"), std::string::npos);
  EXPECT_NE(problem({{"time_zone", "Mars/Base"}}).find("time_zone"), std::string::npos);
  EXPECT_NE(problem({{"start", "-600"}, {"create_history_partition", "true"}}).find("Limit: 500"), std::string::npos);
}

}  // namespace
}  // namespace freshet
