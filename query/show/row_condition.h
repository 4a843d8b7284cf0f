#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/dialect/token_cursor.h"
#include "query/value_cells.h"

namespace freshet::query {

/// The condition of SHOW ... WHERE: comparisons of a column with values, LIKE, IN and IS NULL, joined by AND, OR, NOT and
/// parentheses. Numbers compare as numbers.
class RowCondition {
 public:
  /// Position of a column by its name.
  using FindColumn = std::function<Result<size_t>(std::string_view name)>;

  /// Parses all of `where`. `with_case`: texts compare as they are; else ASCII letters compare without case, as in MySQL's
  /// catalogue.
  static Result<RowCondition> parse(std::string_view where, bool with_case, const FindColumn& find_column);

  /// True for rows that it holds for; a comparison with NULL is neither true nor false.
  bool holds(const std::vector<TextCell>& row) const { return evaluate(row) == std::optional(true); }

 private:
  enum class Kind : uint8_t { kAnd, kOr, kNot, kEqual, kLess, kGreater, kLike, kIsNull };
  friend class RowConditionParser;

  std::optional<bool> evaluate(const std::vector<TextCell>& row) const;
  std::optional<bool> join(const std::vector<TextCell>& row) const;

  Kind kind_ = Kind::kAnd;
  bool with_case_ = false;
  size_t column_ = 0;
  std::string value_;
  std::vector<RowCondition> children_;
};

/// -1, 0 or 1, numbers as numbers.
int compare_cells(std::string_view left, std::string_view right, bool with_case);

}  // namespace freshet::query
