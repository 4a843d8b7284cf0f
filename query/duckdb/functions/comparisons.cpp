#include "query/duckdb/functions/comparisons.h"

#include <duckdb/planner/expression/list.hpp>
#include <duckdb/planner/expression_binder.hpp>
#include <limits>

#include "query/functions/numbers.h"
#include "query/functions/texts.h"
#include "query/functions/times.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::ExpressionType;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

Bound compare_as_engine(ClientContext& context, ExpressionType type, Bound left, Bound right) {
  const LogicalType common =
      duckdb::BoundComparisonExpression::BindComparison(context, duckdb::ExpressionBinder::GetExpressionReturnType(*left),
                                                        duckdb::ExpressionBinder::GetExpressionReturnType(*right), type);
  left = cast_to(context, std::move(left), common);
  right = cast_to(context, std::move(right), common);
  return duckdb::make_uniq<duckdb::BoundComparisonExpression>(type, std::move(left), std::move(right));
}

Value moment_value(const Moment& moment, bool beside_day) {
  if (beside_day && moment.micros % kMicrosPerDay == 0)
    return Value::DATE(duckdb::date_t(static_cast<int32_t>(day_of(moment.micros))));
  return Value::TIMESTAMP(duckdb::timestamp_t(moment.micros));
}

/// A constant in the terms of what it is compared with; nothing when MySQL would compare otherwise.
std::optional<Value> adapted(const Value& value, const LogicalType& beside) {
  if (value.IsNull()) return value;
  const OperandClass own = class_of(value.type());
  const OperandClass other = class_of(beside);
  if (own == other) return value;
  const bool is_text = own == OperandClass::kText;
  if (own == OperandClass::kBytes && other == OperandClass::kText && is_utf8(duckdb::StringValue::Get(value)))
    return Value(duckdb::StringValue::Get(value));
  if (other == OperandClass::kMoment && is_text) {
    const auto moment = parse_moment(duckdb::StringValue::Get(value));
    // What is no day is before all days.
    return moment_value(moment.value_or(Moment{kFirstMicros, false}), beside.id() == LogicalTypeId::DATE);
  }
  if (other == OperandClass::kMoment && value.type().IsIntegral()) {
    Value number;
    std::string problem;
    const bool fits = value.DefaultTryCastAs(LogicalType::BIGINT, number, &problem);
    const auto moment = fits ? moment_of_number(number.GetValue<int64_t>(), 0) : std::nullopt;
    if (moment) return moment_value(*moment, beside.id() == LogicalTypeId::DATE);
  }
  if (other == OperandClass::kNumber && is_text && is_exact_number(beside)) {
    const auto number = exact_number(duckdb::StringValue::Get(value));
    const bool fits = number && number->scale == 0 && number->unscaled >= std::numeric_limits<int64_t>::min() &&
                      number->unscaled <= std::numeric_limits<int64_t>::max();
    if (fits) return Value::BIGINT(static_cast<int64_t>(number->unscaled));
    // A text that is a value of the column is compared as one: as doubles, not even equal ones would always be found.
    Value exact;
    std::string problem;
    const unsigned scale = beside.id() == LogicalTypeId::DECIMAL ? duckdb::DecimalType::GetScale(beside) : 0;
    if (number && number->scale <= scale && value.DefaultTryCastAs(beside, exact, &problem)) return exact;
  }
  return std::nullopt;
}

/// Puts the adapted constant in the place of `value`, if it is one that can be.
void adapt(ClientContext& context, Bound& value, const LogicalType& beside) {
  if (class_of(value->return_type) == class_of(beside)) return;
  const auto known = constant_value(context, *value);
  if (!known) return;
  if (auto better = adapted(*known, beside)) value = constant(std::move(*better));
}

/// How two values of different classes are read to be compared.
Reads common_reading(OperandClass left, OperandClass right) {
  const auto either = [&](OperandClass one) { return left == one || right == one; };
  if (either(OperandClass::kNumber)) return Reads::kDouble;
  if (either(OperandClass::kMoment)) return Reads::kMoment;
  if (either(OperandClass::kBytes)) return Reads::kBytes;
  return Reads::kText;
}

