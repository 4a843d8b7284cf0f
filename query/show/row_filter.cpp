#include "query/show/row_filter.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "query/show/row_condition.h"

namespace freshet::query {
namespace {

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

/// Labels are told apart by their case; names of the catalogue are not.
bool compares_with_case(ShowKind kind) {
  return kind == ShowKind::kTransaction || kind == ShowKind::kLoad || kind == ShowKind::kStreamLoad;
}

bool is_less(const TextCell& left, const TextCell& right) {
  if (!left || !right) return !left && right;
  return compare_cells(*left, *right, true) < 0;
}

}  // namespace

Status narrow_rows(const Show& show, std::span<const std::string> names, std::span<const ColumnAlias> aliases,
                   std::vector<std::vector<TextCell>>& rows) {
  const ColumnNames columns(names, aliases);
  if (!show.where.empty()) {
    FRESHET_ASSIGN_OR_RETURN(const RowCondition condition,
                             RowCondition::parse(show.where, compares_with_case(show.kind),
                                                 [&](std::string_view name) { return columns.position(name); }));
    std::erase_if(rows, [&](const std::vector<TextCell>& row) { return !condition.holds(row); });
  }
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

Status write_shown(const Show& show, std::span<const std::string> names, std::vector<std::vector<TextCell>> rows,
                   ResultWriter& out, std::span<const ColumnAlias> aliases) {
  FRESHET_RETURN_IF_ERROR(narrow_rows(show, names, aliases, rows));
  return write_text_rows(names, rows, out);
}

}  // namespace freshet::query
