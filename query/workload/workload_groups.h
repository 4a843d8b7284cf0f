#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "query/workload/workload_group.h"
#include "storage/engine/storage_engine.h"

namespace freshet::query {

using WorkloadGroupPtr = std::shared_ptr<const WorkloadGroup>;

/// The workload groups of the server, and which users belong to which by default. Stored as records; the group `normal` is
/// always there, with the values of the configuration where ALTER has not given others. Any thread.
class WorkloadGroups {
 public:
  /// `normal`: the values of that group. `processors`: of the machine.
  static Result<std::unique_ptr<WorkloadGroups>> open(storage::StorageEngine& storage, WorkloadGroup normal,
                                                      uint32_t processors);

  /// NotFound "Workload group 'x' does not exist"; the empty name means `normal`.
  Result<WorkloadGroupPtr> find(std::string_view name) const;
  /// By id.
  std::vector<WorkloadGroupPtr> all() const;
  uint32_t processors() const { return processors_; }

  // Each is durable when it returns.
  Status create(const std::string& name, const Properties& properties, bool if_not_exists);
  Status alter(const std::string& name, const Properties& properties);
  /// InvalidArgument for `normal`, and while a user belongs to the group by default.
  Status drop(const std::string& name, bool if_exists);

  /// The group of a user's sessions that name none; empty when it has none of its own.
  std::string default_group(const std::string& user) const;
  /// The empty name takes the user's group away.
  Status set_default_group(const std::string& user, const std::string& group);
  /// For a user that is dropped.
  Status forget_user(const std::string& user) { return set_default_group(user, ""); }

  /// Called after each change of a group, in the thread that made it. Set once, before the first change.
  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  WorkloadGroups(storage::StorageEngine& storage, uint32_t processors) : storage_(storage), processors_(processors) {}
  Status load(const WorkloadGroup& normal);
  /// Checks the group beside the others and stores it. REQUIRES: mutex_ is held.
  Status put(WorkloadGroup group);

  storage::StorageEngine& storage_;
  const uint32_t processors_;
  std::function<void()> listener_;
  mutable std::mutex mutex_;  ///< also held while a record is written, so that records and maps change in one order
  std::map<std::string, WorkloadGroupPtr, std::less<>> groups_;  ///< guarded by mutex_
  uint64_t last_id_ = 1;                                         ///< given to a group; guarded by mutex_
  std::map<std::string, std::string> users_;                     ///< user -> group; guarded by mutex_
};

}  // namespace freshet::query
