#include "query/duckdb/functions/operands.h"

#include <algorithm>
#include <cmath>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/function/function_binder.hpp>
#include <duckdb/planner/expression/list.hpp>
#include <duckdb/planner/expression_binder.hpp>

#include "query/duckdb/functions/row_function.h"
#include "query/functions/json_text.h"
#include "query/functions/numbers.h"
#include "query/functions/texts.h"
#include "query/functions/times.h"
#include "storage/types/value_text.h"

namespace freshet::query {
namespace {

using duckdb::BoundCastExpression;
using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

constexpr uint8_t kMostDigits = 38;

[[noreturn]] void refuse(const LogicalType& type, const char* wanted) {
  throw duckdb::BinderException("A value of type %s cannot be read as %s here", type.ToString(), wanted);
}

// Conversions are functions whose argument has its type already: kAny reads it as it is.

void text_to_double(const Row& row, Answer& answer) { answer.real(leading_double(row.text(0))); }
void text_to_integer(const Row& row, Answer& answer) { answer.integer(leading_integer(row.text(0))); }
void text_to_unsigned(const Row& row, Answer& answer) { answer.number(leading_unsigned(row.text(0))); }
void text_to_truth(const Row& row, Answer& answer) { answer.truth(leading_double(row.text(0)) != 0); }
void text_to_moment(const Row& row, Answer& answer) {
  if (const auto moment = parse_moment(row.text(0))) answer.integer(moment->micros);
}
void text_to_day(const Row& row, Answer& answer) {
  if (const auto moment = parse_moment(row.text(0))) answer.day(day_of(moment->micros));
}
void text_to_clock(const Row& row, Answer& answer) {
  if (const auto time = parse_time(row.text(0))) answer.integer(*time);
}
void text_to_json(const Row& row, Answer& answer) { answer.text(json_quoted(row.text(0))); }
void bytes_to_text(const Row& row, Answer& answer) {
  if (!is_utf8(row.text(0)))
    throw duckdb::InvalidInputException("Invalid utf8mb4 character string: '%s'", hex_of(row.text(0)));
  answer.text(row.text(0));
}
void bytes_to_unsigned(const Row& row, Answer& answer) {
  uint64_t number = 0;
  for (char c : row.text(0)) number = number << 8 | static_cast<uint8_t>(c);
  answer.number(number);
}
void text_to_bytes(const Row& row, Answer& answer) { answer.text(row.text(0)); }
void double_to_text(const Row& row, Answer& answer) { answer.text(double_text(row.real(0))); }
void float_to_text(const Row& row, Answer& answer) { answer.text(float_text(row.single(0))); }
void double_to_integer(const Row& row, Answer& answer) { answer.integer(rounded_integer(row.real(0))); }
void double_to_moment(const Row& row, Answer& answer) {
  const double whole = std::floor(row.real(0));
  const auto micros = static_cast<int64_t>(std::llround((row.real(0) - whole) * 1e6));
  if (const auto moment = moment_of_number(rounded_integer(whole), micros)) answer.integer(moment->micros);
}
void double_to_clock(const Row& row, Answer& answer) {
  const double magnitude = std::abs(row.real(0));
  const double whole = std::floor(magnitude);
  const int64_t number = rounded_integer(whole);
  const auto micros = static_cast<int64_t>(std::llround((magnitude - whole) * 1e6));
  if (const auto time = time_of_number(number, micros)) answer.integer(row.real(0) < 0 ? -*time : *time);
}
void integer_to_moment(const Row& row, Answer& answer) {
  if (const auto moment = moment_of_number(row.integer(0), 0)) answer.integer(moment->micros);
}
void integer_to_clock(const Row& row, Answer& answer) {
  if (const auto time = time_of_number(row.integer(0), 0)) answer.integer(*time);
}
void integer_to_unsigned(const Row& row, Answer& answer) { answer.number(static_cast<uint64_t>(row.integer(0))); }
void unsigned_to_integer(const Row& row, Answer& answer) { answer.integer(static_cast<int64_t>(row.number(0))); }
void moment_to_text(const Row& row, Answer& answer) {
  answer.text(moment_text(row.integer(0), row.size() > 1 ? static_cast<int>(row.integer(1)) : kAsManyDigitsAsNeeded));
}
void moment_to_integer(const Row& row, Answer& answer) { answer.integer(number_of_moment(row.integer(0))); }
void moment_to_clock(const Row& row, Answer& answer) {
  answer.integer(row.integer(0) - day_of(row.integer(0)) * kMicrosPerDay);
}
void day_to_integer(const Row& row, Answer& answer) { answer.integer(number_of_day(row.day(0))); }

constexpr RowFunctionEntry kConversions[] = {
    {"text_to_double", "a>d", text_to_double},
    {"text_to_integer", "a>i", text_to_integer},
    {"text_to_unsigned", "a>u", text_to_unsigned},
    {"text_to_truth", "a>b", text_to_truth},
    {"text_to_moment", "a>m", text_to_moment},
    {"text_to_day", "a>D", text_to_day},
    {"text_to_clock", "a>i", text_to_clock},
    {"text_to_json", "a>t", text_to_json},
    {"text_to_bytes", "a>y", text_to_bytes},
    {"bytes_to_text", "?a>t", bytes_to_text},
    {"bytes_to_unsigned", "a>u", bytes_to_unsigned},
    {"double_to_text", "a>t", double_to_text},
    {"float_to_text", "a>t", float_to_text},
    {"double_to_integer", "a>i", double_to_integer},
    {"double_to_moment", "a>m", double_to_moment},
    {"double_to_clock", "a>i", double_to_clock},
    {"integer_to_moment", "a>m", integer_to_moment},
    {"integer_to_clock", "a>i", integer_to_clock},
    {"integer_to_unsigned", "a>u", integer_to_unsigned},
    {"unsigned_to_integer", "a>i", unsigned_to_integer},
    {"moment_to_text", "a|a>t", moment_to_text},
    {"moment_to_integer", "a>i", moment_to_integer},
    {"moment_to_clock", "a>i", moment_to_clock},
    {"day_to_integer", "a>i", day_to_integer},
};

Bound convert(ClientContext& context, const char* name, Bound value) {
  return call_of(context, std::string(kMysqlPrefix) + name, std::move(value));
}

bool is_floating(const LogicalType& type) { return type.id() == LogicalTypeId::DOUBLE || type.id() == LogicalTypeId::FLOAT; }
bool is_json_call(const duckdb::Expression& value) {
  if (value.GetExpressionClass() != duckdb::ExpressionClass::BOUND_FUNCTION) return false;
  const std::string& name = value.Cast<duckdb::BoundFunctionExpression>().function.name;
  return name.starts_with(std::string(kMysqlPrefix) + "json_") && !name.ends_with("json_unquote") &&
         !name.ends_with("json_type") && !name.ends_with("json_value") && !name.ends_with("json_search");
}

/// A DATETIME(n) has n digits, also when they are zeros.
Bound moment_as_text(ClientContext& context, Bound value) {
  std::optional<int64_t> digits;
  if (value->GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION) {
    const auto& call = value->Cast<duckdb::BoundFunctionExpression>();
    if (call.function.name == std::string(kMysqlPrefix) + "cast_datetime")
      digits = constant_integer(context, *call.children[1]);
  }
  value = cast_to(context, std::move(value), LogicalType::TIMESTAMP);
  if (!digits) return convert(context, "moment_to_text", std::move(value));
  return call_of(context, std::string(kMysqlPrefix) + "moment_to_text", std::move(value), constant(Value::BIGINT(*digits)));
}

Bound read_text(ClientContext& context, Bound value) {
  const LogicalType& type = value->return_type;
  switch (class_of(type)) {
    case OperandClass::kText:
    case OperandClass::kNull: return cast_to(context, std::move(value), LogicalType::VARCHAR);
    case OperandClass::kBytes: return convert(context, "bytes_to_text", std::move(value));
    case OperandClass::kMoment:
      if (type.id() == LogicalTypeId::DATE) return cast_to(context, std::move(value), LogicalType::VARCHAR);
      return moment_as_text(context, std::move(value));
    case OperandClass::kNumber: break;
    default: return cast_to(context, std::move(value), LogicalType::VARCHAR);
  }
  if (type.id() == LogicalTypeId::DOUBLE) return convert(context, "double_to_text", std::move(value));
  if (type.id() == LogicalTypeId::FLOAT) return convert(context, "float_to_text", std::move(value));
  if (type.id() == LogicalTypeId::BOOLEAN) value = cast_to(context, std::move(value), LogicalType::TINYINT);
  return cast_to(context, std::move(value), LogicalType::VARCHAR);
}

Bound read_bytes(ClientContext& context, Bound value) {
  if (class_of(value->return_type) == OperandClass::kBytes) return value;
  return convert(context, "text_to_bytes", read_text(context, std::move(value)));
}

Bound read_number(ClientContext& context, Bound value) {
  const LogicalType& type = value->return_type;
  switch (class_of(type)) {
    case OperandClass::kNull: return cast_to(context, std::move(value), LogicalType::BIGINT);
    case OperandClass::kText:
      return convert(context, "text_to_double", cast_to(context, std::move(value), LogicalType::VARCHAR));
    case OperandClass::kBytes: return convert(context, "bytes_to_unsigned", std::move(value));
    case OperandClass::kMoment:
      return type.id() == LogicalTypeId::DATE ? convert(context, "day_to_integer", std::move(value))
                                              : convert(context, "moment_to_integer", std::move(value));
    case OperandClass::kNumber:
      return type.id() == LogicalTypeId::BOOLEAN ? cast_to(context, std::move(value), LogicalType::BIGINT)
                                                 : std::move(value);
    default: refuse(type, "a number");
  }
}

Bound read_integer(ClientContext& context, Bound value) {
  if (class_of(value->return_type) == OperandClass::kText)
    return convert(context, "text_to_integer", cast_to(context, std::move(value), LogicalType::VARCHAR));
  value = read_number(context, std::move(value));
  if (is_floating(value->return_type))
    return convert(context, "double_to_integer", cast_to(context, std::move(value), LogicalType::DOUBLE));
  if (value->return_type.id() == LogicalTypeId::UBIGINT) return convert(context, "unsigned_to_integer", std::move(value));
  if (value->return_type.id() == LogicalTypeId::HUGEINT) {
    // A literal above the signed integers is an unsigned one.
    const auto known = constant_value(context, *value);
    Value number;
    std::string problem;
    const bool is_unsigned = known && !known->IsNull() && known->DefaultTryCastAs(LogicalType::UBIGINT, number, &problem);
    if (is_unsigned) return convert(context, "unsigned_to_integer", constant(std::move(number)));
  }
  return cast_to(context, std::move(value), LogicalType::BIGINT);
}

Bound read_unsigned(ClientContext& context, Bound value) {
  if (value->return_type.id() == LogicalTypeId::UBIGINT) return value;
  switch (class_of(value->return_type)) {
    case OperandClass::kText:
      return convert(context, "text_to_unsigned", cast_to(context, std::move(value), LogicalType::VARCHAR));
    case OperandClass::kBytes: return convert(context, "bytes_to_unsigned", std::move(value));
    default: break;
  }
  const bool is_wide = value->return_type.id() == LogicalTypeId::HUGEINT ||
                       value->return_type.id() == LogicalTypeId::UHUGEINT ||
                       (value->return_type.id() == LogicalTypeId::DECIMAL && digits_of(value->return_type).precision > 18);
  if (is_wide) return cast_to(context, std::move(value), LogicalType::UBIGINT);
  return convert(context, "integer_to_unsigned", read_integer(context, std::move(value)));
}

Bound read_moment(ClientContext& context, Bound value, bool is_day) {
  const LogicalType target = is_day ? LogicalType::DATE : LogicalType::TIMESTAMP;
  const LogicalType& type = value->return_type;
  switch (class_of(type)) {
    case OperandClass::kNull:
    case OperandClass::kMoment: return cast_to(context, std::move(value), target);
    case OperandClass::kBytes:
    case OperandClass::kText:
      return convert(context, is_day ? "text_to_day" : "text_to_moment", read_text(context, std::move(value)));
    case OperandClass::kNumber: {
      const bool is_whole = is_exact_number(type) && (type.id() != LogicalTypeId::DECIMAL || digits_of(type).scale == 0);
      Bound moment = is_whole
                         ? convert(context, "integer_to_moment", cast_to(context, std::move(value), LogicalType::BIGINT))
                         : convert(context, "double_to_moment", cast_to(context, std::move(value), LogicalType::DOUBLE));
      return cast_to(context, std::move(moment), target);
    }
    default: refuse(type, "a date");
  }
}

Bound read_clock(ClientContext& context, Bound value) {
  const LogicalType& type = value->return_type;
  switch (class_of(type)) {
    case OperandClass::kNull: return cast_to(context, std::move(value), LogicalType::BIGINT);
    case OperandClass::kMoment:
      return convert(context, "moment_to_clock", cast_to(context, std::move(value), LogicalType::TIMESTAMP));
    case OperandClass::kNumber:
      return is_integer(type) ? convert(context, "integer_to_clock", cast_to(context, std::move(value), LogicalType::BIGINT))
                              : convert(context, "double_to_clock", cast_to(context, std::move(value), LogicalType::DOUBLE));
    default: return convert(context, "text_to_clock", read_text(context, std::move(value)));
  }
}

Bound read_truth(ClientContext& context, Bound value) {
  if (value->return_type.id() == LogicalTypeId::BOOLEAN) return value;
  if (class_of(value->return_type) == OperandClass::kText)
    return convert(context, "text_to_truth", cast_to(context, std::move(value), LogicalType::VARCHAR));
  value = read_number(context, std::move(value));
  Bound zero = cast_to(context, constant(Value::INTEGER(0)), value->return_type);
  return duckdb::make_uniq<duckdb::BoundComparisonExpression>(duckdb::ExpressionType::COMPARE_NOTEQUAL, std::move(value),
                                                              std::move(zero));
}

Bound read_json(ClientContext& context, Bound value) {
  if (is_json_call(*value)) return value;
  const LogicalType type = value->return_type;
  if (type.id() == LogicalTypeId::BOOLEAN || class_of(type) == OperandClass::kNull)
    return cast_to(context, std::move(value), LogicalType::VARCHAR);
  Bound text = read_text(context, std::move(value));
  return class_of(type) == OperandClass::kNumber ? std::move(text) : convert(context, "text_to_json", std::move(text));
}

}  // namespace

OperandClass class_of(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::SQLNULL: return OperandClass::kNull;
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::STRING_LITERAL:
    case LogicalTypeId::ENUM:
    case LogicalTypeId::TIME: return OperandClass::kText;
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_TZ: return OperandClass::kMoment;
    case LogicalTypeId::BLOB: return type.HasAlias() ? OperandClass::kOther : OperandClass::kBytes;
    case LogicalTypeId::BOOLEAN: return OperandClass::kNumber;
    default: return type.IsNumeric() ? OperandClass::kNumber : OperandClass::kOther;
  }
}

