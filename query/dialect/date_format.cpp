#include "query/dialect/date_format.h"

#include <algorithm>
#include <array>
#include <utility>

namespace freshet::query {
namespace {

constexpr std::array<std::pair<char, std::string_view>, 27> kSpecifiers = {{
    {'a', "%a"}, {'b', "%b"}, {'c', "%-m"},         {'d', "%d"}, {'e', "%-d"},      {'f', "%f"},  {'H', "%H"},
    {'h', "%I"}, {'I', "%I"}, {'i', "%M"},          {'j', "%j"}, {'k', "%-H"},      {'l', "%-I"}, {'M', "%B"},
    {'m', "%m"}, {'p', "%p"}, {'S', "%S"},          {'s', "%S"}, {'T', "%H:%M:%S"}, {'U', "%U"},  {'v', "%V"},
    {'W', "%A"}, {'w', "%w"}, {'r', "%I:%M:%S %p"}, {'x', "%G"}, {'Y', "%Y"},       {'y', "%y"},
}};
/// Specifiers that DuckDB cannot write: day with a suffix, weeks of other countings.
constexpr std::string_view kUntranslatable = "DuVX";
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kDorisForms = {{
    {"yyyyMMdd", "%Y%m%d"},
    {"yyyy-MM-dd", "%Y-%m-%d"},
    {"yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"},
}};

}  // namespace

std::optional<std::string> translate_date_format(std::string_view pattern) {
  for (const auto& [form, translated] : kDorisForms) {
    if (pattern == form) return std::string(translated);
  }
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    const char specifier = pattern[++i];
    if (kUntranslatable.find(specifier) != std::string_view::npos) return std::nullopt;
    const auto known =
        std::find_if(kSpecifiers.begin(), kSpecifiers.end(), [&](const auto& entry) { return entry.first == specifier; });
    if (known != kSpecifiers.end()) {
      out += known->second;
    } else {
      // MySQL writes any other character as it is; %% stays a percent sign.
      if (specifier == '%') out += '%';
      out += specifier;
    }
  }
  return out;
}

}  // namespace freshet::query
