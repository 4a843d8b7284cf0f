#include "query/duckdb/column_origin.h"

#include <algorithm>
#include <array>
#include <duckdb/optimizer/optimizer_extension.hpp>
#include <duckdb/planner/expression/list.hpp>
#include <duckdb/planner/expression_iterator.hpp>
#include <duckdb/planner/operator/list.hpp>
#include <unordered_map>

#include "query/duckdb/functions/fraction_digits.h"
#include "query/duckdb/query_state.h"
#include "query/duckdb/scan_function.h"
#include "query/duckdb/types.h"

namespace freshet::query {
namespace {

using duckdb::ColumnBinding;
using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::idx_t;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;

constexpr uint8_t kMicrosecondScale = 6;

bool is_datetime(const LogicalType& type) {
  return type.id() == LogicalTypeId::TIMESTAMP || type.id() == LogicalTypeId::TIMESTAMP_TZ;
}

uint8_t scale_of_micros(int64_t micros) { return micros % 1000000 == 0 ? 0 : micros % 1000 == 0 ? 3 : kMicrosecondScale; }

ResultColumn computed(const LogicalType& type) {
  ResultColumn column;
  column.type = data_type(type);
  column.is_binary = type.id() == LogicalTypeId::BLOB && !is_bitmap(type);
  column.is_unsigned = type.id() == LogicalTypeId::UBIGINT;
  return column;
}

/// Follows result columns down a plan that is not optimized yet.
class OriginTracer {
 public:
  OriginTracer(duckdb::ClientContext& context, LogicalOperator& root) : context_(context) { index(root); }

  ResultColumn trace(const ColumnBinding& binding, const LogicalType& type) {
    const auto found = by_table_index_.find(binding.table_index);
    if (found == by_table_index_.end() || ++depth_ > kMaxDepth) return computed(type);
    ResultColumn column = trace_in(*found->second, binding, type);
    --depth_;
    if (has_join_) column.nullable = true;
    return column;
  }

  ResultColumn trace(const Expression& expression) {
    if (expression.GetExpressionClass() == ExpressionClass::BOUND_COLUMN_REF) {
      return trace(expression.Cast<duckdb::BoundColumnRefExpression>().binding, expression.return_type);
    }
    ResultColumn column = computed(expression.return_type);
    if (is_datetime(expression.return_type)) column.type.scale = scale_of(expression);
    return column;
  }

  /// Gives the plan's sorts the cheaper null order where it means the same.
  void relax_null_order(LogicalOperator& op) {
    if (op.type == LogicalOperatorType::LOGICAL_ORDER_BY) {
      for (auto& order : op.Cast<duckdb::LogicalOrder>().orders) {
        const bool has_nulls = trace(*order.expression).nullable;
        if (!has_nulls) order.null_order = duckdb::OrderByNullType::NULLS_LAST;
      }
    }
    for (auto& child : op.children) relax_null_order(*child);
  }

 private:
  static constexpr int kMaxDepth = 64;

  void index(LogicalOperator& op) {
    for (const idx_t table_index : op.GetTableIndex()) by_table_index_.emplace(table_index, &op);
    has_join_ |= dynamic_cast<duckdb::LogicalJoin*>(&op) != nullptr;
    for (auto& child : op.children) index(*child);
  }

  ResultColumn trace_in(LogicalOperator& op, const ColumnBinding& binding, const LogicalType& type) {
    switch (op.type) {
      case LogicalOperatorType::LOGICAL_GET: return trace_scan(op.Cast<duckdb::LogicalGet>(), binding, type);
      case LogicalOperatorType::LOGICAL_PROJECTION: return trace(*op.expressions[binding.column_index]);
      case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY: {
        auto& aggregate = op.Cast<duckdb::LogicalAggregate>();
        if (binding.table_index == aggregate.group_index) return trace(*aggregate.groups[binding.column_index]);
        if (binding.table_index != aggregate.aggregate_index) return computed(type);
        return trace(*aggregate.expressions[binding.column_index]);
      }
      case LogicalOperatorType::LOGICAL_CTE_REF: return trace_cte(op.Cast<duckdb::LogicalCTERef>(), binding, type);
      case LogicalOperatorType::LOGICAL_WINDOW: return trace(*op.expressions[binding.column_index]);
      case LogicalOperatorType::LOGICAL_UNION:
      case LogicalOperatorType::LOGICAL_EXCEPT:
      case LogicalOperatorType::LOGICAL_INTERSECT: return trace_set_operation(op, binding, type);
      default: return computed(type);
    }
  }

  ResultColumn trace_scan(duckdb::LogicalGet& get, const ColumnBinding& binding, const LogicalType& type) {
    const storage::TableSnapshot* table = scanned_table(get.function, get.bind_data.get());
    if (table == nullptr || binding.column_index >= get.GetColumnIds().size()) return computed(type);
    const auto position = column_position(*table->schema, get.GetColumnIds()[binding.column_index].GetPrimaryIndex());
    if (!position) return computed(type);
    const ColumnSchema& stored = table->schema->columns[*position];
    return {stored.name, stored.type, stored.nullable, table->database_name, table->name};
  }

  ResultColumn trace_cte(duckdb::LogicalCTERef& reference, const ColumnBinding& binding, const LogicalType& type) {
    const auto found = by_table_index_.find(reference.cte_index);
    if (found == by_table_index_.end() || found->second->type != LogicalOperatorType::LOGICAL_MATERIALIZED_CTE) {
      return computed(type);
    }
    const auto bindings = found->second->children.front()->GetColumnBindings();
    return binding.column_index < bindings.size() ? trace(bindings[binding.column_index], type) : computed(type);
  }

