#include "storage/types/table_options.h"

#include <charconv>

namespace freshet {

Result<uint64_t> parse_history_retention(std::string_view text) {
  uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds > kMaxHistoryRetentionSeconds) {
    return Status::InvalidArgument("Property '{}' takes whole seconds from 0 (no history) to {}, not '{}'",
                                   kHistoryRetentionProperty, kMaxHistoryRetentionSeconds, text);
  }
  return seconds;
}

uint64_t history_retention_seconds(const TableSchema& schema) {
  for (const auto& [name, value] : schema.properties) {
    if (name != kHistoryRetentionProperty) continue;
    const Result<uint64_t> seconds = parse_history_retention(value);
    return seconds.ok() ? *seconds : 0;
  }
  return 0;
}

}  // namespace freshet
