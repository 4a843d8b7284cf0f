#pragma once

#include <duckdb.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <memory>

#include "storage/bitmap/row_bits.h"

namespace freshet::query {

/// A pushed-down filter of one column, ready to run. Comparisons of integers, and of what is stored as one, run on bits;
/// all else by DuckDB's own kernels, so that NaN, collation and expressions are its own. One thread: expressions have state.
class RowFilter {
 public:
  /// `filter` must outlive this.
  RowFilter(duckdb::ClientContext& context, const duckdb::LogicalType& type, const duckdb::TableFilter& filter);
  ~RowFilter();

  /// True when every row passes.
  bool is_trivial() const { return root_ == nullptr; }
  /// True when the filter may become stricter while the scan runs.
  bool is_dynamic() const { return is_dynamic_; }

  /// Keeps of the rows `wanted` those that pass. `vector`: their values, `count` of them; `wanted` has no row beyond.
  void apply(duckdb::Vector& vector, duckdb::idx_t count, storage::RowBits& wanted) const;
  /// Whether the only value of a constant vector passes.
  bool passes(duckdb::Vector& constant) const;

 private:
  struct Node;
  struct Input;
  static std::unique_ptr<Node> compile(duckdb::ClientContext& context, const duckdb::LogicalType& type,
                                       const duckdb::TableFilter& filter);
  static std::unique_ptr<Node> compile_leaf(duckdb::ClientContext& context, const duckdb::LogicalType& type,
                                            const duckdb::TableFilter& filter);
  static void run(Node& node, Input& input, storage::RowBits& wanted);
  static void run_duckdb(const duckdb::TableFilter& filter, duckdb::TableFilterState& state, Input& input,
                         storage::RowBits& wanted);

  std::unique_ptr<Node> root_;  ///< null when every row passes
  bool is_dynamic_;
};

}  // namespace freshet::query