bool is_integer(const LogicalType& type) { return type.IsIntegral(); }

bool is_exact_number(const LogicalType& type) {
  return type.IsIntegral() || type.id() == LogicalTypeId::DECIMAL || type.id() == LogicalTypeId::BOOLEAN;
}

Bound read_as(ClientContext& context, Bound value, Reads reads) {
  if (value->return_type.id() == LogicalTypeId::UNKNOWN) throw duckdb::ParameterNotResolvedException();
  switch (reads) {
    case Reads::kText: return read_text(context, std::move(value));
    case Reads::kBytes: return read_bytes(context, std::move(value));
    case Reads::kInteger: return read_integer(context, std::move(value));
    case Reads::kUnsigned: return read_unsigned(context, std::move(value));
    case Reads::kDouble: return cast_to(context, read_number(context, std::move(value)), LogicalType::DOUBLE);
    case Reads::kNumber: return read_number(context, std::move(value));
    case Reads::kMoment: return read_moment(context, std::move(value), false);
    case Reads::kDay: return read_moment(context, std::move(value), true);
    case Reads::kClock: return read_clock(context, std::move(value));
    case Reads::kTruth: return read_truth(context, std::move(value));
    case Reads::kJson: return read_json(context, std::move(value));
    case Reads::kAny: break;
  }
  return value;
}

