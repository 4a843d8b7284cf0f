#include "query/duckdb/bitmap_aggregates.h"

#include <algorithm>
#include <array>
#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/aggregate_function_catalog_entry.hpp>
#include <duckdb/function/function_binder.hpp>
#include <duckdb/planner/expression/bound_aggregate_expression.hpp>
#include <duckdb/planner/operator/logical_aggregate.hpp>
#include <string_view>

#include "query/duckdb/types.h"

namespace freshet::query {
namespace {

using duckdb::BoundAggregateExpression;

constexpr std::string_view kPrefix = "bitmap_";
/// Take a set as any value.
constexpr std::array<std::string_view, 4> kOfAnyValue = {"count", "first", "any_value", "last"};

duckdb::unique_ptr<duckdb::Expression> union_count(duckdb::ClientContext& context, BoundAggregateExpression& count) {
  auto& entry = duckdb::Catalog::GetSystemCatalog(context).GetEntry<duckdb::AggregateFunctionCatalogEntry>(
      context, DEFAULT_SCHEMA, "bitmap_union_count");
  auto function = entry.functions.GetFunctionByOffset(0);
  auto bound = duckdb::FunctionBinder(context).BindAggregateFunction(std::move(function), std::move(count.children),
                                                                     std::move(count.filter));
  bound->alias = count.alias;
  return bound;
}

void settle(duckdb::ClientContext& context, duckdb::unique_ptr<duckdb::Expression>& expression) {
  if (expression->GetExpressionClass() != duckdb::ExpressionClass::BOUND_AGGREGATE) return;
  auto& aggregate = expression->Cast<BoundAggregateExpression>();
  if (aggregate.children.empty() || !is_bitmap(aggregate.children[0]->return_type)) return;
  const std::string& name = aggregate.function.name;
  if (name == "count" && aggregate.IsDistinct()) {
    expression = union_count(context, aggregate);
    return;
  }
  const bool is_offered = std::string_view(name).starts_with(kPrefix) ||
                          std::find(kOfAnyValue.begin(), kOfAnyValue.end(), name) != kOfAnyValue.end();
  if (is_offered) return;
  throw duckdb::BinderException(
      "%s does not take a BITMAP; there are bitmap_union, bitmap_intersect and bitmap_union_count, and bitmap_min, "
      "bitmap_max "
      "and bitmap_count of one set",
      name);
}

void settle_all(duckdb::ClientContext& context, duckdb::LogicalOperator& plan) {
  if (plan.type == duckdb::LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY) {
    for (auto& expression : plan.expressions) settle(context, expression);
  }
  for (auto& child : plan.children) settle_all(context, *child);
}

}  // namespace

void register_bitmap_aggregates(duckdb::DBConfig& config) {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = [](duckdb::OptimizerExtensionInput& input,
                                       duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
    settle_all(input.context, *plan);
  };
  config.optimizer_extensions.push_back(std::move(extension));
}

}  // namespace freshet::query
