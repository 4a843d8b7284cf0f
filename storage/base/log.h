#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace freshet {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Writes one line to the server's log (stderr), with time, level and thread. Any thread.
void log_message(LogLevel level, std::string_view message);
/// Messages below `level` are dropped.
void set_log_level(LogLevel level);

template <typename... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
  log_message(LogLevel::kInfo, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
  log_message(LogLevel::kWarning, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> text, Args&&... args) {
  log_message(LogLevel::kError, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace freshet
