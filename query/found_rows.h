#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::query {

/// SELECT SQL_CALC_FOUND_ROWS ...: the query that it would be without its LIMIT, whose rows FOUND_ROWS() tells.
struct UnlimitedQuery {
  std::string text;
  bool has_limit = false;              ///< it had one
  size_t first_limit_placeholder = 0;  ///< of the placeholders in that LIMIT; those behind it move up
  size_t limit_placeholders = 0;       ///< how many they are
};

/// Nothing for queries that do not ask for the count. Quick for those that begin with SELECT.
std::optional<UnlimitedQuery> find_counted_query(std::string_view query);

}  // namespace freshet::query
