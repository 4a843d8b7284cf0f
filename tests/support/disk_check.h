#pragma once

#include <string>
#include <vector>

#include "storage/engine/storage_engine.h"
#include "support/simulated_disk.h"
#include "support/storage_server.h"

namespace freshet::test {

/// What `freshet check` finds on the disk of a server that has ended.
inline std::vector<std::string> problems_of(SimulatedDisk& disk) {
  std::vector<std::string> problems;
  const auto meta = disk.meta();
  const auto files = disk.files();
  must(storage::check_data_directory(*meta, *files, problems));
  return problems;
}

}  // namespace freshet::test