Bound cast_to(ClientContext& context, Bound value, const LogicalType& type) {
  return BoundCastExpression::AddCastToType(context, std::move(value), type);
}

Bound constant(Value value) { return duckdb::make_uniq<duckdb::BoundConstantExpression>(std::move(value)); }

Bound call(ClientContext& context, const std::string& name, BoundList arguments) {
  duckdb::FunctionBinder binder(context);
  duckdb::ErrorData error;
  auto bound = binder.BindScalarFunction(DEFAULT_SCHEMA, name, std::move(arguments), error);
  if (bound == nullptr) error.Throw();
  return bound;
}

Bound negation(Bound truth) {
  auto bound =
      duckdb::make_uniq<duckdb::BoundOperatorExpression>(duckdb::ExpressionType::OPERATOR_NOT, LogicalType::BOOLEAN);
  bound->children.push_back(std::move(truth));
  return bound;
}

Bound choice(Bound condition, Bound then, Bound otherwise) {
  return duckdb::make_uniq<duckdb::BoundCaseExpression>(std::move(condition), std::move(then), std::move(otherwise));
}

Bound is_null(Bound value) {
  auto bound =
      duckdb::make_uniq<duckdb::BoundOperatorExpression>(duckdb::ExpressionType::OPERATOR_IS_NULL, LogicalType::BOOLEAN);
  bound->children.push_back(std::move(value));
  return bound;
}

