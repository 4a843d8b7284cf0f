#pragma once

#include <string_view>

namespace freshet::query {

/// SQL LIKE with % and _, and backslash before a character meant as itself; ASCII letters compare without case.
bool like_matches(std::string_view pattern, std::string_view text);

}  // namespace freshet::query
