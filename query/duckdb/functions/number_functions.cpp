#include <cmath>
#include <duckdb/common/vector_operations/binary_executor.hpp>
#include <duckdb/planner/expression/list.hpp>
#include <limits>

#include "query/duckdb/functions/function_tables.h"
#include "query/duckdb/functions/operands.h"
#include "query/functions/numbers.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::hugeint_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

constexpr unsigned kMostDigits = 38;
/// Digits that a quotient has beyond its dividend: MySQL's div_precision_increment.
constexpr unsigned kQuotientDigits = 4;

Int128 to_int128(hugeint_t value) {
  return static_cast<Int128>((static_cast<unsigned __int128>(value.upper) << 64) | value.lower);
}
hugeint_t to_hugeint(Int128 value) { return hugeint_t(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)); }

bool both(const BoundList& values, bool (*is)(const LogicalType&)) {
  return is(values[0]->return_type) && is(values[1]->return_type);
}

/// Integers are 64 bit wide in MySQL's arithmetic, floating numbers doubles; wider ones stay.
Bound widened(ClientContext& context, Bound value) {
  const LogicalTypeId id = value->return_type.id();
  if (id == LogicalTypeId::FLOAT) return cast_to(context, std::move(value), LogicalType::DOUBLE);
  const bool is_wide = id == LogicalTypeId::HUGEINT || id == LogicalTypeId::UHUGEINT || id == LogicalTypeId::UBIGINT;
  return is_integer(value->return_type) && !is_wide ? cast_to(context, std::move(value), LogicalType::BIGINT)
                                                    : std::move(value);
}

void read_numbers(ClientContext& context, BoundList& values) {
  for (Bound& value : values) value = widened(context, read_as(context, std::move(value), Reads::kNumber));
}

bool is_computable(const LogicalType& type) { return class_of(type) != OperandClass::kOther; }

/// What is no number to MySQL (intervals) is the engine's work.
template <char kSymbol>
Bound bind_arithmetic(ClientContext& context, BoundList& values) {
  if (!both(values, is_computable)) return call(context, std::string(1, kSymbol), std::move(values));
  read_numbers(context, values);
  if (both(values, is_exact_number)) {
    // The engine's product of decimals has no room for more digits.
    const unsigned scale = digits_of(values[0]->return_type).scale + digits_of(values[1]->return_type).scale;
    if (kSymbol == '*' && scale > kMostDigits) {
      for (Bound& value : values) value = cast_to(context, std::move(value), LogicalType::DOUBLE);
    }
  }
  return call(context, std::string(1, kSymbol), std::move(values));
}

Bound bind_negated(ClientContext& context, BoundList& values) {
  if (!is_computable(values[0]->return_type)) return call(context, "-", std::move(values));
  values[0] = widened(context, read_as(context, std::move(values[0]), Reads::kNumber));
  // What is unsigned has no negative of its own type.
  if (values[0]->return_type.id() == LogicalTypeId::UBIGINT) {
    values[0] = cast_to(context, std::move(values[0]), LogicalType::HUGEINT);
  }
  const bool is_literal = values[0]->GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT ||
                          values[0]->GetExpressionClass() == duckdb::ExpressionClass::BOUND_CAST;
  Bound negated = call(context, "-", std::move(values));
  if (!is_literal) return negated;
  auto value = constant_value(context, *negated);
  return value ? constant(std::move(*value)) : std::move(negated);
}

/// Runs `compute` on the unscaled values of two decimals of 128 bit.
using DecimalOperation = std::optional<Int128> (*)(Int128 left, Int128 right, unsigned digits);

Bound decimal_operation(const std::string& name, Bound left, Bound right, const LogicalType& result, unsigned digits,
                        DecimalOperation compute) {
  duckdb::ScalarFunction function(
      name, {left->return_type, right->return_type}, result,
      [digits, compute](duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& out) {
        duckdb::BinaryExecutor::ExecuteWithNulls<hugeint_t, hugeint_t, hugeint_t>(
            arguments.data[0], arguments.data[1], out, arguments.size(),
            [&](hugeint_t l, hugeint_t r, duckdb::ValidityMask& validity, duckdb::idx_t row) {
              const auto value = compute(to_int128(l), to_int128(r), digits);
              if (!value) validity.SetInvalid(row);
              return value ? to_hugeint(*value) : hugeint_t(0);
            });
      });
  duckdb::ScalarFunction::SetReturnsError(function);
  BoundList values;
  values.push_back(std::move(left));
  values.push_back(std::move(right));
  return duckdb::make_uniq<duckdb::BoundFunctionExpression>(result, std::move(function), std::move(values), nullptr);
}

