#include "query/duckdb/untyped_operands.h"

#include <algorithm>
#include <array>
#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/list.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>

namespace freshet::query {
namespace {

using duckdb::ExpressionClass;
using duckdb::LogicalType;
using duckdb::ParsedExpression;
using Slot = duckdb::unique_ptr<ParsedExpression>;

constexpr std::array kArithmetic = {"+", "-", "*", "/", "//", "%"};
constexpr std::array kNumericFunctions = {"abs",     "ceil",    "ceiling", "floor", "round", "trunc",    "sqrt",    "pow",
                                          "power",   "mod",     "exp",     "ln",    "log",   "log2",     "log10",   "sign",
                                          "sin",     "cos",     "tan",     "asin",  "acos",  "atan",     "atan2",   "cot",
                                          "radians", "degrees", "divide",  "fmod",  "add",   "subtract", "multiply"};

template <size_t N>
bool is_one_of(const std::array<const char*, N>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const char* known) { return name == known; });
}

std::string function_name(const ParsedExpression& expression) {
  if (expression.GetExpressionClass() != ExpressionClass::FUNCTION) return {};
  return duckdb::StringUtil::Lower(expression.Cast<duckdb::FunctionExpression>().function_name);
}

bool is_numeric(const ParsedExpression& expression) {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::CONSTANT: return expression.Cast<duckdb::ConstantExpression>().value.type().IsNumeric();
    case ExpressionClass::CAST: return expression.Cast<duckdb::CastExpression>().cast_type.IsNumeric();
    case ExpressionClass::FUNCTION: {
      const std::string name = function_name(expression);
      return is_one_of(kArithmetic, name) || is_one_of(kNumericFunctions, name);
    }
    default: return false;
  }
}

bool is_interval(const ParsedExpression& expression) { return function_name(expression) == "interval_of"; }

class Reader {
 public:
  explicit Reader(const IsUntyped& is_untyped) : is_untyped_(is_untyped) {}

  void read(Slot& expression) {
    duckdb::ParsedExpressionIterator::EnumerateChildren(*expression, [this](Slot& child) { read(child); });
    switch (expression->GetExpressionClass()) {
      case ExpressionClass::FUNCTION: return read_function(expression->Cast<duckdb::FunctionExpression>());
      case ExpressionClass::COMPARISON: {
        auto& comparison = expression->Cast<duckdb::ComparisonExpression>();
        if (is_numeric(*comparison.right)) cast(comparison.left, LogicalType::DOUBLE);
        if (is_numeric(*comparison.left)) cast(comparison.right, LogicalType::DOUBLE);
        return;
      }
      case ExpressionClass::BETWEEN: {
        auto& between = expression->Cast<duckdb::BetweenExpression>();
        if (is_numeric(*between.lower) && is_numeric(*between.upper)) cast(between.input, LogicalType::DOUBLE);
        return;
      }
      case ExpressionClass::OPERATOR: {
        auto& children = expression->Cast<duckdb::OperatorExpression>().children;
        const bool is_in = expression->GetExpressionType() == duckdb::ExpressionType::COMPARE_IN ||
                           expression->GetExpressionType() == duckdb::ExpressionType::COMPARE_NOT_IN;
        if (is_in &&
            std::all_of(children.begin() + 1, children.end(), [](const Slot& value) { return is_numeric(*value); })) {
          cast(children.front(), LogicalType::DOUBLE);
        }
        return;
      }
      default: return;
    }
  }

 private:
  void read_function(duckdb::FunctionExpression& function) {
    const std::string name = duckdb::StringUtil::Lower(function.function_name);
    if (name == "to_bitmap") {
      for (Slot& child : function.children) cast(child, LogicalType::UBIGINT);
      return;
    }
    const bool is_arithmetic = is_one_of(kArithmetic, name);
    if (!is_arithmetic && !is_one_of(kNumericFunctions, name)) return;
    const bool has_interval = is_arithmetic && std::any_of(function.children.begin(), function.children.end(),
                                                           [](const Slot& child) { return is_interval(*child); });
    if (has_interval) return;
    for (Slot& child : function.children) cast(child, LogicalType::DOUBLE);
  }

  void cast(Slot& operand, const LogicalType& type) const {
    if (operand->GetExpressionClass() != ExpressionClass::COLUMN_REF) return;
    if (!is_untyped_(operand->Cast<duckdb::ColumnRefExpression>().GetColumnName())) return;
    operand = duckdb::make_uniq<duckdb::CastExpression>(type, std::move(operand), true);
  }

  const IsUntyped& is_untyped_;
};

}  // namespace

void read_untyped_operands(duckdb::unique_ptr<ParsedExpression>& expression, const IsUntyped& is_untyped) {
  Reader(is_untyped).read(expression);
}

}  // namespace freshet::query
