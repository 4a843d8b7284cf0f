#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/ddl/statement.h"
#include "storage/base/result.h"

namespace freshet::query {

/// The group of queries that name none.
inline constexpr std::string_view kNormalGroup = "normal";

/// What the big queries of one workload group may take of the server. The values are what holds; `given` is what a statement
/// said, in the form in which it is stored and shown.
struct WorkloadGroup {
  uint64_t id = 0;
  std::string name;
  uint64_t cpu_share = 1024;                ///< weight on the processors beside other groups
  uint32_t cpu_hard_limit_percent = 0;      ///< of all processors; 0 = no limit
  double memory_limit_percent = 0;          ///< of the memory of big queries; 0 = an equal part of what no group has
  bool memory_overcommit = true;            ///< takes memory too that groups without running queries leave
  uint64_t max_concurrency = INT32_MAX;     ///< big queries at once
  uint64_t max_queue_size = 0;              ///< that wait; more are refused
  uint64_t queue_timeout_milliseconds = 0;  ///< 0 = as long as the statement's own time limit
  uint32_t scan_thread_num = 0;             ///< threads of its queries; 0 = the server's setting
  uint64_t query_timeout_seconds = 0;       ///< 0 = only the session's limit
  Properties given;
};

/// Takes properties over into `group`, also into `given`; an empty value changes nothing, as in Doris. InvalidArgument for
/// unknown names and wrong values; Unsupported, with the reason, for what Doris knows and Freshet cannot keep, unless the
/// value asks for nothing (-1).
Status apply_properties(WorkloadGroup& group, const Properties& properties);

/// What each group must keep to beside others: InvalidArgument when memory limits are more than the whole, or when a CPU
/// limit is less than one of `processors`.
Status check_groups(std::span<const WorkloadGroup> groups, uint32_t processors);

/// The processors that a CPU limit leaves of `processors`, at least one; 0 = no limit.
uint32_t processors_of(const WorkloadGroup& group, uint32_t processors);

/// Doris's columns of SHOW WORKLOAD GROUPS and of information_schema.workload_groups, without the numbers of queries.
std::vector<std::string> workload_group_columns();
std::vector<std::string> workload_group_row(const WorkloadGroup& group);

/// The record of a group: what was given for it.
std::string encode_workload_group(const WorkloadGroup& group);
/// `defaults`: a group's values where nothing was given.
Result<WorkloadGroup> decode_workload_group(std::string_view bytes, const WorkloadGroup& defaults);

}  // namespace freshet::query
