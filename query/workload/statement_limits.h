#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/session_state.h"
#include "query/workload/query_lanes.h"

namespace freshet::query {

/// What of a statement its limits depend on.
struct LimitedStatement {
  std::string_view text;  ///< for its hints
  bool is_write = false;
  std::chrono::steady_clock::time_point began;
};

/// Group and time limit of a statement: a hint goes before the session's variable, that before what the user's or the
/// server's default is. Of several time limits the shortest holds: query_timeout (seconds) and max_execution_time
/// (milliseconds) for queries, insert_timeout for statements that write, and the group's query_timeout for both; 0 = none.
/// NotFound for a group that does not exist (any more).
Result<StatementLimits> statement_limits(const SessionState& session, const WorkloadGroups& groups,
                                         const LimitedStatement& statement);

/// What these variables begin with.
VariableMap limit_variables(const TimeLimits& limits);
/// Checks a value for one of these variables before it is SET; every value of another one passes.
Status check_limit_variable(const std::string& name, const std::string& value, const WorkloadGroups& groups);

/// The variables that the statement's hint sets for it: `SELECT /*+ SET_VAR(query_timeout=5, x='y') */ ...`, and MySQL's
/// `/*+ MAX_EXECUTION_TIME(5000) */`. Names in lower case. Other hints are passed over.
std::vector<std::pair<std::string, std::string>> hinted_variables(std::string_view statement);

}  // namespace freshet::query
