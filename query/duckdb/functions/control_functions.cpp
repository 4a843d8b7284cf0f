#include <algorithm>
#include <duckdb/planner/expression/list.hpp>

#include "query/duckdb/functions/comparisons.h"
#include "query/duckdb/functions/function_tables.h"
#include "query/duckdb/functions/operands.h"
#include "query/functions/times.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

LogicalType type_or_text(const LogicalType& type) {
  return type.id() == LogicalTypeId::SQLNULL ? LogicalType::INTEGER : type;
}

Bound bind_truth(ClientContext& context, BoundList& arguments) {
  return read_as(context, std::move(arguments[0]), Reads::kTruth);
}

/// Conditions and values in turns, the value of ELSE last.
Bound bind_case(ClientContext& context, BoundList& arguments) {
  BoundList values;
  for (size_t i = 1; i < arguments.size(); i += 2) values.push_back(std::move(arguments[i]));
  values.push_back(std::move(arguments.back()));
  const LogicalType type = type_or_text(common_type(context, values));
  auto result = duckdb::make_uniq<duckdb::BoundCaseExpression>(type);
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    duckdb::BoundCaseCheck check;
    check.when_expr = read_as(context, std::move(arguments[2 * i]), Reads::kTruth);
    check.then_expr = read_as_type(context, std::move(values[i]), type);
    result->case_checks.push_back(std::move(check));
  }
  result->else_expr = read_as_type(context, std::move(values.back()), type);
  return result;
}

Bound bind_coalesce(ClientContext& context, BoundList& arguments) {
  const LogicalType type = type_or_text(common_type(context, arguments));
  if (arguments.size() == 1) return read_as_type(context, std::move(arguments[0]), type);
  auto result = duckdb::make_uniq<duckdb::BoundOperatorExpression>(duckdb::ExpressionType::OPERATOR_COALESCE, type);
  for (Bound& argument : arguments) result->children.push_back(read_as_type(context, std::move(argument), type));
  return result;
}

Bound bind_nullif(ClientContext& context, BoundList& arguments) {
  const LogicalType type = type_or_text(arguments[0]->return_type);
  Bound value = cast_to(context, arguments[0]->Copy(), type);
  Bound same = compare(context, duckdb::ExpressionType::COMPARE_EQUAL, std::move(arguments[0]), std::move(arguments[1]));
  return choice(std::move(same), constant(Value(type)), std::move(value));
}

Bound bind_isnull(ClientContext&, BoundList& arguments) { return is_null(std::move(arguments[0])); }

/// A DATE, or the text of one.
bool is_day(ClientContext& context, const duckdb::Expression& value) {
  if (value.return_type.id() == LogicalTypeId::DATE) return true;
  const auto text = constant_text(context, value);
  const auto moment = text ? parse_moment(*text) : std::nullopt;
  return moment && !moment->has_time;
}

/// Numbers beside texts are compared as numbers, days beside texts as moments. NULL when one is NULL.
Bound bind_extreme(ClientContext& context, BoundList& arguments, const char* name) {
  bool has_number = false;
  bool has_moment = false;
  bool has_other_class = false;
  for (const Bound& argument : arguments) {
    const OperandClass kind = class_of(argument->return_type);
    has_number |= kind == OperandClass::kNumber;
    has_moment |= kind == OperandClass::kMoment;
    has_other_class |= kind != OperandClass::kNull && kind != class_of(arguments[0]->return_type);
  }
  if (has_other_class && (has_moment || has_number)) {
    const bool are_days = has_moment && std::all_of(arguments.begin(), arguments.end(),
                                                    [&](const Bound& value) { return is_day(context, *value); });
    const Reads reads = are_days ? Reads::kDay : has_moment ? Reads::kMoment : Reads::kDouble;
    for (Bound& argument : arguments) argument = read_as(context, std::move(argument), reads);
  }
  const LogicalType type = type_or_text(common_type(context, arguments));
  auto any_null = duckdb::make_uniq<duckdb::BoundConjunctionExpression>(duckdb::ExpressionType::CONJUNCTION_OR);
  for (Bound& argument : arguments) {
    argument = read_as_type(context, std::move(argument), type);
    any_null->children.push_back(is_null(argument->Copy()));
  }
  return choice(std::move(any_null), constant(Value(type)), call(context, name, std::move(arguments)));
}

Bound bind_greatest(ClientContext& context, BoundList& arguments) { return bind_extreme(context, arguments, "greatest"); }
Bound bind_least(ClientContext& context, BoundList& arguments) { return bind_extreme(context, arguments, "least"); }

Bound bind_xor(ClientContext& context, BoundList& arguments) {
  for (Bound& argument : arguments) argument = read_as(context, std::move(argument), Reads::kTruth);
  return compare(context, duckdb::ExpressionType::COMPARE_NOTEQUAL, std::move(arguments[0]), std::move(arguments[1]));
}

/// What SUM, and others that compute, take: a number.
Bound bind_number(ClientContext& context, BoundList& arguments) {
  if (class_of(arguments[0]->return_type) == OperandClass::kOther) return std::move(arguments[0]);
  return read_as(context, std::move(arguments[0]), Reads::kNumber);
}
Bound bind_double(ClientContext& context, BoundList& arguments) {
  return read_as(context, std::move(arguments[0]), Reads::kDouble);
}
Bound bind_unsigned(ClientContext& context, BoundList& arguments) {
  return read_as(context, std::move(arguments[0]), Reads::kUnsigned);
}

constexpr BoundFunctionEntry kControl[] = {
    {"truth", 1, 1, bind_truth},
    {"case", 3, kAnyNumber, bind_case},
    {"coalesce", 1, kAnyNumber, bind_coalesce},
    {"ifnull", 2, 2, bind_coalesce},
    {"nvl", 2, 2, bind_coalesce},
    {"nullif", 2, 2, bind_nullif},
    {"isnull", 1, 1, bind_isnull},
    {"greatest", 2, kAnyNumber, bind_greatest},
    {"least", 2, kAnyNumber, bind_least},
    {"logical_xor", 2, 2, bind_xor},
    {"as_number", 1, 1, bind_number},
    {"as_double", 1, 1, bind_double},
    {"as_unsigned", 1, 1, bind_unsigned},
};

}  // namespace

std::span<const BoundFunctionEntry> control_functions() { return kControl; }

}  // namespace freshet::query
