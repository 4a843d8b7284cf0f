#pragma once

#include <string>
#include <vector>

namespace freshet::config {

/// One thing wrong with the configuration, for the person who wrote it.
struct ConfigProblem {
  int line = 0;         ///< 1-based line of the file; 0 when the value did not come from a file.
  std::string key;      ///< Full name of the setting, e.g. "storage.memtable_bytes"; empty for the file as a whole.
  std::string message;  ///< What is wrong and what would be right.

  /// "line 12: storage.memtable_bytes: ..."
  std::string to_string() const;
};

/// All problems found, not only the first; empty means that the settings can be used.
using ConfigProblems = std::vector<ConfigProblem>;

}  // namespace freshet::config