std::optional<Int128> quotient(Int128 left, Int128 right, unsigned digits) {
  if (right == 0) return std::nullopt;
  const auto value = divided(left, right, digits);
  if (!value) throw duckdb::OutOfRangeException("DECIMAL value is out of range in a division");
  return value;
}
std::optional<Int128> whole_quotient(Int128 left, Int128 right, unsigned) {
  return right == 0 ? std::nullopt : std::optional(left / right);
}
std::optional<Int128> remainder(Int128 left, Int128 right, unsigned) {
  return right == 0 ? std::nullopt : std::optional(left % right);
}

Bound as_wide_decimal(ClientContext& context, Bound value, unsigned scale) {
  return cast_to(context, std::move(value), decimal_of(kMostDigits, scale));
}

/// Exact numbers give a decimal of four digits more than the dividend has.
Bound bind_divide(ClientContext& context, BoundList& values) {
  if (!both(values, is_computable)) return call(context, "/", std::move(values));
  read_numbers(context, values);
  if (!both(values, is_exact_number)) {
    for (Bound& value : values) value = cast_to(context, std::move(value), LogicalType::DOUBLE);
    return call(context, "/", std::move(values));
  }
  const Digits left = digits_of(values[0]->return_type);
  const Digits right = digits_of(values[1]->return_type);
  const unsigned scale = std::min(left.scale + kQuotientDigits, kMostDigits);
  const unsigned digits = scale - left.scale + right.scale;
  Bound result = decimal_operation(
      std::string(kMysqlPrefix) + "quotient", as_wide_decimal(context, std::move(values[0]), left.scale),
      as_wide_decimal(context, std::move(values[1]), right.scale), decimal_of(kMostDigits, scale), digits, quotient);
  return cast_to(context, std::move(result), decimal_of(left.precision + right.scale + kQuotientDigits, scale));
}

bool is_whole(const LogicalType& type) { return is_integer(type) || type.id() == LogicalTypeId::BOOLEAN; }

/// DIV and MOD, exactly.
Bound bind_whole(ClientContext& context, BoundList& values, const char* symbol, DecimalOperation compute,
                 bool gives_integer) {
  read_numbers(context, values);
  if (both(values, is_whole)) return call(context, symbol, std::move(values));
  const unsigned scale = std::max(digits_of(values[0]->return_type).scale, digits_of(values[1]->return_type).scale);
  const unsigned precision =
      std::max(digits_of(values[0]->return_type).precision, digits_of(values[1]->return_type).precision);
  const LogicalType result = decimal_of(kMostDigits, gives_integer ? 0 : scale);
  Bound computed =
      decimal_operation(std::string(kMysqlPrefix) + symbol, as_wide_decimal(context, std::move(values[0]), scale),
                        as_wide_decimal(context, std::move(values[1]), scale), result, 0, compute);
  return cast_to(context, std::move(computed), gives_integer ? LogicalType::BIGINT : decimal_of(precision, scale));
}

Bound bind_div(ClientContext& context, BoundList& values) {
  for (Bound& value : values) value = read_as(context, std::move(value), Reads::kNumber);
  if (both(values, is_exact_number)) return bind_whole(context, values, "//", whole_quotient, true);
  return call(context, std::string(kMysqlPrefix) + "divide_whole", std::move(values));
}

Bound bind_mod(ClientContext& context, BoundList& values) {
  for (Bound& value : values) value = read_as(context, std::move(value), Reads::kNumber);
  if (both(values, is_exact_number)) return bind_whole(context, values, "%", remainder, false);
  return call(context, std::string(kMysqlPrefix) + "remainder", std::move(values));
}

