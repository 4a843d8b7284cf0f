#include "query/dialect/time_zone_functions.h"

#include <algorithm>
#include <array>

#include "query/dialect/tokenizer.h"

namespace freshet::query {
namespace {

constexpr std::array<std::string_view, 14> kFunctions = {"now",
                                                         "sysdate",
                                                         "current_timestamp",
                                                         "localtime",
                                                         "localtimestamp",
                                                         "current_date",
                                                         "curdate",
                                                         "curtime",
                                                         "current_time",
                                                         "from_unixtime",
                                                         "unix_timestamp",
                                                         "from_second",
                                                         "from_millisecond",
                                                         "from_microsecond"};
/// Those that need no parentheses.
constexpr std::array<std::string_view, 5> kBareWords = {"current_timestamp", "localtime", "localtimestamp", "current_date",
                                                        "current_time"};

}  // namespace

std::optional<std::string> function_of_time_zone(std::string_view expression,
                                                 const std::function<bool(const std::string& word)>& is_column) {
  const Result<std::vector<Token>> tokens = tokenize(expression);
  if (!tokens.ok()) return std::nullopt;
  const auto is_one_of = [](const auto& names, const std::string& word) {
    return std::find(names.begin(), names.end(), word) != names.end();
  };
  for (size_t i = 0; i + 1 < tokens->size(); ++i) {
    if (!(*tokens)[i].is_name()) continue;
    const std::string word = to_lower(unquote((*tokens)[i]));
    const bool is_call = (*tokens)[i + 1].is_operator("(") && is_one_of(kFunctions, word);
    const bool is_bare = (*tokens)[i].kind == TokenKind::kWord && is_one_of(kBareWords, word) && !is_column(word);
    if (is_call || is_bare) return word;
  }
  return std::nullopt;
}

}  // namespace freshet::query