std::optional<Value> constant_value(ClientContext& context, const duckdb::Expression& expression) {
  Value value;
  if (!expression.IsFoldable() || !duckdb::ExpressionExecutor::TryEvaluateScalar(context, expression, value))
    return std::nullopt;
  return value;
}

std::optional<std::string> constant_text(ClientContext& context, const duckdb::Expression& expression) {
  const auto value = constant_value(context, expression);
  if (!value || value->IsNull() || value->type().InternalType() != duckdb::PhysicalType::VARCHAR) return std::nullopt;
  return duckdb::StringValue::Get(*value);
}

std::optional<int64_t> constant_integer(ClientContext& context, const duckdb::Expression& expression) {
  auto value = constant_value(context, expression);
  if (!value || value->IsNull() || !is_exact_number(value->type())) return std::nullopt;
  Value integer;
  std::string problem;
  if (!value->DefaultTryCastAs(LogicalType::BIGINT, integer, &problem)) return std::nullopt;
  return integer.GetValue<int64_t>();
}

Digits digits_of(const LogicalType& type) {
  Digits digits;
  if (type.id() == LogicalTypeId::BOOLEAN) return {1, 0};
  if (!type.GetDecimalProperties(digits.precision, digits.scale)) return {kMostDigits, 0};
  return digits;
}

