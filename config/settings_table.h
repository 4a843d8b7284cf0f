#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config_problem.h"
#include "config/settings.h"

namespace freshet::config {

enum class SettingUnit {
  kText,
  kFile,
  kFlag,
  kSecret,
  kAddress,
  kLevel,
  kCount,
  kBytes,
  kSeconds,
  kMilliseconds,
  kFraction
};

/// One row of the table of all settings: what readers, checks and the help text know about it.
struct Setting {
  std::string_view name;  ///< "section.key", or "key" at the top level.
  std::string_view sentence;
  SettingUnit unit;
  double least;  ///< Bounds of numbers, both included.
  double most;
  /// Where the value lies in the Settings the table was made for; valid as long as those.
  std::variant<std::string*, Address*, bool*, uint64_t*, double*> value;
};

/// All settings, in the order of config/freshet.yaml.
std::vector<Setting> settings_table(Settings& settings);

/// Writes `text` as it stands in a file or on the command line into `setting`. A message when it is not a fitting value:
/// numbers within the bounds, sizes also as "64MiB", addresses as "host:port".
std::optional<std::string> assign_setting(const Setting& setting, std::string_view text);

/// The value as assign_setting() reads it; secrets as "***".
std::string setting_text(const Setting& setting);

/// The name of `names` that differs least from `wanted`; empty when none is near.
std::string_view nearest_name(std::string_view wanted, const std::vector<std::string_view>& names);

/// Every setting with its sentence, default and bounds, one paragraph each.
std::string describe_settings();

}  // namespace freshet::config
