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

bool commits_in_group(const LoadRequest& request, const TableSchema& schema) {
  if (!request.label.empty() || request.two_phase_commit || request.partial_columns || !request.partitions.empty()) {
    return false;
  }
  return request.group_commit.value_or(table_asks_for_it(schema));
}

}  // namespace freshet::ingest