LogicalType decimal_of(unsigned precision, unsigned scale) {
  const auto kept_scale = static_cast<uint8_t>(std::min<unsigned>(scale, kMostDigits));
  const auto kept = static_cast<uint8_t>(std::min<unsigned>(std::max(precision, 1U), kMostDigits));
  return LogicalType::DECIMAL(std::max(kept, kept_scale), kept_scale);
}

LogicalType common_type(ClientContext& context, const BoundList& values) {
  LogicalType type = LogicalType::SQLNULL;
  for (const Bound& value : values) {
    const LogicalType own = value->return_type;
    const OperandClass own_class = class_of(own);
    if (own_class == OperandClass::kNull) continue;
    const OperandClass known_class = class_of(type);
    if (known_class == OperandClass::kNull) {
      type = own;
    } else if (known_class == own_class) {
      LogicalType larger;
      if (!LogicalType::TryGetMaxLogicalType(context, type, own, larger)) refuse(own, "the type of its neighbours");
      type = larger;
    } else if (known_class == OperandClass::kOther || own_class == OperandClass::kOther) {
      refuse(own, "the type of its neighbours");
    } else {
      type = LogicalType::VARCHAR;
    }
  }
  return type;
}

Bound read_as_type(ClientContext& context, Bound value, const LogicalType& type) {
  if (class_of(type) == OperandClass::kText) return read_text(context, std::move(value));
  return cast_to(context, std::move(value), type);
}

void register_conversions(duckdb::ExtensionLoader& loader) {
  for (const RowFunctionEntry& entry : kConversions) loader.RegisterFunction(make_row_function(entry));
}

}  // namespace freshet::query
