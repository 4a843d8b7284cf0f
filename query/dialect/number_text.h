#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace freshet::query {

/// The number that `text` is from its first to its last character; nothing for any other text, or when it does not fit.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace freshet::query
