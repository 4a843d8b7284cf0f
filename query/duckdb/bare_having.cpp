#include "query/duckdb/bare_having.h"

#include <algorithm>
#include <array>
#include <duckdb.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/conjunction_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <duckdb/parser/query_node/select_node.hpp>

namespace freshet::query {
namespace {

using duckdb::ExpressionClass;
using duckdb::ParsedExpression;
using duckdb::ParsedExpressionIterator;
using ExpressionPointer = duckdb::unique_ptr<ParsedExpression>;

/// Aggregates that queries in MySQL's dialect use, by DuckDB's names.
constexpr std::array kAggregates = {"any_value",     "approx_count_distinct",
                                    "arbitrary",     "arg_max",
                                    "arg_min",       "array_agg",
                                    "avg",           "bit_and",
                                    "bit_or",        "bit_xor",
                                    "bool_and",      "bool_or",
                                    "corr",          "count",
                                    "count_if",      "count_star",
                                    "covar_pop",     "covar_samp",
                                    "first",         "group_concat",
                                    "histogram",     "last",
                                    "list",          "max",
                                    "max_by",        "median",
                                    "min",           "min_by",
                                    "mode",          "product",
                                    "quantile_cont", "quantile_disc",
                                    "stddev",        "stddev_pop",
                                    "stddev_samp",   "string_agg",
                                    "sum",           "var_pop",
                                    "var_samp",      "variance"};

bool is_aggregate(const std::string& name) {
  return std::find(kAggregates.begin(), kAggregates.end(), name) != kAggregates.end() || name.starts_with("bitmap_") ||
         name.starts_with("json_group_");
}

bool has_aggregate(const ParsedExpression& expression) {
  if (expression.GetExpressionClass() == ExpressionClass::FUNCTION &&
      is_aggregate(expression.Cast<duckdb::FunctionExpression>().function_name)) {
    return true;
  }
  bool found = false;
  ParsedExpressionIterator::EnumerateChildren(expression,
                                              [&](const ParsedExpression& child) { found = found || has_aggregate(child); });
  return found;
}

/// Puts the expressions of the select list in the place of their names.
void replace_names(ExpressionPointer& expression, const duckdb::vector<ExpressionPointer>& select_list) {
  if (expression->GetExpressionClass() == ExpressionClass::COLUMN_REF) {
    const auto& column = expression->Cast<duckdb::ColumnRefExpression>();
    if (column.IsQualified()) return;
    for (const ExpressionPointer& item : select_list) {
      if (item->GetAlias().empty() || !duckdb::StringUtil::CIEquals(item->GetAlias(), column.GetColumnName())) continue;
      expression = item->Copy();
      expression->ClearAlias();
      return;
    }
    return;
  }
  ParsedExpressionIterator::EnumerateChildren(*expression,
                                              [&](ExpressionPointer& child) { replace_names(child, select_list); });
}

}  // namespace

void lower_bare_having(duckdb::SelectNode& select) {
  if (!select.having || !select.groups.group_expressions.empty() || !select.groups.grouping_sets.empty()) return;
  if (has_aggregate(*select.having) || std::any_of(select.select_list.begin(), select.select_list.end(),
                                                   [](const auto& item) { return has_aggregate(*item); })) {
    return;
  }
  ExpressionPointer condition = std::move(select.having);
  replace_names(condition, select.select_list);
  select.where_clause = select.where_clause ? duckdb::make_uniq<duckdb::ConjunctionExpression>(
                                                  duckdb::ExpressionType::CONJUNCTION_AND, std::move(select.where_clause),
                                                  std::move(condition))
                                            : std::move(condition);
}

}  // namespace freshet::query