/// ROUND and TRUNCATE of exact numbers whose digits are known; of others, as doubles.
Bound bind_digits(ClientContext& context, BoundList& values, bool rounds) {
  values[0] = widened(context, read_as(context, std::move(values[0]), Reads::kNumber));
  if (values.size() == 1) values.push_back(constant(Value::BIGINT(0)));
  const LogicalType type = values[0]->return_type;
  const auto digits = constant_integer(context, *values[1]);
  if (digits && *digits >= 0 && is_integer(type)) return std::move(values[0]);
  const bool is_exact = is_exact_number(type) && digits && *digits <= static_cast<int64_t>(kMostDigits);
  if (!is_exact)
    return call(context, std::string(kMysqlPrefix) + (rounds ? "round_double" : "truncate_double"), std::move(values));
  const Digits own = digits_of(type);
  const auto scale = static_cast<unsigned>(std::min<int64_t>(std::max<int64_t>(*digits, 0), own.scale));
  // The unscaled value loses digits at its end, and gets zeros for those before the point.
  const auto lost = static_cast<int64_t>(own.scale) - *digits;
  if (lost <= 0) {
    const auto added = static_cast<unsigned>(-lost);
    return cast_to(context, std::move(values[0]), decimal_of(own.precision + added, own.scale + added));
  }
  const unsigned zeros = *digits < 0 ? static_cast<unsigned>(-*digits) : 0;
  const LogicalType result = decimal_of(kMostDigits, scale);
  const unsigned codes = static_cast<unsigned>(lost) * 256 + zeros * 2 + (rounds ? 1 : 0);
  Bound computed =
      decimal_operation(std::string(kMysqlPrefix) + (rounds ? "round_decimal" : "truncate_decimal"),
                        as_wide_decimal(context, std::move(values[0]), own.scale),
                        as_wide_decimal(context, constant(Value::BIGINT(*digits)), 0), result, codes,
                        [](Int128 value, Int128, unsigned code) -> std::optional<Int128> {
                          return divided_by_ten(value, code / 256, code % 2 == 1) * power_of_ten(code / 2 % 128);
                        });
  if (is_integer(type)) return cast_to(context, std::move(computed), LogicalType::BIGINT);
  return cast_to(context, std::move(computed), decimal_of(own.precision - own.scale + scale + 1U, scale));
}

Bound bind_round(ClientContext& context, BoundList& values) { return bind_digits(context, values, true); }
Bound bind_truncate(ClientContext& context, BoundList& values) { return bind_digits(context, values, false); }

/// A function of the engine over one number.
template <const char* kName>
Bound bind_numeric(ClientContext& context, BoundList& values) {
  values[0] = widened(context, read_as(context, std::move(values[0]), Reads::kNumber));
  return call(context, kName, std::move(values));
}
constexpr char kAbs[] = "abs";
constexpr char kCeil[] = "ceil";
constexpr char kFloor[] = "floor";
constexpr char kSign[] = "sign";

// --- rows ---

template <double (*kFunction)(double)>
void of_double(const Row& row, Answer& answer) {
  answer.real(kFunction(row.real(0)));
}
double square_root(double x) { return std::sqrt(x); }
double exponential(double x) { return std::exp(x); }
double cotangent(double x) { return 1 / std::tan(x); }
double radians(double x) { return x * M_PI / 180; }
double degrees(double x) { return x * 180 / M_PI; }
double natural_log(double x) { return x > 0 ? std::log(x) : NAN; }
double log_two(double x) { return x > 0 ? std::log2(x) : NAN; }
double log_ten(double x) { return x > 0 ? std::log10(x) : NAN; }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }
double tangent(double x) { return std::tan(x); }
double arc_sine(double x) { return std::asin(x); }
double arc_cosine(double x) { return std::acos(x); }

void logarithm(const Row& row, Answer& answer) {
  if (row.size() == 1) return answer.real(natural_log(row.real(0)));
  const double base = natural_log(row.real(0));
  if (base != 0) answer.real(natural_log(row.real(1)) / base);
}
void power(const Row& row, Answer& answer) {
  const double value = std::pow(row.real(0), row.real(1));
  if (!std::isfinite(value)) throw duckdb::OutOfRangeException("DOUBLE value is out of range in 'pow'");
  answer.real(value);
}
void arc_tangent(const Row& row, Answer& answer) {
  answer.real(row.size() == 1 ? std::atan(row.real(0)) : std::atan2(row.real(0), row.real(1)));
}
void pi(const Row&, Answer& answer) { answer.real(M_PI); }
void divide_whole(const Row& row, Answer& answer) {
  if (row.real(1) == 0) return;
  const double value = std::trunc(row.real(0) / row.real(1));
  if (std::abs(value) >= 9.3e18) throw duckdb::OutOfRangeException("BIGINT value is out of range in DIV");
  answer.integer(static_cast<int64_t>(value));
}
void double_remainder(const Row& row, Answer& answer) {
  if (row.real(1) != 0) answer.real(std::fmod(row.real(0), row.real(1)));
}
void round_double(const Row& row, Answer& answer) { answer.real(rounded(row.real(0), row.integer(1))); }
void truncate_double(const Row& row, Answer& answer) { answer.real(truncated(row.real(0), row.integer(1))); }

