#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/result.h"
#include "storage/types/column.h"
#include "storage/types/key_run.h"
#include "storage/types/schema.h"

namespace freshet {

/// Rows by key: group g is the rows order[starts[g]] .. order[starts[g + 1] - 1], oldest first.
struct RowGroups {
  std::vector<uint32_t> order;
  std::vector<uint32_t> starts{0};

  size_t size() const { return starts.size() - 1; }
  std::span<const uint32_t> rows(size_t group) const {
    return std::span(order).subspan(starts[group], starts[group + 1] - starts[group]);
  }
  /// No two rows share a key.
  bool are_single() const { return order.size() == size(); }
  void append(std::span<const uint32_t> rows) {
    order.insert(order.end(), rows.begin(), rows.end());
    starts.push_back(static_cast<uint32_t>(order.size()));
  }
};

/// The groups of equal keys, in key order. `order`: the rows of `keys` sorted by key, equal ones by age.
RowGroups group_rows(const KeyRun& keys, std::vector<uint32_t> order);

/// Appends to `out` one value for each of the groups [first, first + count): what `column.aggregation` makes of their rows
/// of `values`; kNone takes the first row. Integers and decimals are summed exactly: InvalidArgument, and `out` in any
/// state, when a SUM is not a value of the column's type, or a BITMAP_UNION longer than kMaxStringBytes. FLOATs are added as
/// doubles.
Status aggregate_groups(const ColumnSchema& column, const Column& values, const RowGroups& groups, size_t first,
                        size_t count, Column& out);

}  // namespace freshet