bool is_comparable(const LogicalType& type) {
  const OperandClass kind = class_of(type);
  return kind != OperandClass::kNull && kind != OperandClass::kOther;
}

}  // namespace

Bound compare(ClientContext& context, ExpressionType type, Bound left, Bound right) {
  adapt(context, left, right->return_type);
  adapt(context, right, left->return_type);
  const OperandClass left_class = class_of(left->return_type);
  const OperandClass right_class = class_of(right->return_type);
  if (left_class == OperandClass::kNull && right_class == OperandClass::kNull) {
    const bool is_same = type == ExpressionType::COMPARE_NOT_DISTINCT_FROM;
    return constant(is_same ? Value::BOOLEAN(true) : Value(LogicalType::BOOLEAN));
  }
  if (left_class != right_class && is_comparable(left->return_type) && is_comparable(right->return_type)) {
    const Reads reads = common_reading(left_class, right_class);
    left = read_as(context, std::move(left), reads);
    right = read_as(context, std::move(right), reads);
  }
  return compare_as_engine(context, type, std::move(left), std::move(right));
}

namespace {

template <ExpressionType kType>
Bound bind_comparison(ClientContext& context, BoundList& arguments) {
  return compare(context, kType, std::move(arguments[0]), std::move(arguments[1]));
}

/// IN over values of one kind stays what it is; else it is a chain of comparisons.
Bound bind_in(ClientContext& context, BoundList& arguments) {
  bool is_uniform = true;
  LogicalType common = duckdb::ExpressionBinder::GetExpressionReturnType(*arguments[0]);
  for (size_t i = 1; i < arguments.size(); ++i) {
    adapt(context, arguments[i], arguments[0]->return_type);
    const OperandClass own = class_of(arguments[i]->return_type);
    is_uniform = is_uniform && (own == OperandClass::kNull || own == class_of(arguments[0]->return_type));
    if (!is_uniform) continue;
    common = duckdb::BoundComparisonExpression::BindComparison(
        context, common, duckdb::ExpressionBinder::GetExpressionReturnType(*arguments[i]), ExpressionType::COMPARE_IN);
  }
  if (is_uniform) {
    auto in = duckdb::make_uniq<duckdb::BoundOperatorExpression>(ExpressionType::COMPARE_IN, LogicalType::BOOLEAN);
    for (Bound& value : arguments) in->children.push_back(cast_to(context, std::move(value), common));
    return in;
  }
  auto any = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_OR);
  for (size_t i = 1; i < arguments.size(); ++i) {
    any->children.push_back(compare(context, ExpressionType::COMPARE_EQUAL, arguments[0]->Copy(), std::move(arguments[i])));
  }
  if (any->children.size() == 1) return std::move(any->children.front());
  return any;
}

Bound bind_between(ClientContext& context, BoundList& arguments) {
  Bound input = std::move(arguments[0]);
  const OperandClass input_class = class_of(input->return_type);
  for (size_t i = 1; i < arguments.size(); ++i) adapt(context, arguments[i], input->return_type);
  const bool is_uniform =
      class_of(arguments[1]->return_type) == input_class && class_of(arguments[2]->return_type) == input_class;
  if (!is_uniform) {
    Bound above = compare(context, ExpressionType::COMPARE_GREATERTHANOREQUALTO, input->Copy(), std::move(arguments[1]));
    Bound below = compare(context, ExpressionType::COMPARE_LESSTHANOREQUALTO, std::move(input), std::move(arguments[2]));
    return duckdb::make_uniq<duckdb::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_AND, std::move(above),
                                                                 std::move(below));
  }
  LogicalType common = duckdb::ExpressionBinder::GetExpressionReturnType(*input);
  for (size_t i = 1; i < arguments.size(); ++i) {
    common = duckdb::BoundComparisonExpression::BindComparison(
        context, common, duckdb::ExpressionBinder::GetExpressionReturnType(*arguments[i]), ExpressionType::COMPARE_BETWEEN);
  }
  return duckdb::make_uniq<duckdb::BoundBetweenExpression>(cast_to(context, std::move(input), common),
                                                           cast_to(context, std::move(arguments[1]), common),
                                                           cast_to(context, std::move(arguments[2]), common), true, true);
}

