#include "query/workload/group_statements.h"

#include "query/dialect/tokenizer.h"

namespace freshet::query {

Status run_change_workload_group(const ChangeWorkloadGroup& change, WorkloadGroups& groups, ResultWriter& out) {
  Status status;
  switch (change.action) {
    case WorkloadGroupAction::kCreate: status = groups.create(change.name, change.properties, change.if_fits); break;
    case WorkloadGroupAction::kAlter: status = groups.alter(change.name, change.properties); break;
    case WorkloadGroupAction::kDrop: status = groups.drop(change.name, change.if_fits); break;
  }
  return status.ok() ? out.ok({}) : status;
}

Status run_set_user_properties(const SetUserProperties& set, const SessionState& session, WorkloadGroups& groups,
                               ResultWriter& out) {
  for (const auto& [name, value] : set.properties) {
    if (!equals_word(name, "DEFAULT_WORKLOAD_GROUP")) {
      return Status::Unsupported("Property {} of users is not supported: default_workload_group is", name);
    }
  }
  const std::string& user = set.user.empty() ? session.identity.user : set.user;
  for (const auto& [name, value] : set.properties) FRESHET_RETURN_IF_ERROR(groups.set_default_group(user, value));
  return out.ok({});
}

std::vector<std::vector<TextCell>> workload_group_rows(const WorkloadGroups& groups) {
  std::vector<std::vector<TextCell>> rows;
  for (const WorkloadGroupPtr& group : groups.all()) {
    std::vector<TextCell>& row = rows.emplace_back();
    for (std::string& value : workload_group_row(*group)) row.emplace_back(std::move(value));
  }
  return rows;
}

}  // namespace freshet::query
