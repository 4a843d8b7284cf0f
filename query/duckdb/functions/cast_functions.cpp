#include <duckdb/planner/expression/list.hpp>

#include "query/duckdb/functions/function_tables.h"
#include "query/duckdb/functions/operands.h"
#include "query/functions/json_text.h"
#include "query/functions/numbers.h"
#include "query/functions/texts.h"
#include "query/functions/times.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::Value;

/// CAST as MySQL does it: what is at the beginning of a text counts, and what is none is 0 or NULL, never an error.
template <Reads kReads>
Bound bind_cast(ClientContext& context, BoundList& arguments) {
  return read_as(context, std::move(arguments[0]), kReads);
}

/// CAST(x AS CHAR(n)), BINARY(n).
template <Reads kReads>
Bound bind_cut(ClientContext& context, BoundList& arguments) {
  Bound value = read_as(context, std::move(arguments[0]), kReads);
  if (arguments.size() == 1) return value;
  const char* name = kReads == Reads::kText ? "left" : "left_bytes";
  return call_of(context, std::string(kMysqlPrefix) + name, std::move(value), std::move(arguments[1]));
}

int64_t required_integer(ClientContext& context, const duckdb::Expression& argument) {
  const auto value = constant_integer(context, argument);
  if (!value) throw duckdb::BinderException("The digits of a type are a number");
  return *value;
}

/// CAST(x AS DECIMAL(p, s)): saturates.
Bound bind_decimal(ClientContext& context, BoundList& arguments) {
  const int64_t precision = required_integer(context, *arguments[1]);
  const int64_t scale = required_integer(context, *arguments[2]);
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
    throw duckdb::BinderException("DECIMAL has 1 to 38 digits, and at most as many behind the point");
  const LogicalType type = decimal_of(static_cast<unsigned>(precision), static_cast<unsigned>(scale));
  if (class_of(arguments[0]->return_type) == OperandClass::kMoment)
    arguments[0] = read_as(context, std::move(arguments[0]), Reads::kNumber);
  if (is_exact_number(arguments[0]->return_type)) {
    const Digits own = digits_of(arguments[0]->return_type);
    if (own.precision - own.scale < precision - scale) return cast_to(context, std::move(arguments[0]), type);
  }
  Bound text = read_as(context, std::move(arguments[0]), Reads::kText);
  duckdb::ScalarFunction function(
      std::string(kMysqlPrefix) + "text_to_decimal", {LogicalType::VARCHAR}, decimal_of(38, static_cast<unsigned>(scale)),
      [precision, scale](duckdb::DataChunk& chunk, duckdb::ExpressionState&, duckdb::Vector& out) {
        duckdb::UnaryExecutor::Execute<duckdb::string_t, duckdb::hugeint_t>(
            chunk.data[0], out, chunk.size(), [&](const duckdb::string_t& written) {
              const Int128 value = leading_decimal({written.GetData(), written.GetSize()}, static_cast<unsigned>(precision),
                                                   static_cast<unsigned>(scale));
              return duckdb::hugeint_t(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
            });
      });
  BoundList values;
  values.push_back(std::move(text));
  const LogicalType wide = function.return_type;
  Bound value = duckdb::make_uniq<duckdb::BoundFunctionExpression>(wide, std::move(function), std::move(values), nullptr);
  return cast_to(context, std::move(value), type);
}

/// CAST(x AS INT) and Doris's other types: what does not fit is NULL.
Bound bind_small(ClientContext& context, BoundList& arguments) {
  const auto name = constant_text(context, *arguments[1]);
  if (!name) throw duckdb::BinderException("A type is a name");
  const LogicalType type = duckdb::TransformStringToLogicalType(*name, context);
  return duckdb::BoundCastExpression::AddCastToType(context, read_as(context, std::move(arguments[0]), Reads::kInteger),
                                                    type, true);
}

void cast_time(const Row& row, Answer& answer) {
  answer.text(time_text(row.integer(0), row.size() > 1 ? static_cast<int>(row.integer(1)) : 0));
}

/// Digits beyond those that are kept are cut off, as MariaDB does.
void cast_moment(const Row& row, Answer& answer) {
  int64_t unit = kMicrosPerSecond;
  for (int64_t digits = row.integer(1); digits > 0; --digits) unit /= 10;
  const int64_t rest = row.integer(0) % unit;
  answer.integer(row.integer(0) - (rest < 0 ? rest + unit : rest));
}

void cast_json(const Row& row, Answer& answer) {
  if (!is_json(row.text(0))) throw duckdb::InvalidInputException("Invalid JSON text: '%s'", std::string(row.text(0)));
  answer.text(row.text(0));
}

void left_bytes(const Row& row, Answer& answer) {
  answer.text(row.text(0).substr(0, static_cast<size_t>(std::max<int64_t>(row.integer(1), 0))));
}

constexpr BoundFunctionEntry kCasts[] = {
    {"cast_signed", 1, 1, bind_cast<Reads::kInteger>},
    {"cast_unsigned", 1, 1, bind_cast<Reads::kUnsigned>},
    {"cast_double", 1, 1, bind_cast<Reads::kDouble>},
    {"cast_date", 1, 1, bind_cast<Reads::kDay>},
    {"cast_char", 1, 2, bind_cut<Reads::kText>},
    {"cast_binary", 1, 2, bind_cut<Reads::kBytes>},
    {"cast_decimal", 3, 3, bind_decimal},
    {"cast_small", 2, 2, bind_small},
    {"cast_boolean", 1, 1, bind_cast<Reads::kTruth>},
};

constexpr RowFunctionEntry kCastRows[] = {
    {"cast_time", "c|i>t", cast_time},
    {"cast_datetime", "mi>m", cast_moment},
    {"cast_json", "?t>t", cast_json},
    {"left_bytes", "yi>y", left_bytes},
};

}  // namespace

std::span<const BoundFunctionEntry> cast_functions() { return kCasts; }
std::span<const RowFunctionEntry> cast_row_functions() { return kCastRows; }

}  // namespace freshet::query
