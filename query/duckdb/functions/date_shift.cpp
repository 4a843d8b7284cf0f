#include "query/duckdb/functions/date_shift.h"

#include <cmath>
#include <duckdb/common/vector_operations/binary_executor.hpp>
#include <duckdb/planner/expression/list.hpp>

#include "query/duckdb/functions/row_function.h"
#include "query/functions/intervals.h"
#include "query/functions/numbers.h"
#include "query/functions/times.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::string_t;
using duckdb::Vector;

/// How an amount becomes an interval.
std::optional<Interval> interval_from(int64_t amount, IntervalUnit unit) { return interval_of(amount, 0, unit); }
std::optional<Interval> interval_from(double amount, IntervalUnit unit) {
  constexpr double kMost = 1e15;
  if (!(std::abs(amount) < kMost)) return std::nullopt;
  const double whole = std::trunc(amount);
  return interval_of(static_cast<int64_t>(whole), std::llround((amount - whole) * 1e6), unit);
}
std::optional<Interval> interval_from(const string_t& amount, IntervalUnit unit) {
  return parse_interval({amount.GetData(), amount.GetSize()}, unit);
}

/// How a value is moved.
std::optional<duckdb::date_t> moved(duckdb::date_t day, const Interval& interval, IntervalUnit, Vector&) {
  const auto moment = added(day.days * kMicrosPerDay, interval);
  if (!moment) return std::nullopt;
  return duckdb::date_t(static_cast<int32_t>(day_of(*moment)));
}
std::optional<duckdb::timestamp_t> moved(duckdb::timestamp_t value, const Interval& interval, IntervalUnit, Vector&) {
  const auto moment = added(value.value, interval);
  return moment ? std::optional(duckdb::timestamp_t(*moment)) : std::nullopt;
}
std::optional<string_t> moved(const string_t& value, const Interval& interval, IntervalUnit unit, Vector& out) {
  const auto parsed = parse_moment({value.GetData(), value.GetSize()});
  const auto moment = parsed ? added(parsed->micros, interval) : std::nullopt;
  if (!moment) return std::nullopt;
  const bool is_day = !parsed->has_time && is_of_days(unit);
  return duckdb::StringVector::AddString(out, is_day ? date_text(day_of(*moment)) : moment_text(*moment));
}

template <typename Value, typename Amount>
duckdb::scalar_function_t shifting(IntervalUnit unit, bool subtracts) {
  return [unit, subtracts](duckdb::DataChunk& arguments, duckdb::ExpressionState&, Vector& out) {
    duckdb::BinaryExecutor::ExecuteWithNulls<Value, Amount, Value>(
        arguments.data[0], arguments.data[1], out, arguments.size(),
        [&](Value value, Amount amount, duckdb::ValidityMask& validity, duckdb::idx_t row) {
          auto interval = interval_from(amount, unit);
          if (interval && subtracts) interval = Interval{-interval->months, -interval->micros};
          const auto result = interval ? moved(value, *interval, unit, out) : std::nullopt;
          if (!result) validity.SetInvalid(row);
          return result.value_or(Value());
        });
  };
}

template <typename Value>
duckdb::scalar_function_t shifting(const LogicalType& amount, IntervalUnit unit, bool subtracts) {
  switch (amount.id()) {
    case LogicalTypeId::BIGINT: return shifting<Value, int64_t>(unit, subtracts);
    case LogicalTypeId::DOUBLE: return shifting<Value, double>(unit, subtracts);
    default: return shifting<Value, string_t>(unit, subtracts);
  }
}

IntervalUnit unit_of(ClientContext& context, const duckdb::Expression& argument) {
  const auto name = constant_text(context, argument);
  const auto unit = name ? interval_unit(*name) : std::nullopt;
  if (!unit) throw duckdb::BinderException("Unknown unit of time");
  return *unit;
}

bool is_simple(IntervalUnit unit) { return unit <= IntervalUnit::kYear; }

Reads reading_of_amount(IntervalUnit unit) {
  if (!is_simple(unit)) return Reads::kText;
  return unit == IntervalUnit::kSecond ? Reads::kDouble : Reads::kInteger;
}

Bound bind_shift(ClientContext& context, BoundList& arguments, bool subtracts) {
  const IntervalUnit unit = unit_of(context, *arguments[2]);
  Bound value = std::move(arguments[0]);
  const OperandClass kind = class_of(value->return_type);
  if (kind == OperandClass::kMoment) {
    const bool is_day = value->return_type.id() == LogicalTypeId::DATE && is_of_days(unit);
    value = read_as(context, std::move(value), is_day ? Reads::kDay : Reads::kMoment);
  } else {
    value = read_as(context, std::move(value), Reads::kText);
  }
  Bound amount = read_as(context, std::move(arguments[1]), reading_of_amount(unit));
  const LogicalType type = value->return_type;
  auto run = type.id() == LogicalTypeId::DATE        ? shifting<duckdb::date_t>(amount->return_type, unit, subtracts)
             : type.id() == LogicalTypeId::TIMESTAMP ? shifting<duckdb::timestamp_t>(amount->return_type, unit, subtracts)
                                                     : shifting<string_t>(amount->return_type, unit, subtracts);
  // The unit is part of the name, by which equal expressions know each other.
  const std::string name =
      std::string(kMysqlPrefix) + (subtracts ? "date_sub_" : "date_add_") + std::to_string(static_cast<int>(unit));
  duckdb::ScalarFunction function(name, {type, amount->return_type}, type, std::move(run));
  BoundList values;
  values.push_back(std::move(value));
  values.push_back(std::move(amount));
  return duckdb::make_uniq<duckdb::BoundFunctionExpression>(type, std::move(function), std::move(values), nullptr);
}

const char* engine_interval(IntervalUnit unit) {
  switch (unit) {
    case IntervalUnit::kMicrosecond: return "to_microseconds";
    case IntervalUnit::kSecond: return "to_seconds";
    case IntervalUnit::kMinute: return "to_minutes";
    case IntervalUnit::kHour: return "to_hours";
    case IntervalUnit::kDay: return "to_days";
    case IntervalUnit::kWeek: return "to_weeks";
    case IntervalUnit::kMonth: return "to_months";
    case IntervalUnit::kQuarter: return "to_quarters";
    case IntervalUnit::kYear: return "to_years";
    default: throw duckdb::BinderException("This unit of time can only be added to a date");
  }
}

}  // namespace

Bound bind_date_add(ClientContext& context, BoundList& arguments) { return bind_shift(context, arguments, false); }
Bound bind_date_sub(ClientContext& context, BoundList& arguments) { return bind_shift(context, arguments, true); }

Bound bind_interval(ClientContext& context, BoundList& arguments) {
  const char* name = engine_interval(unit_of(context, *arguments[1]));
  Bound amount = read_as(context, std::move(arguments[0]), Reads::kInteger);
  return call_of(context, name, cast_to(context, std::move(amount), LogicalType::INTEGER));
}

}  // namespace freshet::query
