#include "query/duckdb/functions/fraction_digits.h"

#include <algorithm>
#include <cmath>
#include <duckdb/planner/expression/bound_cast_expression.hpp>
#include <string_view>

#include "query/duckdb/functions/operands.h"
#include "query/duckdb/functions/row_function.h"
#include "query/functions/date_patterns.h"
#include "query/functions/intervals.h"
#include "query/functions/numbers.h"

namespace freshet::query {
namespace {

constexpr uint8_t kMostDigits = 6;

uint8_t digits_of_micros(int64_t micros) {
  return micros % kMicrosPerSecond == 0 ? 0 : micros % 1000 == 0 ? 3 : kMostDigits;
}

/// True for numbers that are whole, whatever they are.
bool is_whole(duckdb::ClientContext& context, const duckdb::Expression& number) {
  if (is_integer(number.return_type)) return true;
  if (const auto value = constant_value(context, number)) {
    return value->IsNull() || (value->type() == duckdb::LogicalType::DOUBLE &&
                               value->GetValue<double>() == std::floor(value->GetValue<double>()));
  }
  if (number.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CAST) return false;
  return is_integer(number.Cast<duckdb::BoundCastExpression>().child->return_type);
}

/// Of mysql_date_add_<unit>: nothing when the unit adds no digits.
std::optional<uint8_t> digits_of_shift(duckdb::ClientContext& context, const duckdb::BoundFunctionExpression& call) {
  const std::string& name = call.function.name;
  const auto unit = static_cast<IntervalUnit>(leading_integer(std::string_view(name).substr(name.rfind('_') + 1)));
  switch (unit) {
    case IntervalUnit::kMicrosecond:
    case IntervalUnit::kSecondMicrosecond:
    case IntervalUnit::kMinuteMicrosecond:
    case IntervalUnit::kHourMicrosecond:
    case IntervalUnit::kDayMicrosecond: return kMostDigits;
    case IntervalUnit::kSecond: return is_whole(context, *call.children[1]) ? std::nullopt : std::optional(kMostDigits);
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<uint8_t> fraction_digits(duckdb::ClientContext& context, const duckdb::BoundFunctionExpression& call) {
  std::string_view name = call.function.name;
  if (!name.starts_with(kMysqlPrefix)) return std::nullopt;
  name.remove_prefix(kMysqlPrefix.size());
  if (name == "cast_datetime") {
    const auto digits = constant_integer(context, *call.children[1]);
    return digits ? static_cast<uint8_t>(std::min<int64_t>(*digits, kMostDigits)) : kMostDigits;
  }
  if (name == "str_to_moment") {
    const auto pattern = constant_text(context, *call.children[1]);
    return !pattern || parts_of_pattern(*pattern).has_fraction ? kMostDigits : 0;
  }
  if (const auto value = constant_value(context, call)) {
    if (value->IsNull() || value->type().InternalType() != duckdb::PhysicalType::INT64) return 0;
    return digits_of_micros(value->GetValueUnsafe<int64_t>());
  }
  if (name.starts_with("date_add_") || name.starts_with("date_sub_")) return digits_of_shift(context, call);
  if (name.starts_with("begin_of_")) return 0;
  if (name == "moment_of_unixtime") return is_whole(context, *call.children[0]) ? 0 : kMostDigits;
  return std::nullopt;
}

}  // namespace freshet::query
