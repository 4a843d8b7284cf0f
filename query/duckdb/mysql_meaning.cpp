#include "query/duckdb/mysql_meaning.h"

#include <algorithm>
#include <array>
#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/list.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "query/duckdb/functions/function_tables.h"

namespace freshet::query {
namespace {

using duckdb::ConstantExpression;
using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::FunctionExpression;
using duckdb::OperatorExpression;
using duckdb::ParsedExpression;
using Slots = duckdb::vector<ParsedSlot>;

std::string ours(std::string_view name) { return std::string(kMysqlPrefix) + std::string(name); }

template <typename... Arguments>
ParsedSlot call_of(std::string_view name, Arguments... arguments) {
  Slots children;
  (children.push_back(std::move(arguments)), ...);
  return duckdb::make_uniq<FunctionExpression>(ours(name), std::move(children));
}

ParsedSlot text(std::string_view value) { return duckdb::make_uniq<ConstantExpression>(duckdb::Value(std::string(value))); }

ParsedSlot negation(ParsedSlot truth) {
  return duckdb::make_uniq<OperatorExpression>(ExpressionType::OPERATOR_NOT, std::move(truth));
}

void replace(ParsedSlot& expression, ParsedSlot better) {
  better->alias = expression->GetAlias();
  better->SetQueryLocation(expression->GetQueryLocation());
  expression = std::move(better);
}

// --- operators ---

constexpr std::pair<ExpressionType, const char*> kComparisons[] = {
    {ExpressionType::COMPARE_EQUAL, "eq"},
    {ExpressionType::COMPARE_NOTEQUAL, "ne"},
    {ExpressionType::COMPARE_LESSTHAN, "lt"},
    {ExpressionType::COMPARE_LESSTHANOREQUALTO, "le"},
    {ExpressionType::COMPARE_GREATERTHAN, "gt"},
    {ExpressionType::COMPARE_GREATERTHANOREQUALTO, "ge"},
    {ExpressionType::COMPARE_NOT_DISTINCT_FROM, "same"},
};

/// `x IS TRUE` comes as a comparison of a cast.
void read_test(duckdb::ComparisonExpression& comparison) {
  if (comparison.left->GetExpressionClass() != ExpressionClass::CAST) return;
  auto& cast = comparison.left->Cast<duckdb::CastExpression>();
  if (cast.cast_type == duckdb::LogicalType::BOOLEAN) give_truth(cast.child);
}

void read_comparison(ParsedSlot& expression) {
  auto& comparison = expression->Cast<duckdb::ComparisonExpression>();
  if (expression->GetExpressionType() == ExpressionType::COMPARE_NOT_DISTINCT_FROM ||
      expression->GetExpressionType() == ExpressionType::COMPARE_DISTINCT_FROM) {
    read_test(comparison);
  }
  for (const auto& [type, name] : kComparisons) {
    if (type != expression->GetExpressionType()) continue;
    return replace(expression, call_of(name, std::move(comparison.left), std::move(comparison.right)));
  }
}

void read_operator(ParsedSlot& expression) {
  auto& children = expression->Cast<OperatorExpression>().children;
  switch (expression->GetExpressionType()) {
    case ExpressionType::COMPARE_IN:
    case ExpressionType::COMPARE_NOT_IN: {
      const bool is_not = expression->GetExpressionType() == ExpressionType::COMPARE_NOT_IN;
      ParsedSlot in = duckdb::make_uniq<FunctionExpression>(ours("in"), std::move(children));
      return replace(expression, is_not ? negation(std::move(in)) : std::move(in));
    }
    case ExpressionType::OPERATOR_COALESCE:
      return replace(expression, duckdb::make_uniq<FunctionExpression>(ours("coalesce"), std::move(children)));
    case ExpressionType::OPERATOR_NOT: return give_truth(children.front());
    default: return;
  }
}

void read_case(ParsedSlot& expression) {
  auto& parsed = expression->Cast<duckdb::CaseExpression>();
  Slots children;
  for (auto& check : parsed.case_checks) {
    children.push_back(std::move(check.when_expr));
    children.push_back(std::move(check.then_expr));
  }
  children.push_back(std::move(parsed.else_expr));
  replace(expression, duckdb::make_uniq<FunctionExpression>(ours("case"), std::move(children)));
}

// --- functions ---

constexpr std::pair<std::string_view, const char*> kBinaryOperators[] = {
    {"+", "add"},        {"-", "subtract"},  {"*", "multiply"},   {"/", "divide"},      {"//", "div"},         {"%", "mod"},
    {"&", "bit_and_of"}, {"|", "bit_or_of"}, {"^", "bit_xor_of"}, {"<<", "shift_left"}, {">>", "shift_right"},
};

bool is_call(const ParsedExpression& expression, std::string_view name) {
  return expression.GetExpressionClass() == ExpressionClass::FUNCTION &&
         expression.Cast<FunctionExpression>().function_name == name;
}

/// Moves amount and unit of an INTERVAL behind the value that it is added to.
ParsedSlot shifted(std::string_view name, ParsedSlot value, FunctionExpression& interval) {
  return call_of(name, std::move(value), std::move(interval.children[0]), std::move(interval.children[1]));
}

/// `d + INTERVAL 1 DAY`; null for other sums.
ParsedSlot shift_of_sum(FunctionExpression& sum) {
  const std::string interval = ours("interval_of");
  auto& children = sum.children;
  if (is_call(*children[1], interval)) {
    return shifted(sum.function_name == "+" ? "date_add" : "date_sub", std::move(children[0]),
                   children[1]->Cast<FunctionExpression>());
  }
  if (sum.function_name == "+" && is_call(*children[0], interval))
    return shifted("date_add", std::move(children[1]), children[0]->Cast<FunctionExpression>());
  return nullptr;
}

bool read_operator_call(ParsedSlot& expression) {
  auto& function = expression->Cast<FunctionExpression>();
  auto& children = function.children;
  const std::string& name = function.function_name;
  if (children.size() == 1) {
    if (name == "-") return replace(expression, call_of("negated", std::move(children[0]))), true;
    if (name == "~") return replace(expression, call_of("bit_not_of", std::move(children[0]))), true;
    return false;
  }
  if (children.size() == 2 && (name == "+" || name == "-")) {
    if (ParsedSlot shift = shift_of_sum(function)) return replace(expression, std::move(shift)), true;
  }
  if (name == "~~" || name == "!~~" || name == "like_escape" || name == "not_like_escape") {
    const bool is_not = name.front() == '!' || name.front() == 'n';
    ParsedSlot like = duckdb::make_uniq<FunctionExpression>(ours("like"), std::move(children));
    return replace(expression, is_not ? negation(std::move(like)) : std::move(like)), true;
  }
  if (children.size() != 2) return false;
  for (const auto& [symbol, meaning] : kBinaryOperators) {
    if (symbol == name) return replace(expression, call_of(meaning, std::move(children[0]), std::move(children[1]))), true;
  }
  return false;
}

/// DATE_ADD(d, INTERVAL 1 DAY), ADDDATE(d, 1), and Doris's days_add(d, 1), months_sub(d, 1), hours_diff(a, b).
bool read_date_call(ParsedSlot& expression) {
  auto& function = expression->Cast<FunctionExpression>();
  auto& children = function.children;
  if (children.size() != 2) return false;
  std::string name = function.function_name;
  if (name == "adddate") name = "date_add";
  if (name == "subdate") name = "date_sub";
  if (name == "date_add" || name == "date_sub" || name == "days_add" || name == "days_sub") {
    if (is_call(*children[1], ours("interval_of"))) {
      const char* shift = name.ends_with("add") ? "date_add" : "date_sub";
      return replace(expression, shifted(shift, std::move(children[0]), children[1]->Cast<FunctionExpression>())), true;
    }
  }
  static constexpr std::pair<std::string_view, const char*> kUnits[] = {
      {"date_", "DAY"},   {"days_", "DAY"},   {"weeks_", "WEEK"},     {"months_", "MONTH"},   {"quarters_", "QUARTER"},
      {"years_", "YEAR"}, {"hours_", "HOUR"}, {"minutes_", "MINUTE"}, {"seconds_", "SECOND"},
  };
  for (const auto& [prefix, unit] : kUnits) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    if (rest == "add" || rest == "sub") {
      replace(expression,
              call_of(rest == "add" ? "date_add" : "date_sub", std::move(children[0]), std::move(children[1]), text(unit)));
      return true;
    }
    if (rest == "diff" && prefix != "date_") {
      replace(expression, call_of("timestampdiff", text(unit), std::move(children[1]), std::move(children[0])));
      return true;
    }
  }
  return false;
}

// --- aggregates ---

enum class Aggregate : uint8_t { kNone, kSum, kAverage, kSpread, kBits };

Aggregate aggregate_of(const std::string& name) {
  static const std::unordered_map<std::string_view, Aggregate> kAggregates = {
      {"sum", Aggregate::kSum},        {"avg", Aggregate::kAverage},        {"stddev_pop", Aggregate::kSpread},
      {"var_pop", Aggregate::kSpread}, {"stddev_samp", Aggregate::kSpread}, {"var_samp", Aggregate::kSpread},
      {"bit_and", Aggregate::kBits},   {"bit_or", Aggregate::kBits},        {"bit_xor", Aggregate::kBits},
  };
  const auto found = kAggregates.find(name);
  return found == kAggregates.end() ? Aggregate::kNone : found->second;
}

/// A call or a window of one argument, changed in place or replaced. `Call`: FunctionExpression or WindowExpression.
template <typename Call>
bool read_aggregate(ParsedSlot& expression) {
  auto& aggregate = expression->Cast<Call>();
  const Aggregate kind = aggregate_of(aggregate.function_name);
  if (kind == Aggregate::kNone || aggregate.children.size() != 1) return false;
  ParsedSlot& argument = aggregate.children.front();
  switch (kind) {
    case Aggregate::kSum: argument = call_of("as_number", std::move(argument)); return true;
    case Aggregate::kSpread: argument = call_of("as_double", std::move(argument)); return true;
    case Aggregate::kBits: {
      const uint64_t of_none = aggregate.function_name == "bit_and" ? std::numeric_limits<uint64_t>::max() : 0;
      argument = call_of("as_unsigned", std::move(argument));
      ParsedSlot bits = expression->Copy();
      bits->alias.clear();
      replace(expression, call_of("coalesce", std::move(bits),
                                  ParsedSlot(duckdb::make_uniq<ConstantExpression>(duckdb::Value::UBIGINT(of_none)))));
      return true;
    }
    default: break;
  }
  // AVG is a quotient of MySQL's kind.
  ParsedSlot count = expression->Copy();
  count->alias.clear();
  count->Cast<Call>().function_name = "count";
  argument = call_of("as_number", std::move(argument));
  ParsedSlot sum = expression->Copy();
  sum->alias.clear();
  sum->Cast<Call>().function_name = "sum";
  replace(expression, call_of("divide", std::move(sum), std::move(count)));
  return true;
}

void read_function(ParsedSlot& expression) {
  auto& function = expression->Cast<FunctionExpression>();
  // The parser's name of the grammar's own functions, as SUBSTRING(x FROM 2).
  if (function.schema == DEFAULT_SCHEMA) function.schema.clear();
  if (!function.schema.empty()) return;
  if (read_operator_call(expression)) return;
  function.function_name = duckdb::StringUtil::Lower(function.function_name);
  if (read_date_call(expression) || read_aggregate<FunctionExpression>(expression)) return;
  if (!is_mysql_function(function.function_name)) return;
  function.function_name = ours(function.function_name);
  function.is_operator = false;
}

bool is_truth(const ParsedExpression& expression) {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::CONJUNCTION:
    case ExpressionClass::COMPARISON:
    case ExpressionClass::BETWEEN: return true;
    case ExpressionClass::OPERATOR:
      return expression.GetExpressionType() == ExpressionType::OPERATOR_NOT ||
             expression.GetExpressionType() == ExpressionType::OPERATOR_IS_NULL ||
             expression.GetExpressionType() == ExpressionType::OPERATOR_IS_NOT_NULL;
    case ExpressionClass::SUBQUERY:
      return expression.Cast<duckdb::SubqueryExpression>().subquery_type != duckdb::SubqueryType::SCALAR;
    case ExpressionClass::FUNCTION: {
      static constexpr std::array<std::string_view, 10> kTruths = {"eq", "ne", "lt",      "le",   "gt",
                                                                   "ge", "in", "between", "like", "same"};
      std::string_view name = expression.Cast<FunctionExpression>().function_name;
      if (!name.starts_with(kMysqlPrefix)) return false;
      name.remove_prefix(kMysqlPrefix.size());
      return std::find(kTruths.begin(), kTruths.end(), name) != kTruths.end();
    }
    default: return false;
  }
}

