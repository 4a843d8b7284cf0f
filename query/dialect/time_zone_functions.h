#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::query {

/// The first function of an expression whose value depends on the time zone, in lower case. `is_column` tells whether a bare
/// word is a column. Text that is no SQL has none.
std::optional<std::string> function_of_time_zone(std::string_view expression,
                                                 const std::function<bool(const std::string& word)>& is_column);

}  // namespace freshet::query
