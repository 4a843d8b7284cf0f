#include "query/duckdb/scan_filter.h"

#include <algorithm>
#include <duckdb/planner/expression/bound_between_expression.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_comparison_expression.hpp>
#include <duckdb/planner/expression/bound_conjunction_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>
#include <duckdb/planner/filter/conjunction_filter.hpp>
#include <duckdb/planner/filter/in_filter.hpp>
#include <duckdb/planner/filter/null_filter.hpp>
#include <duckdb/planner/filter/optional_filter.hpp>

#include "query/duckdb/types.h"

namespace freshet::query {
namespace {

using duckdb::ExpressionType;
using duckdb::TableFilter;
using duckdb::TableFilterType;
using Kind = ZoneCondition::Kind;

Kind zone_kind(ExpressionType comparison) {
  switch (comparison) {
    case ExpressionType::COMPARE_EQUAL: return Kind::kEqual;
    case ExpressionType::COMPARE_LESSTHAN: return Kind::kLess;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return Kind::kLessOrEqual;
    case ExpressionType::COMPARE_GREATERTHAN: return Kind::kGreater;
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return Kind::kGreaterOrEqual;
    default: return Kind::kUnknown;
  }
}

ZoneCondition comparison(ExpressionType type, const duckdb::Value& constant) {
  ZoneCondition condition;
  const auto value = zone_value_of(constant);
  if (value) {
    condition.kind = zone_kind(type);
    condition.values.push_back(*value);
  }
  return condition;
}

ZoneCondition one_of(const duckdb::vector<duckdb::Value>& values) {
  ZoneCondition condition;
  for (const duckdb::Value& value : values) {
    if (value.IsNull()) continue;
    auto constant = zone_value_of(value);
    if (!constant) return {};
    condition.values.push_back(std::move(*constant));
  }
  condition.kind = Kind::kIn;
  return condition;
}

ZoneCondition conjunction(Kind kind, const duckdb::vector<duckdb::unique_ptr<TableFilter>>& children) {
  ZoneCondition condition;
  condition.kind = kind;
  for (const auto& child : children) condition.children.push_back(zone_condition(*child));
  return condition;
}

/// The condition that `expression` puts on one column, and that column.
std::optional<std::pair<duckdb::ColumnBinding, ZoneCondition>> column_condition(const duckdb::Expression& expression);

const duckdb::BoundColumnRefExpression* as_column(const duckdb::Expression& expression) {
  return expression.GetExpressionType() == ExpressionType::BOUND_COLUMN_REF
             ? &expression.Cast<duckdb::BoundColumnRefExpression>()
             : nullptr;
}

const duckdb::Value* as_constant(const duckdb::Expression& expression) {
  return expression.GetExpressionType() == ExpressionType::VALUE_CONSTANT
             ? &expression.Cast<duckdb::BoundConstantExpression>().value
             : nullptr;
}

using BoundColumnCondition = std::optional<std::pair<duckdb::ColumnBinding, ZoneCondition>>;

BoundColumnCondition from_comparison(const duckdb::BoundComparisonExpression& expression) {
  const auto* left = as_column(*expression.left);
  const auto* right = as_column(*expression.right);
  const auto* constant = as_constant(left != nullptr ? *expression.right : *expression.left);
  if (constant == nullptr || (left == nullptr && right == nullptr)) return std::nullopt;
  const ExpressionType type =
      left != nullptr ? expression.GetExpressionType() : duckdb::FlipComparisonExpression(expression.GetExpressionType());
  return {{(left != nullptr ? left : right)->binding, comparison(type, *constant)}};
}

BoundColumnCondition from_operator(const duckdb::BoundOperatorExpression& expression) {
  const auto* column = as_column(*expression.children.front());
  if (column == nullptr) return std::nullopt;
  ZoneCondition condition;
  switch (expression.GetExpressionType()) {
    case ExpressionType::OPERATOR_IS_NULL: condition.kind = Kind::kIsNull; break;
    case ExpressionType::OPERATOR_IS_NOT_NULL: condition.kind = Kind::kIsNotNull; break;
    case ExpressionType::COMPARE_IN: {
      duckdb::vector<duckdb::Value> values;
      for (size_t i = 1; i < expression.children.size(); ++i) {
        const auto* constant = as_constant(*expression.children[i]);
        if (constant == nullptr) return std::nullopt;
        values.push_back(*constant);
      }
      condition = one_of(values);
      break;
    }
    default: return std::nullopt;
  }
  return {{column->binding, std::move(condition)}};
}

BoundColumnCondition from_between(const duckdb::BoundBetweenExpression& expression) {
  const auto* column = as_column(*expression.input);
  const auto* lower = as_constant(*expression.lower);
  const auto* upper = as_constant(*expression.upper);
  if (column == nullptr || lower == nullptr || upper == nullptr) return std::nullopt;
  ZoneCondition both;
  both.kind = Kind::kAnd;
  both.children.push_back(comparison(expression.LowerComparisonType(), *lower));
  both.children.push_back(comparison(expression.UpperComparisonType(), *upper));
  return {{column->binding, std::move(both)}};
}

/// An OR whose branches all speak of one column.
BoundColumnCondition from_or(const duckdb::BoundConjunctionExpression& expression) {
  BoundColumnCondition any;
  for (const auto& child : expression.children) {
    auto branch = column_condition(*child);
    if (!branch || (any && any->first != branch->first)) return std::nullopt;
    if (!any) {
      any.emplace(branch->first, ZoneCondition{});
      any->second.kind = Kind::kOr;
    }
    any->second.children.push_back(std::move(branch->second));
  }
  return any;
}

BoundColumnCondition column_condition(const duckdb::Expression& expression) {
  switch (expression.GetExpressionClass()) {
    case duckdb::ExpressionClass::BOUND_COMPARISON:
      return from_comparison(expression.Cast<duckdb::BoundComparisonExpression>());
    case duckdb::ExpressionClass::BOUND_OPERATOR: return from_operator(expression.Cast<duckdb::BoundOperatorExpression>());
    case duckdb::ExpressionClass::BOUND_BETWEEN: return from_between(expression.Cast<duckdb::BoundBetweenExpression>());
    case duckdb::ExpressionClass::BOUND_CONJUNCTION:
      if (expression.GetExpressionType() == ExpressionType::CONJUNCTION_OR) {
        return from_or(expression.Cast<duckdb::BoundConjunctionExpression>());
      }
      return std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<duckdb::ConstantFilter> current_filter(const duckdb::DynamicFilter& filter) {
  if (!filter.filter_data) return std::nullopt;
  const duckdb::lock_guard<duckdb::mutex> lock(filter.filter_data->lock);
  if (!filter.filter_data->initialized) return std::nullopt;
  const duckdb::ConstantFilter& now = *filter.filter_data->filter;
  return std::optional<duckdb::ConstantFilter>(std::in_place, now.comparison_type, now.constant);
}

std::vector<ColumnCondition> conditions_of(const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& expressions,
                                           const std::function<ColumnId(const duckdb::ColumnBinding&)>& column_of) {
  std::vector<ColumnCondition> conditions;
  for (const auto& expression : expressions) {
    auto found = column_condition(*expression);
    if (!found) continue;
    const ColumnId column = column_of(found->first);
    if (column.value != 0) conditions.push_back({column, std::move(found->second)});
  }
  return conditions;
}

ZoneCondition zone_condition(const TableFilter& filter) {
  switch (filter.filter_type) {
    case TableFilterType::CONSTANT_COMPARISON: {
      const auto& constant = filter.Cast<duckdb::ConstantFilter>();
      return comparison(constant.comparison_type, constant.constant);
    }
    case TableFilterType::IS_NULL: return {.kind = Kind::kIsNull, .values = {}, .children = {}};
    case TableFilterType::IS_NOT_NULL: return {.kind = Kind::kIsNotNull, .values = {}, .children = {}};
    case TableFilterType::CONJUNCTION_AND:
      return conjunction(Kind::kAnd, filter.Cast<duckdb::ConjunctionAndFilter>().child_filters);
    case TableFilterType::CONJUNCTION_OR:
      return conjunction(Kind::kOr, filter.Cast<duckdb::ConjunctionOrFilter>().child_filters);
    case TableFilterType::IN_FILTER: return one_of(filter.Cast<duckdb::InFilter>().values);
    case TableFilterType::OPTIONAL_FILTER: {
      const auto& child = filter.Cast<duckdb::OptionalFilter>().child_filter;
      return child ? zone_condition(*child) : ZoneCondition{};
    }
    case TableFilterType::DYNAMIC_FILTER: {
      const auto now = current_filter(filter.Cast<duckdb::DynamicFilter>());
      return now ? comparison(now->comparison_type, now->constant) : ZoneCondition{};
    }
    default: return {};
  }
}

bool is_dynamic(const TableFilter& filter) {
  const auto any = [](const auto& children) {
    return std::any_of(children.begin(), children.end(), [](const auto& child) { return is_dynamic(*child); });
  };
  switch (filter.filter_type) {
    case TableFilterType::DYNAMIC_FILTER: return true;
    case TableFilterType::OPTIONAL_FILTER: {
      const auto& child = filter.Cast<duckdb::OptionalFilter>().child_filter;
      return child && is_dynamic(*child);
    }
    case TableFilterType::CONJUNCTION_AND: return any(filter.Cast<duckdb::ConjunctionAndFilter>().child_filters);
    case TableFilterType::CONJUNCTION_OR: return any(filter.Cast<duckdb::ConjunctionOrFilter>().child_filters);
    default: return false;
  }
}

}  // namespace freshet::query
