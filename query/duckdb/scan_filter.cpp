#include "query/duckdb/scan_filter.h"

#include <algorithm>
#include <array>
#include <duckdb/planner/expression/bound_between_expression.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_comparison_expression.hpp>
#include <duckdb/planner/expression/bound_conjunction_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>
#include <duckdb/planner/filter/conjunction_filter.hpp>
#include <duckdb/planner/filter/constant_filter.hpp>
#include <duckdb/planner/filter/dynamic_filter.hpp>
#include <duckdb/planner/filter/in_filter.hpp>
#include <duckdb/planner/filter/null_filter.hpp>
#include <duckdb/planner/filter/optional_filter.hpp>
#include <duckdb/storage/table/column_segment.hpp>
#include <optional>

#include "query/duckdb/types.h"
#include "storage/base/limits.h"

namespace freshet::query {
namespace {

using duckdb::ExpressionType;
using duckdb::idx_t;
using duckdb::SelectionVector;
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

/// What a dynamic filter asks at this moment; nothing before its source has found a bound.
std::optional<duckdb::ConstantFilter> current(const duckdb::DynamicFilter& filter) {
  if (!filter.filter_data) return std::nullopt;
  const duckdb::lock_guard<duckdb::mutex> lock(filter.filter_data->lock);
  if (!filter.filter_data->initialized) return std::nullopt;
  const duckdb::ConstantFilter& now = *filter.filter_data->filter;
  return std::optional<duckdb::ConstantFilter>(std::in_place, now.comparison_type, now.constant);
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
      const auto now = current(filter.Cast<duckdb::DynamicFilter>());
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

/// One node of a compiled filter. Leaves run DuckDB's own kernels, so that NULL, NaN and collation are its own.
struct RowFilter::Node {
  enum class Kind : uint8_t { kLeaf, kDynamic, kAnd, kOr };
  Kind kind = Kind::kLeaf;
  const TableFilter* filter = nullptr;
  duckdb::unique_ptr<TableFilter> owned;
  duckdb::unique_ptr<duckdb::TableFilterState> state;
  std::vector<std::unique_ptr<Node>> children;
};

RowFilter::RowFilter(duckdb::ClientContext& context, const TableFilter& filter)
    : root_(compile(context, filter)), is_dynamic_(is_dynamic(filter)) {}
RowFilter::~RowFilter() = default;

std::unique_ptr<RowFilter::Node> RowFilter::compile(duckdb::ClientContext& context, const TableFilter& filter) {
  auto node = std::make_unique<Node>();
  node->filter = &filter;
  const auto add_children = [&](const auto& children, Node::Kind kind) {
    node->kind = kind;
    for (const auto& child : children) {
      auto compiled = compile(context, *child);
      if (compiled == nullptr && kind == Node::Kind::kOr) return false;
      if (compiled != nullptr) node->children.push_back(std::move(compiled));
    }
    return !node->children.empty();
  };
  switch (filter.filter_type) {
    case TableFilterType::CONJUNCTION_AND:
      return add_children(filter.Cast<duckdb::ConjunctionAndFilter>().child_filters, Node::Kind::kAnd) ? std::move(node)
                                                                                                       : nullptr;
    case TableFilterType::CONJUNCTION_OR:
      return add_children(filter.Cast<duckdb::ConjunctionOrFilter>().child_filters, Node::Kind::kOr) ? std::move(node)
                                                                                                     : nullptr;
    case TableFilterType::DYNAMIC_FILTER: node->kind = Node::Kind::kDynamic; return node;
    case TableFilterType::OPTIONAL_FILTER: {
      // What an optional filter leaves in is filtered again above: only the cheap kinds pay here.
      const auto& child = filter.Cast<duckdb::OptionalFilter>().child_filter;
      if (!child || child->filter_type == TableFilterType::IN_FILTER) return nullptr;
      return compile(context, *child);
    }
    case TableFilterType::IN_FILTER: {
      node->kind = Node::Kind::kOr;
      for (const duckdb::Value& value : filter.Cast<duckdb::InFilter>().values) {
        auto equal = std::make_unique<Node>();
        equal->owned = duckdb::make_uniq<duckdb::ConstantFilter>(ExpressionType::COMPARE_EQUAL, value);
        equal->filter = equal->owned.get();
        equal->state = duckdb::TableFilterState::Initialize(context, *equal->filter);
        node->children.push_back(std::move(equal));
      }
      return node;
    }
    default: node->state = duckdb::TableFilterState::Initialize(context, filter); return node;
  }
}

idx_t RowFilter::apply(duckdb::Vector& vector, idx_t count, SelectionVector& selection, idx_t selected) {
  if (root_ == nullptr) return selected;
  if (vector.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR && !is_dynamic_ &&
      !duckdb::DictionaryVector::DictionaryId(vector).empty()) {
    return apply_to_dictionary(vector, selection, selected);
  }
  duckdb::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(count, format);
  if (vector.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR) {
    SelectionVector only;
    return run(*root_, vector, format, 1, only, 1) == 1 ? selected : 0;
  }
  return run(*root_, vector, format, count, selection, selected);
}

idx_t RowFilter::apply_to_dictionary(duckdb::Vector& vector, SelectionVector& selection, idx_t selected) {
  const std::string& id = duckdb::DictionaryVector::DictionaryId(vector);
  if (id != dictionary_id_) {
    duckdb::Vector& entries = duckdb::DictionaryVector::Child(vector);
    const idx_t size = duckdb::DictionaryVector::DictionarySize(vector).GetIndex();
    duckdb::UnifiedVectorFormat format;
    entries.ToUnifiedFormat(size, format);
    SelectionVector passing;
    const idx_t passed = run(*root_, entries, format, size, passing, size);
    entry_passes_.assign(size, 0);
    for (idx_t i = 0; i < passed; ++i) entry_passes_[passing.get_index(i)] = 1;
    dictionary_id_ = id;
  }
  const SelectionVector& codes = duckdb::DictionaryVector::SelVector(vector);
  SelectionVector kept(kVectorRows);
  idx_t kept_count = 0;
  for (idx_t i = 0; i < selected; ++i) {
    const idx_t row = selection.get_index(i);
    kept.set_index(kept_count, row);
    kept_count += entry_passes_[codes.get_index(row)];
  }
  selection.Initialize(kept);
  return kept_count;
}

idx_t RowFilter::run(Node& node, duckdb::Vector& vector, duckdb::UnifiedVectorFormat& format, idx_t count,
                     SelectionVector& selection, idx_t selected) {
  switch (node.kind) {
    case Node::Kind::kLeaf:
      return duckdb::ColumnSegment::FilterSelection(selection, vector, format, *node.filter, *node.state, count, selected);
    case Node::Kind::kDynamic: {
      const auto now = current(node.filter->Cast<duckdb::DynamicFilter>());
      if (!now) return selected;
      duckdb::TableFilterState none;
      return duckdb::ColumnSegment::FilterSelection(selection, vector, format, *now, none, count, selected);
    }
    case Node::Kind::kAnd:
      for (const auto& child : node.children) {
        selected = run(*child, vector, format, count, selection, selected);
        if (selected == 0) break;
      }
      return selected;
    case Node::Kind::kOr: break;
  }
  std::array<bool, kVectorRows> passes{};
  for (const auto& child : node.children) {
    SelectionVector candidates;
    candidates.Initialize(selection);
    const idx_t passed = run(*child, vector, format, count, candidates, selected);
    for (idx_t i = 0; i < passed; ++i) passes[candidates.get_index(i)] = true;
  }
  SelectionVector kept(selected);
  idx_t kept_count = 0;
  for (idx_t i = 0; i < selected; ++i) {
    const idx_t row = selection.get_index(i);
    if (passes[row]) kept.set_index(kept_count++, row);
  }
  selection.Initialize(kept);
  return kept_count;
}

}  // namespace freshet::query
