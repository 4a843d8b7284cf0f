#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/types/partition_map.h"

/// Doris's dynamic partitions: RANGE partitions of one time column that are made ahead of time and dropped when they are
/// old.
namespace freshet {

/// Partitions that the rule of one table keeps ready; Doris's max_dynamic_partition_num.
inline constexpr int64_t kMaxDynamicPartitions = 500;
inline constexpr std::string_view kDynamicPartitionFamily = "dynamic_partition.";

/// What the properties dynamic_partition.* say.
struct DynamicPartitionRule {
  PartitionUnit unit = PartitionUnit::kDay;
  std::optional<int64_t> start;  ///< units before now (negative) from which partitions stay; nothing = they all stay
  int64_t end = 0;               ///< units after now up to which partitions are made
  std::string prefix;
  uint32_t buckets = 0;         ///< 0 = as the table says
  int64_t offset_micros = 0;    ///< of the time zone
  int64_t history = 0;          ///< units before now that are made too
  int64_t first_day_shift = 0;  ///< days from Monday, or from the first of the month, on which units begin
};

/// The rule of a table; nothing when dynamic_partition.enable is not "true". InvalidArgument names what is wrong with a
/// property, or why the table cannot have dynamic partitions.
Result<std::optional<DynamicPartitionRule>> dynamic_partition_rule(const TableSchema& schema, const PartitionScheme& scheme);

struct DynamicPartitionPlan {
  std::vector<PartitionDefinition> added;
  std::vector<PartitionId> dropped;
  bool is_empty() const { return added.empty() && dropped.empty(); }
};

/// What the table lacks and what is too old at this time (UTC). Ranges that any partition covers in part are left alone.
Result<DynamicPartitionPlan> plan_dynamic_partitions(const DynamicPartitionRule& rule, const TableSchema& schema,
                                                     const PartitionMap& partitions, int64_t now_unix_micros);

}  // namespace freshet
