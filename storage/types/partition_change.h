#pragma once

#include <string>
#include <variant>
#include <vector>

#include "storage/types/partition.h"

namespace freshet {

/// What ALTER TABLE does to the partitions of a table, clause by clause.
struct AddPartitions {
  std::vector<PartitionDefinition> partitions;
  bool if_not_exists = false;
};
struct DropPartition {
  std::string name;
  bool if_exists = false;
};
struct RenamePartition {
  std::string name;
  std::string new_name;
};
/// Takes its rows, and leaves it there.
struct TruncatePartition {
  std::string name;
};
using PartitionChange = std::variant<AddPartitions, DropPartition, RenamePartition, TruncatePartition>;

}  // namespace freshet
