#include "query/workload/workload_groups.h"

#include <algorithm>

#include "storage/meta/record_seal.h"

namespace freshet::query {
namespace {

constexpr const char* kGroupRecord = "workload_group";
constexpr const char* kUserRecord = "workload_group_user";
constexpr uint8_t kUserRecordVersion = 1;
constexpr size_t kMostGroups = 100;

Status unknown(std::string_view name) { return Status::NotFound("Workload group '{}' does not exist", name); }

}  // namespace

Result<std::unique_ptr<WorkloadGroups>> WorkloadGroups::open(storage::StorageEngine& storage, WorkloadGroup normal,
                                                             uint32_t processors) {
  normal.id = 1;
  normal.name = kNormalGroup;
  std::unique_ptr<WorkloadGroups> groups(new WorkloadGroups(storage, processors));
  FRESHET_RETURN_IF_ERROR(groups->load(normal));
  return groups;
}

Status WorkloadGroups::load(const WorkloadGroup& normal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  groups_[normal.name] = std::make_shared<WorkloadGroup>(normal);
  FRESHET_ASSIGN_OR_RETURN(const auto groups, storage_.list_records(kGroupRecord));
  for (const auto& [name, bytes] : groups) {
    FRESHET_ASSIGN_OR_RETURN(WorkloadGroup group,
                             decode_workload_group(bytes, name == kNormalGroup ? normal : WorkloadGroup()));
    last_id_ = std::max(last_id_, group.id);
    groups_[name] = std::make_shared<WorkloadGroup>(std::move(group));
  }
  FRESHET_ASSIGN_OR_RETURN(const auto users, storage_.list_records(kUserRecord));
  for (const auto& [user, bytes] : users) {
    FRESHET_ASSIGN_OR_RETURN(ByteReader in, storage::unseal(bytes, "workload group of a user", kUserRecordVersion));
    users_[user] = in.length_prefixed();
    FRESHET_RETURN_IF_ERROR(storage::check_end(in, "workload group of a user"));
  }
  return Status::OK();
}

Result<WorkloadGroupPtr> WorkloadGroups::find(std::string_view name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = groups_.find(name.empty() ? kNormalGroup : name);
  if (found == groups_.end()) return unknown(name);
  return found->second;
}

std::vector<WorkloadGroupPtr> WorkloadGroups::all() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<WorkloadGroupPtr> groups;
  for (const auto& [name, group] : groups_) groups.push_back(group);
  std::ranges::sort(groups, {}, [](const WorkloadGroupPtr& group) { return group->id; });
  return groups;
}

Status WorkloadGroups::put(WorkloadGroup group) {
  std::vector<WorkloadGroup> all{group};
  for (const auto& [name, other] : groups_) {
    if (name != group.name) all.push_back(*other);
  }
  FRESHET_RETURN_IF_ERROR(check_groups(all, processors_));
  FRESHET_RETURN_IF_ERROR(storage_.put_record(kGroupRecord, group.name, encode_workload_group(group)));
  const std::string name = group.name;
  groups_[name] = std::make_shared<WorkloadGroup>(std::move(group));
  return Status::OK();
}

Status WorkloadGroups::create(const std::string& name, const Properties& properties, bool if_not_exists) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (groups_.contains(name)) {
      return if_not_exists ? Status::OK() : Status::AlreadyExists("workload group {} already exist.", name);
    }
    if (groups_.size() >= kMostGroups) {
      return Status::ResourceExhausted("there are {} workload groups, the limit; drop one first", groups_.size());
    }
    WorkloadGroup group;
    group.name = name;
    group.id = last_id_ + 1;
    FRESHET_RETURN_IF_ERROR(apply_properties(group, properties));
    FRESHET_RETURN_IF_ERROR(put(std::move(group)));
    ++last_id_;
  }
  if (listener_) listener_();
  return Status::OK();
}

Status WorkloadGroups::alter(const std::string& name, const Properties& properties) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = groups_.find(name);
    if (found == groups_.end()) return unknown(name);
    WorkloadGroup group = *found->second;
    FRESHET_RETURN_IF_ERROR(apply_properties(group, properties));
    FRESHET_RETURN_IF_ERROR(put(std::move(group)));
  }
  if (listener_) listener_();
  return Status::OK();
}

Status WorkloadGroups::drop(const std::string& name, bool if_exists) {
  if (name == kNormalGroup) return Status::InvalidArgument("Dropping default workload group {} is not allowed", name);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!groups_.contains(name)) return if_exists ? Status::OK() : unknown(name);
    for (const auto& [user, group] : users_) {
      if (group != name) continue;
      return Status::InvalidArgument(
          "workload group {} is set for user {}; SET PROPERTY FOR '{}' 'default_workload_group' = '' first", name, user,
          user);
    }
    FRESHET_RETURN_IF_ERROR(storage_.erase_record(kGroupRecord, name));
    groups_.erase(name);
  }
  if (listener_) listener_();
  return Status::OK();
}

std::string WorkloadGroups::default_group(const std::string& user) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = users_.find(user);
  return found == users_.end() ? std::string() : found->second;
}

Status WorkloadGroups::set_default_group(const std::string& user, const std::string& group) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (group.empty()) {
    if (!users_.contains(user)) return Status::OK();
    FRESHET_RETURN_IF_ERROR(storage_.erase_record(kUserRecord, user));
    users_.erase(user);
    return Status::OK();
  }
  if (!groups_.contains(group)) return unknown(group);
  std::string record = storage::begin_record(kUserRecordVersion);
  put_length_prefixed(record, group);
  FRESHET_RETURN_IF_ERROR(storage_.put_record(kUserRecord, user, storage::seal(std::move(record))));
  users_[user] = group;
  return Status::OK();
}

}  // namespace freshet::query