bool has_aggregate(const ParsedExpression& expression) {
  if (expression.IsAggregate() || expression.IsWindow()) return true;
  if (expression.GetExpressionClass() == ExpressionClass::FUNCTION) {
    const std::string& name = expression.Cast<FunctionExpression>().function_name;
    static constexpr std::array<std::string_view, 12> kNames = {"count",
                                                                "count_star",
                                                                "min",
                                                                "max",
                                                                "any_value",
                                                                "string_agg",
                                                                "bitmap_union",
                                                                "bitmap_union_count",
                                                                "list",
                                                                "first",
                                                                "approx_count_distinct",
                                                                "bitmap_intersect"};
    if (aggregate_of(name) != Aggregate::kNone || std::find(kNames.begin(), kNames.end(), name) != kNames.end()) return true;
  }
  bool found = false;
  duckdb::ParsedExpressionIterator::EnumerateChildren(expression,
                                                      [&](const ParsedExpression& child) { found |= has_aggregate(child); });
  return found;
}

}  // namespace

void give_meaning(ParsedSlot& expression) {
  switch (expression->GetExpressionClass()) {
    case ExpressionClass::COMPARISON: return read_comparison(expression);
    case ExpressionClass::OPERATOR: return read_operator(expression);
    case ExpressionClass::CASE: return read_case(expression);
    case ExpressionClass::CONJUNCTION:
      for (ParsedSlot& child : expression->Cast<duckdb::ConjunctionExpression>().children) give_truth(child);
      return;
    case ExpressionClass::BETWEEN: {
      auto& between = expression->Cast<duckdb::BetweenExpression>();
      return replace(expression,
                     call_of("between", std::move(between.input), std::move(between.lower), std::move(between.upper)));
    }
    case ExpressionClass::WINDOW: read_aggregate<duckdb::WindowExpression>(expression); return;
    case ExpressionClass::FUNCTION: return read_function(expression);
    default: return;
  }
}

void give_meaning_below(ParsedSlot& expression) {
  duckdb::ParsedExpressionIterator::EnumerateChildren(*expression, [](ParsedSlot& child) { give_meaning_below(child); });
  give_meaning(expression);
}

void give_truth(ParsedSlot& condition) {
  if (is_truth(*condition)) return;
  ParsedSlot truth = call_of("truth", condition->Copy());
  truth->alias = condition->alias;
  condition = std::move(truth);
}

void move_having(duckdb::SelectNode& select) {
  if (!select.having || !select.groups.group_expressions.empty() || has_aggregate(*select.having)) return;
  for (const ParsedSlot& item : select.select_list) {
    if (has_aggregate(*item)) return;
  }
  if (select.where_clause) {
    select.having = duckdb::make_uniq<duckdb::ConjunctionExpression>(
        ExpressionType::CONJUNCTION_AND, std::move(select.where_clause), std::move(select.having));
  }
  select.where_clause = std::move(select.having);
}

}  // namespace freshet::query
