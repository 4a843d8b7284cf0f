#include "query/duckdb/scan_cost.h"

#include <algorithm>
#include <duckdb/planner/operator/logical_comparison_join.hpp>
#include <duckdb/planner/operator/logical_get.hpp>
#include <duckdb/planner/operator/logical_limit.hpp>
#include <limits>

#include "query/duckdb/query_state.h"
#include "query/duckdb/scan_function.h"
#include "query/duckdb/types.h"

namespace freshet::query {
namespace {

using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

/// What a value without a fixed width counts.
constexpr double kVariableBytes = 24;
/// What a row counts that no table holds.
constexpr double kMadeRowBytes = 8;
constexpr double kAllRows = std::numeric_limits<double>::infinity();

double width_of(const duckdb::LogicalType& type) {
  const duckdb::PhysicalType physical = type.InternalType();
  return duckdb::TypeIsConstantSize(physical) ? static_cast<double>(duckdb::GetTypeIdSize(physical)) : kVariableBytes;
}

class CostReader {
 public:
  explicit CostReader(duckdb::ClientContext& context) : context_(context) {}

  /// `wanted_rows`: what the operators above take of this one's rows at most.
  double cost(LogicalOperator& plan, double wanted_rows) {
    switch (plan.type) {
      case LogicalOperatorType::LOGICAL_GET: return cost_of_get(plan.Cast<duckdb::LogicalGet>(), wanted_rows);
      case LogicalOperatorType::LOGICAL_LIMIT: return cost(*plan.children[0], limit_of(plan, wanted_rows));
      case LogicalOperatorType::LOGICAL_PROJECTION: return cost(*plan.children[0], wanted_rows);
      case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
      case LogicalOperatorType::LOGICAL_ANY_JOIN: return cost_of_children(plan) + kMadeRowBytes * product_of(plan);
      case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
        return cost_of_children(plan) + (has_equality(plan) ? 0 : kMadeRowBytes * product_of(plan));
      default: return cost_of_children(plan);
    }
  }

 private:
  static bool has_equality(LogicalOperator& plan) {
    const auto& conditions = plan.Cast<duckdb::LogicalComparisonJoin>().conditions;
    return std::any_of(conditions.begin(), conditions.end(), [](const duckdb::JoinCondition& condition) {
      return condition.comparison == duckdb::ExpressionType::COMPARE_EQUAL ||
             condition.comparison == duckdb::ExpressionType::COMPARE_NOT_DISTINCT_FROM;
    });
  }

  double cost_of_children(LogicalOperator& plan) {
    double sum = 0;
    for (const auto& child : plan.children) sum += cost(*child, kAllRows);
    return sum;
  }

  double product_of(LogicalOperator& plan) {
    double product = 1;
    for (const auto& child : plan.children) product *= static_cast<double>(child->EstimateCardinality(context_));
    return product;
  }

  double cost_of_get(duckdb::LogicalGet& get, double wanted_rows) {
    const auto rows = planned_rows(get.function, get.bind_data.get());
    if (!rows) {
      const auto made = static_cast<double>(get.EstimateCardinality(context_));
      return cost_of_children(get) + kMadeRowBytes * std::min(made, wanted_rows);
    }
    const TableSchema& schema = *scanned_table(get.function, get.bind_data.get())->schema;
    double row_bytes = 0;
    for (const duckdb::ColumnIndex& column : get.GetColumnIds()) {
      const std::optional<size_t> position = column_position(schema, column.GetPrimaryIndex());
      row_bytes += position ? width_of(logical_type(schema.columns[*position].type)) : 1;
    }
    // Where a filter leaves rows out, more than the wanted ones may have to be read.
    const auto planned = static_cast<double>(*rows);
    return row_bytes * (get.table_filters.filters.empty() ? std::min(planned, wanted_rows) : planned);
  }

  static double limit_of(LogicalOperator& plan, double wanted_rows) {
    const auto& limit = plan.Cast<duckdb::LogicalLimit>();
    if (limit.limit_val.Type() != duckdb::LimitNodeType::CONSTANT_VALUE) return kAllRows;
    auto rows = static_cast<double>(limit.limit_val.GetConstantValue());
    if (limit.offset_val.Type() == duckdb::LimitNodeType::CONSTANT_VALUE) {
      rows += static_cast<double>(limit.offset_val.GetConstantValue());
    } else if (limit.offset_val.Type() != duckdb::LimitNodeType::UNSET) {
      return kAllRows;
    }
    return std::min(rows, wanted_rows);
  }

  duckdb::ClientContext& context_;
};

void judge(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<LogicalOperator>& plan) {
  const auto state = QueryState::of(input.context);
  const double bytes = scan_cost_bytes(input.context, *plan);
  state->set_scan_bytes(bytes);
  if (bytes > state->most_scan_bytes()) state->refuse_as_too_big();
}

}  // namespace

double scan_cost_bytes(duckdb::ClientContext& context, LogicalOperator& plan) {
  return CostReader(context).cost(plan, kAllRows);
}

void register_cost_limit(duckdb::DBConfig& config) {
  duckdb::OptimizerExtension extension;
  extension.optimize_function = judge;
  config.optimizer_extensions.push_back(std::move(extension));
}

}  // namespace freshet::query
