#pragma once

#include <duckdb.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <duckdb/planner/table_filter_state.hpp>
#include <memory>
#include <vector>

#include "query/scan/pruning.h"

namespace freshet::query {

/// The zone-map side of a pushed-down filter. Dynamic filters are read as they are now.
ZoneCondition zone_condition(const duckdb::TableFilter& filter);
/// True when the filter may become stricter while the scan runs.
bool is_dynamic(const duckdb::TableFilter& filter);

/// Conditions that follow from expressions over the columns of one LogicalGet, for EXPLAIN and planning before DuckDB has
/// made filters of them: comparisons of a column with a constant, IN lists, IS NULL, and their conjunctions. `column_of`
/// maps a bound column reference to a column, or to a column id of 0 when it is none of the table's.
std::vector<ColumnCondition> conditions_of(const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& expressions,
                                           const std::function<ColumnId(const duckdb::ColumnBinding&)>& column_of);

/// A pushed-down filter of one column, ready to run. One thread: expressions have state.
class RowFilter {
 public:
  /// `filter` must outlive this.
  RowFilter(duckdb::ClientContext& context, const duckdb::TableFilter& filter);
  ~RowFilter();

  /// Keeps of the `selected` rows of `vector` (which has `count` rows) those that pass; returns how many.
  duckdb::idx_t apply(duckdb::Vector& vector, duckdb::idx_t count, duckdb::SelectionVector& selection,
                      duckdb::idx_t selected);

 private:
  struct Node;
  static std::unique_ptr<Node> compile(duckdb::ClientContext& context, const duckdb::TableFilter& filter);
  static duckdb::idx_t run(Node& node, duckdb::Vector& vector, duckdb::UnifiedVectorFormat& format, duckdb::idx_t count,
                           duckdb::SelectionVector& selection, duckdb::idx_t selected);
  /// Asks once for each entry of a dictionary, then goes by the codes.
  duckdb::idx_t apply_to_dictionary(duckdb::Vector& vector, duckdb::SelectionVector& selection, duckdb::idx_t selected);

  std::unique_ptr<Node> root_;  ///< null when every row passes
  bool is_dynamic_;
  std::string dictionary_id_;          ///< of the dictionary that entry_passes_ speaks of
  std::vector<uint8_t> entry_passes_;  ///< by code
};

}  // namespace freshet::query
