#pragma once

#include "query/ddl/statement.h"
#include "query/session_state.h"
#include "query/value_cells.h"
#include "query/workload/workload_groups.h"

namespace freshet::query {

Status run_change_workload_group(const ChangeWorkloadGroup& change, WorkloadGroups& groups, ResultWriter& out);
/// `default_workload_group` is the property that users have; others are refused.
Status run_set_user_properties(const SetUserProperties& set, const SessionState& session, WorkloadGroups& groups,
                               ResultWriter& out);
/// The rows of information_schema.workload_groups, by id.
std::vector<std::vector<TextCell>> workload_group_rows(const WorkloadGroups& groups);

}  // namespace freshet::query