/// The engine's own LIKE where the pattern has no escapes: it can look for prefixes and suffixes.
Bound bind_like(ClientContext& context, BoundList& arguments) {
  for (Bound& argument : arguments) argument = read_as(context, std::move(argument), Reads::kText);
  if (arguments.size() == 2) {
    const auto pattern = constant_text(context, *arguments[1]);
    if (pattern && pattern->find('\\') == std::string::npos) return call(context, "~~", std::move(arguments));
    arguments.push_back(constant(Value("\\")));
  }
  return call(context, std::string(kMysqlPrefix) + "like_escaped", std::move(arguments));
}

/// MySQL's match types as RE2 writes them at the beginning of a pattern; of c and i the last one counts.
std::string pattern_flags(std::string_view types) {
  bool ignores_case = false;
  std::string flags;
  for (const char type : types) {
    switch (type) {
      case 'c': ignores_case = false; break;
      case 'i': ignores_case = true; break;
      case 'm': flags += 'm'; break;
      case 'n': flags += 's'; break;
      case 'u': break;  // only \n ends a line, as always here
      default: throw duckdb::InvalidInputException("Incorrect arguments to regexp_like: a match type is of c, i, m, n, u");
    }
  }
  if (ignores_case) flags += 'i';
  return flags.empty() ? flags : "(?" + flags + ")";
}

Bound bind_regexp(ClientContext& context, BoundList& arguments) {
  if (arguments.size() == 3) {
    const std::optional<std::string> types = constant_text(context, *arguments[2]);
    if (!types) throw duckdb::BinderException("The match type of REGEXP_LIKE is a plain text");
    arguments.pop_back();
    arguments[1] = call_of(context, "||", constant(duckdb::Value(pattern_flags(*types))),
                           read_as(context, std::move(arguments[1]), Reads::kText));
  }
  for (Bound& argument : arguments) argument = read_as(context, std::move(argument), Reads::kText);
  return call(context, "regexp_matches", std::move(arguments));
}

constexpr BoundFunctionEntry kComparisons[] = {
    {"eq", 2, 2, bind_comparison<ExpressionType::COMPARE_EQUAL>},
    {"ne", 2, 2, bind_comparison<ExpressionType::COMPARE_NOTEQUAL>},
    {"lt", 2, 2, bind_comparison<ExpressionType::COMPARE_LESSTHAN>},
    {"le", 2, 2, bind_comparison<ExpressionType::COMPARE_LESSTHANOREQUALTO>},
    {"gt", 2, 2, bind_comparison<ExpressionType::COMPARE_GREATERTHAN>},
    {"ge", 2, 2, bind_comparison<ExpressionType::COMPARE_GREATERTHANOREQUALTO>},
    {"same", 2, 2, bind_comparison<ExpressionType::COMPARE_NOT_DISTINCT_FROM>},
    {"in", 2, kAnyNumber, bind_in},
    {"between", 3, 3, bind_between},
    {"like", 2, 3, bind_like},
    {"regexp", 2, 3, bind_regexp},
};

void like_escaped(const Row& row, Answer& answer) {
  const std::string_view escape = row.text(2);
  answer.truth(is_like(row.text(0), row.text(1), escape.empty() ? '\0' : escape.front()));
}

constexpr RowFunctionEntry kComparisonRows[] = {{"like_escaped", "ttt>b", like_escaped}};

}  // namespace

std::span<const BoundFunctionEntry> comparison_functions() { return kComparisons; }
std::span<const RowFunctionEntry> comparison_row_functions() { return kComparisonRows; }

}  // namespace freshet::query
