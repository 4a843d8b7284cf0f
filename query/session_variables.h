#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace freshet::query {

/// What a variable takes. Names that are not known take any text: Doris has hundreds that drivers and tools set and read
/// back. OK, and then `value` is as it is kept: "ON" is 1, and seconds lie in their bounds. InvalidArgument for variables
/// that nobody sets, and for values that do not fit. `name` in lower case.
Status check_variable(std::string_view name, std::string& value);
/// As SHOW VARIABLES prints a kept value: ON for 1 where the variable is a switch.
std::string shown_variable(std::string_view name, const std::string& value);

/// The zone that a value of time_zone means: empty for UTC, else an offset or a name.
std::string effective_zone(std::string_view value);

using VariableMap = std::map<std::string, std::string>;

/// The variables that sessions begin with, as SET GLOBAL leaves them until the server ends. Names in lower case. Any thread.
class GlobalVariables {
 public:
  /// Those that MySQL's clients ask for, and Doris's; `idle_seconds_max` is wait_timeout, `connections_max`
  /// max_connections.
  GlobalVariables(const std::string& version, uint64_t idle_seconds_max, uint64_t connections_max);
  std::optional<std::string> get(std::string_view name) const;
  void set(std::string_view name, std::string value);
  VariableMap all() const;
  /// Since this was made, as the server begins.
  uint64_t uptime_seconds() const;

 private:
  const std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  VariableMap values_;  ///< guarded by mutex_
};

/// The variables of one session. Names in any case. One thread.
class SessionVariables {
 public:
  explicit SessionVariables(VariableMap values = {}) : values_(std::move(values)) {}
  /// Nothing for an unknown variable.
  std::optional<std::string> get(std::string_view name) const;
  void set(std::string_view name, std::string value);
  bool is_on(std::string_view name) const;
  /// Nothing for an unknown variable, and for one that is no number.
  std::optional<uint64_t> number(std::string_view name) const;
  const VariableMap& all() const { return values_; }

 private:
  VariableMap values_;
};

}  // namespace freshet::query
