#include "storage/types/table_options.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace freshet {
namespace {

const std::string* find_property(const TableSchema& schema, std::string_view name) {
  for (const auto& [known, value] : schema.properties) {
    if (known == name) return &value;
  }
  return nullptr;
}

/// Positions of the columns in a list of names; those that the table does not have are passed over.
std::vector<size_t> positions_of(const TableSchema& schema, std::string_view names) {
  std::vector<size_t> positions;
  while (!names.empty()) {
    const size_t comma = std::min(names.find(','), names.size());
    std::string_view name = names.substr(0, comma);
    names.remove_prefix(std::min(comma + 1, names.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (const auto position = schema.find(name)) positions.push_back(*position);
  }
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  return positions;
}

}  // namespace

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
  const std::string* text = find_property(schema, kHistoryRetentionProperty);
  if (text == nullptr) return 0;
  const Result<uint64_t> seconds = parse_history_retention(*text);
  return seconds.ok() ? *seconds : 0;
}

RowStoreOptions row_store_options(const TableSchema& schema) {
  RowStoreOptions options;
  if (!schema.is_unique()) return options;
  const std::string* all = find_property(schema, kRowStoreProperty);
  const std::string* some = find_property(schema, kRowStoreColumnsProperty);
  if (all != nullptr && !same_name(*all, "true")) return options;
  if (some != nullptr && !some->empty()) {
    options.columns = positions_of(schema, *some);
  } else if (all != nullptr) {
    options.columns.resize(schema.columns.size());
    std::iota(options.columns.begin(), options.columns.end(), size_t{0});
  }
  const std::string* page = find_property(schema, kRowStorePageProperty);
  const Result<uint32_t> bytes = page == nullptr ? kDefaultRowPageBytes : parse_row_page_bytes(*page);
  if (bytes.ok()) options.page_bytes = *bytes;
  return options;
}

Result<uint32_t> parse_row_page_bytes(std::string_view text) {
  uint32_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error == std::errc() && end == text.data() + text.size() && bytes >= kLeastRowPageBytes &&
      bytes <= kMostRowPageBytes) {
    return bytes;
  }
  return Status::InvalidArgument("Property '{}' takes bytes from {} to {}, not '{}'", kRowStorePageProperty,
                                 kLeastRowPageBytes, kMostRowPageBytes, text);
}

}  // namespace freshet
