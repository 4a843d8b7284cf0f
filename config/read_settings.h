#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config_problem.h"
#include "config/settings.h"

namespace freshet::config {

/// Sets what the YAML file at `path` names, and leaves the rest of `settings` as it is. Unknown names, values of the wrong
/// kind, values out of bounds and repeated names are problems; `settings` must not be used when there are any.
ConfigProblems read_settings_file(const std::string& path, Settings& settings);

/// The same for text in memory.
ConfigProblems read_settings_yaml(std::string_view yaml, Settings& settings);

/// Sets one setting by its full name, as a command line does.
ConfigProblems set_setting(Settings& settings, std::string_view name, std::string_view text);

/// Relations between settings that no single bound can say, e.g. that a small commit fits into the delta buffer.
ConfigProblems check_settings(const Settings& settings);

/// Replaces every 0 that means "from the machine" by a number. REQUIRES: cores > 0, memory_bytes > 0.
void size_for_machine(Settings& settings, uint64_t cores, uint64_t memory_bytes);

/// What is wrong with the shares of memory. REQUIRES: size_for_machine was called.
ConfigProblems check_memory(const Settings& settings);

}  // namespace freshet::config