  ResultColumn trace_set_operation(LogicalOperator& op, const ColumnBinding& binding, const LogicalType& type) {
    ResultColumn column = computed(type);
    if (!is_datetime(type)) return column;
    column.type.scale = 0;
    for (auto& child : op.children) {
      const auto bindings = child->GetColumnBindings();
      if (binding.column_index >= bindings.size()) return computed(type);
      column.type.scale = std::max(column.type.scale, trace(bindings[binding.column_index], type).type.scale);
    }
    return column;
  }

  /// Fractional digits that a DATETIME expression can have.
  uint8_t scale_of(const Expression& expression) {
    if (expression.return_type.id() == LogicalTypeId::DATE) return 0;
    switch (expression.GetExpressionClass()) {
      case ExpressionClass::BOUND_COLUMN_REF: return trace(expression).type.scale;
      case ExpressionClass::BOUND_CONSTANT:
        return scale_of_constant(expression.Cast<duckdb::BoundConstantExpression>().value);
      case ExpressionClass::BOUND_CAST: return scale_of_cast(*expression.Cast<duckdb::BoundCastExpression>().child);
      case ExpressionClass::BOUND_FUNCTION: return scale_of_function(expression.Cast<duckdb::BoundFunctionExpression>());
      case ExpressionClass::BOUND_AGGREGATE:
      case ExpressionClass::BOUND_WINDOW:
      case ExpressionClass::BOUND_CASE:
      case ExpressionClass::BOUND_OPERATOR: return scale_of_children(expression);
      default: return kMicrosecondScale;
    }
  }

  static uint8_t scale_of_constant(const duckdb::Value& value) {
    if (value.IsNull() || value.type().id() == LogicalTypeId::DATE) return 0;
    if (is_datetime(value.type())) return scale_of_micros(value.GetValueUnsafe<int64_t>());
    if (value.type().id() == LogicalTypeId::INTERVAL) {
      return scale_of_micros(value.GetValueUnsafe<duckdb::interval_t>().micros);
    }
    if (value.type().id() != LogicalTypeId::VARCHAR) return kMicrosecondScale;
    const std::string& text = duckdb::StringValue::Get(value);
    const size_t point = text.find('.');
    if (point == std::string::npos) return 0;
    return static_cast<uint8_t>(std::min<size_t>(text.size() - point - 1, kMicrosecondScale));
  }

  uint8_t scale_of_cast(const Expression& child) {
    const bool is_known = is_datetime(child.return_type) || child.return_type.id() == LogicalTypeId::DATE ||
                          child.GetExpressionClass() == ExpressionClass::BOUND_CONSTANT;
    return is_known ? scale_of(child) : kMicrosecondScale;
  }

  uint8_t scale_of_function(const duckdb::BoundFunctionExpression& function) {
    const std::string& name = function.function.name;
    if (const auto digits = fraction_digits(context_, function)) return *digits;
    if (name == "now" || name == "get_current_timestamp" || name == "current_localtimestamp") return 0;
    return scale_of_children(function);
  }

  /// The largest of the children that carry time; 6 when none does.
  uint8_t scale_of_children(const Expression& expression) {
    bool found = false;
    uint8_t scale = 0;
    duckdb::ExpressionIterator::EnumerateChildren(expression, [&](const Expression& child) {
      const LogicalTypeId id = child.return_type.id();
      if (!is_datetime(child.return_type) && id != LogicalTypeId::DATE && id != LogicalTypeId::INTERVAL) return;
      found |= id != LogicalTypeId::INTERVAL;
      const bool is_whole = id == LogicalTypeId::INTERVAL && child.GetExpressionClass() != ExpressionClass::BOUND_CONSTANT;
      scale = std::max(scale, is_whole ? scale_of_interval(child) : scale_of(child));
    });
    return found ? scale : kMicrosecondScale;
  }

  /// Intervals made of whole units by to_days() and its like.
  static uint8_t scale_of_interval(const Expression& interval) {
    if (interval.GetExpressionClass() != ExpressionClass::BOUND_FUNCTION) return kMicrosecondScale;
    const std::string& name = interval.Cast<duckdb::BoundFunctionExpression>().function.name;
    static constexpr std::array<std::string_view, 7> kWholeUnits = {"to_years", "to_quarters", "to_months", "to_weeks",
                                                                    "to_days",  "to_hours",    "to_minutes"};
    return std::find(kWholeUnits.begin(), kWholeUnits.end(), name) != kWholeUnits.end() ? 0 : kMicrosecondScale;
  }

  duckdb::ClientContext& context_;
  std::unordered_map<idx_t, LogicalOperator*> by_table_index_;
  bool has_join_ = false;
  int depth_ = 0;
};

void note_columns(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<LogicalOperator>& plan) {
  plan->ResolveOperatorTypes();
  const auto bindings = plan->GetColumnBindings();
  OriginTracer tracer(input.context, *plan);
  std::vector<ResultColumn> columns;
  for (size_t i = 0; i < bindings.size() && i < plan->types.size(); ++i) {
    columns.push_back(tracer.trace(bindings[i], plan->types[i]));
  }
  QueryState::of(input.context)->set_columns(std::move(columns));
  tracer.relax_null_order(*plan);
}

}  // namespace

void register_column_origins(duckdb::DBConfig& config) {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = note_columns;
  config.optimizer_extensions.push_back(std::move(extension));
}

}  // namespace freshet::query
