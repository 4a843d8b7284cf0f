#include "query/show/row_filter.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "query/dialect/token_cursor.h"
#include "query/show/like_pattern.h"

namespace freshet::query {
namespace {

struct Condition {
  size_t column = 0;
  bool is_pattern = false;
  std::string value;
};

std::optional<int64_t> number_of(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class ColumnNames {
 public:
  ColumnNames(std::span<const std::string> names, std::span<const ColumnAlias> aliases) : names_(names), aliases_(aliases) {}

  Result<size_t> position(std::string_view name) const {
    for (const auto& [alias, column] : aliases_) {
      if (same_name(alias, name)) name = column;
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      if (same_name(names_[i], name)) return i;
    }
    return Status::InvalidArgument("Unknown column '{}'; the columns are {}", name, fmt::join(names_, ", "));
  }

 private:
  std::span<const std::string> names_;
  std::span<const ColumnAlias> aliases_;
};

Result<std::vector<Condition>> parse_conditions(std::string_view where, const ColumnNames& names) {
  std::vector<Condition> conditions;
  if (where.empty()) return conditions;
  FRESHET_ASSIGN_OR_RETURN(TokenCursor cursor, TokenCursor::open(where));
  do {
    Condition condition;
    FRESHET_ASSIGN_OR_RETURN(const std::string name, cursor.name("a column"));
    FRESHET_ASSIGN_OR_RETURN(condition.column, names.position(name));
    condition.is_pattern = cursor.accept("LIKE");
    if (!condition.is_pattern) FRESHET_RETURN_IF_ERROR(cursor.expect_operator("="));
    FRESHET_ASSIGN_OR_RETURN(condition.value, cursor.word_or_string("a value"));
    conditions.push_back(std::move(condition));
  } while (cursor.accept("AND"));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return conditions;
}

bool holds(const Condition& condition, const std::vector<TextCell>& row) {
  const TextCell& cell = row[condition.column];
  if (!cell) return false;
  return condition.is_pattern ? like_matches(condition.value, *cell) : *cell == condition.value;
}

bool is_less(const TextCell& left, const TextCell& right) {
  if (!left || !right) return !left && right;
  const std::optional<int64_t> left_number = number_of(*left), right_number = number_of(*right);
  return left_number && right_number ? *left_number < *right_number : *left < *right;
}

}  // namespace

Status narrow_rows(const Show& show, std::span<const std::string> names, std::span<const ColumnAlias> aliases,
                   std::vector<std::vector<TextCell>>& rows) {
  const ColumnNames columns(names, aliases);
  FRESHET_ASSIGN_OR_RETURN(const std::vector<Condition> conditions, parse_conditions(show.where, columns));
  std::erase_if(rows, [&](const std::vector<TextCell>& row) {
    return !std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) { return holds(c, row); });
  });
  // The last of the columns first, so that rows that are equal in the first keep the order of the second.
  for (auto order = show.order_by.rbegin(); order != show.order_by.rend(); ++order) {
    FRESHET_ASSIGN_OR_RETURN(const size_t column, columns.position(order->column));
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& left, const auto& right) {
      return order->is_descending ? is_less(right[column], left[column]) : is_less(left[column], right[column]);
    });
  }
  rows.erase(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(show.offset, rows.size())));
  if (show.limit && rows.size() > *show.limit) rows.resize(*show.limit);
  return Status::OK();
}

}  // namespace freshet::query
