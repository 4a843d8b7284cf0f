#include "query/duckdb/functions/date_begin.h"

#include <duckdb/common/vector_operations/unary_executor.hpp>
#include <duckdb/planner/expression/list.hpp>

#include "query/duckdb/functions/row_function.h"
#include "query/functions/times.h"

namespace freshet::query {
namespace {

duckdb::timestamp_t begin(IntervalUnit unit, duckdb::timestamp_t moment) {
  return duckdb::Timestamp::IsFinite(moment) ? duckdb::timestamp_t(begin_of(unit, moment.value)) : moment;
}
duckdb::date_t begin(IntervalUnit unit, duckdb::date_t day) {
  if (!duckdb::Date::IsFinite(day)) return day;
  return duckdb::date_t(static_cast<int32_t>(day_of(begin_of(unit, day.days * kMicrosPerDay))));
}

template <typename Value>
duckdb::scalar_function_t beginning(IntervalUnit unit) {
  return [unit](duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& out) {
    duckdb::UnaryExecutor::Execute<Value, Value>(arguments.data[0], out, arguments.size(),
                                                 [unit](Value value) { return begin(unit, value); });
  };
}

}  // namespace

Bound begin_of_unit(duckdb::ClientContext& context, Bound value, IntervalUnit unit) {
  const bool is_day = value->return_type.id() == duckdb::LogicalTypeId::DATE && is_of_days(unit);
  value = read_as(context, std::move(value), is_day ? Reads::kDay : Reads::kMoment);
  if (unit == IntervalUnit::kMicrosecond) return value;
  const duckdb::LogicalType type = value->return_type;
  // The unit is part of the name, by which equal expressions know each other.
  duckdb::ScalarFunction function(std::string(kMysqlPrefix) + "begin_of_" + std::to_string(static_cast<int>(unit)), {type},
                                  type, is_day ? beginning<duckdb::date_t>(unit) : beginning<duckdb::timestamp_t>(unit));
  BoundList values;
  values.push_back(std::move(value));
  return duckdb::make_uniq<duckdb::BoundFunctionExpression>(type, std::move(function), std::move(values), nullptr);
}

}  // namespace freshet::query