void bit_and(const Row& row, Answer& answer) { answer.number(row.number(0) & row.number(1)); }
void bit_or(const Row& row, Answer& answer) { answer.number(row.number(0) | row.number(1)); }
void bit_xor(const Row& row, Answer& answer) { answer.number(row.number(0) ^ row.number(1)); }
void bit_not(const Row& row, Answer& answer) { answer.number(~row.number(0)); }
void shift_left(const Row& row, Answer& answer) { answer.number(row.number(1) > 63 ? 0 : row.number(0) << row.number(1)); }
void shift_right(const Row& row, Answer& answer) { answer.number(row.number(1) > 63 ? 0 : row.number(0) >> row.number(1)); }
void bit_count(const Row& row, Answer& answer) { answer.integer(__builtin_popcountll(row.number(0))); }

void conv(const Row& row, Answer& answer) {
  answer.text_or_null(converted_base(row.text(0), row.integer(1), row.integer(2)));
}
template <int kBase>
void in_base(const Row& row, Answer& answer) {
  answer.text_or_null(converted_base(std::to_string(row.integer(0)), 10, kBase));
}

constexpr RowFunctionEntry kRows[] = {
    {"sqrt", "d>d", of_double<square_root>},
    {"exp", "d>d", of_double<exponential>},
    {"ln", "d>d", of_double<natural_log>},
    {"log2", "d>d", of_double<log_two>},
    {"log10", "d>d", of_double<log_ten>},
    {"sin", "d>d", of_double<sine>},
    {"cos", "d>d", of_double<cosine>},
    {"tan", "d>d", of_double<tangent>},
    {"cot", "d>d", of_double<cotangent>},
    {"asin", "d>d", of_double<arc_sine>},
    {"acos", "d>d", of_double<arc_cosine>},
    {"radians", "d>d", of_double<radians>},
    {"degrees", "d>d", of_double<degrees>},
    {"log", "d|d>d", logarithm},
    {"pow", "?dd>d", power},
    {"power", "?dd>d", power},
    {"atan", "d|d>d", arc_tangent},
    {"atan2", "d|d>d", arc_tangent},
    {"pi", ">d", pi},
    {"divide_whole", "?dd>i", divide_whole},
    {"remainder", "dd>d", double_remainder},
    {"round_double", "di>d", round_double},
    {"truncate_double", "di>d", truncate_double},
    {"bit_and_of", "uu>u", bit_and},
    {"bit_or_of", "uu>u", bit_or},
    {"bit_xor_of", "uu>u", bit_xor},
    {"bit_not_of", "u>u", bit_not},
    {"shift_left", "uu>u", shift_left},
    {"shift_right", "uu>u", shift_right},
    {"bit_count", "u>i", bit_count},
    {"conv", "tii>t", conv},
    {"bin", "i>t", in_base<2>},
    {"oct", "i>t", in_base<8>},
};

constexpr BoundFunctionEntry kBound[] = {
    {"add", 2, 2, bind_arithmetic<'+'>},
    {"subtract", 2, 2, bind_arithmetic<'-'>},
    {"multiply", 2, 2, bind_arithmetic<'*'>},
    {"negated", 1, 1, bind_negated},
    {"divide", 2, 2, bind_divide},
    {"div", 2, 2, bind_div},
    {"mod", 2, 2, bind_mod},
    {"round", 1, 2, bind_round},
    {"truncate", 2, 2, bind_truncate},
    {"abs", 1, 1, bind_numeric<kAbs>},
    {"ceil", 1, 1, bind_numeric<kCeil>},
    {"ceiling", 1, 1, bind_numeric<kCeil>},
    {"floor", 1, 1, bind_numeric<kFloor>},
    {"sign", 1, 1, bind_numeric<kSign>},
};

}  // namespace

std::span<const RowFunctionEntry> number_row_functions() { return kRows; }
std::span<const BoundFunctionEntry> number_functions() { return kBound; }

}  // namespace freshet::query
