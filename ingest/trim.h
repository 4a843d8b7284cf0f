#pragma once

#include <string_view>

namespace freshet::ingest {

/// `text` without blanks, tabs and line ends around it. Called for each number of a JSON body: no search in a set of
/// characters.
inline std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace freshet::ingest
