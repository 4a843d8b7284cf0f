#include "ingest/group_commit.h"

#include <algorithm>

namespace freshet::ingest {
namespace {

constexpr std::string_view kProperty = "group_commit_mode";

bool table_asks_for_it(const TableSchema& schema) {
  return std::any_of(schema.properties.begin(), schema.properties.end(), [](const auto& property) {
    return property.first == kProperty && (property.second == "sync_mode" || property.second == "async_mode");
  });
}

}  // namespace

bool may_commit_in_group(const LoadRequest& request) {
  return !request.two_phase_commit && !request.partial_columns && request.partitions.empty();
}

Result<bool> commits_in_group(const LoadRequest& request, const TableSchema& schema) {
  if (!may_commit_in_group(request)) return false;
  if (!request.label.empty()) {
    if (!request.group_commit.value_or(false)) return false;
    return Status::InvalidArgument("label and group_commit can't be set at the same time");
  }
  return request.group_commit.value_or(table_asks_for_it(schema));
}

}  // namespace freshet::ingest
