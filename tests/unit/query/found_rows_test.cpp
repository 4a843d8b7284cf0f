#include "query/found_rows.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace freshet::query {
namespace {

/// "text | first placeholder of the LIMIT, how many", or "none".
std::string counted(std::string_view query) {
  const auto found = find_counted_query(query);
  if (!found) return "none";
  if (!found->has_limit) return "no limit: " + found->text;
  return fmt::format("{} | {}, {}", found->text, found->first_limit_placeholder, found->limit_placeholders);
}

TEST(FoundRows, TheQueryThatIsCountedHasNoLimit) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT a FROM t LIMIT 1", "none"},
      {"SELECT SQL_CALC_FOUND_ROWS a FROM t", "no limit: SELECT SQL_CALC_FOUND_ROWS a FROM t"},
      {"SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1, 2", "SELECT SQL_CALC_FOUND_ROWS a FROM t  | 0, 0"},
      {"select distinct sql_calc_found_rows a from t limit 2", "select distinct sql_calc_found_rows a from t  | 0, 0"},
      {"SELECT SQL_CALC_FOUND_ROWS a FROM t WHERE b = ? LIMIT ?, ? FOR UPDATE",
       "SELECT SQL_CALC_FOUND_ROWS a FROM t WHERE b = ? FOR UPDATE | 1, 2"},
      {"SELECT SQL_CALC_FOUND_ROWS a FROM (SELECT a FROM t LIMIT 3) x LIMIT 1;",
       "SELECT SQL_CALC_FOUND_ROWS a FROM (SELECT a FROM t LIMIT 3) x ; | 0, 0"},
      {"WITH x AS (SELECT ? FROM t LIMIT ?) SELECT SQL_CALC_FOUND_ROWS a FROM x LIMIT ?",
       "WITH x AS (SELECT ? FROM t LIMIT ?) SELECT SQL_CALC_FOUND_ROWS a FROM x  | 2, 1"},
      {"SELECT a FROM (SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 2) x", "none"},
      {"(SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 2) LIMIT 1", "none"},
      {"VALUES (1)", "none"},
      {"SELECT SQL_CALC_FOUND_ROWS 'unterminated", "none"},
  };
  for (const auto& [query, expected] : cases) EXPECT_EQ(counted(query), expected) << query;
}

}  // namespace
}  // namespace freshet::query
