#include "query/duckdb/functions/row_function.h"

#include <cmath>
#include <optional>
#include <string>

#include "query/duckdb/functions/operands.h"

namespace freshet::query {
namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::Vector;
using Arguments = duckdb::vector<duckdb::unique_ptr<Expression>>;

/// A signature, read.
struct RowSignature : duckdb::ScalarFunctionInfo {
  std::string name;
  std::vector<Reads> arguments;
  size_t fewest = 0;
  bool repeats_last = false;
  bool keeps_nulls = false;
  bool may_fail = false;
  LogicalType result;

  Reads reads(size_t argument) const { return arguments[std::min(argument, arguments.size() - 1)]; }
};

struct CallLimits : duckdb::ScalarFunctionInfo {
  CallLimits(std::string function_name, size_t fewest_arguments, size_t most_arguments, BindCall bind_call)
      : name(std::move(function_name)), fewest(fewest_arguments), most(most_arguments), bind(bind_call) {}
  std::string name;
  size_t fewest;
  size_t most;
  BindCall bind;
};

/// Carries a call from its bind to its replacement.
struct CallData : duckdb::FunctionData {
  explicit CallData(BindCall bind_call) : bind(bind_call) {}
  BindCall bind;
  duckdb::unique_ptr<FunctionData> Copy() const override { return duckdb::make_uniq<CallData>(bind); }
  bool Equals(const FunctionData& other) const override { return bind == other.Cast<CallData>().bind; }
};

LogicalType result_type(char letter) {
  switch (letter) {
    case 't': return LogicalType::VARCHAR;
    case 'y': return LogicalType::BLOB;
    case 'i': return LogicalType::BIGINT;
    case 'u': return LogicalType::UBIGINT;
    case 'd': return LogicalType::DOUBLE;
    case 'b': return LogicalType::BOOLEAN;
    case 'm': return LogicalType::TIMESTAMP;
    default: return LogicalType::DATE;
  }
}

duckdb::shared_ptr<RowSignature> read_signature(const RowFunctionEntry& entry) {
  auto signature = duckdb::make_shared_ptr<RowSignature>();
  signature->name = entry.name;
  std::optional<size_t> fewest;
  const char* at = entry.signature;
  for (; *at != '>'; ++at) {
    switch (*at) {
      case '!': signature->keeps_nulls = true; break;
      case '?': signature->may_fail = true; break;
      case '|': fewest = signature->arguments.size(); break;
      case '*': signature->repeats_last = true; break;
      default: signature->arguments.push_back(static_cast<Reads>(*at)); break;
    }
  }
  signature->fewest = fewest.value_or(signature->arguments.size());
  signature->result = result_type(at[1]);
  return signature;
}

[[noreturn]] void refuse_count(const std::string& name) {
  throw duckdb::BinderException("Incorrect parameter count in the call to native function '%s'", name);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_row_function(ClientContext& context, ScalarFunction& function,
                                                           Arguments& arguments) {
  const auto& signature = function.function_info->Cast<RowSignature>();
  if (arguments.size() < signature.fewest || (arguments.size() > signature.arguments.size() && !signature.repeats_last)) {
    refuse_count(signature.name);
  }
  function.varargs = LogicalType(duckdb::LogicalTypeId::INVALID);
  function.arguments.clear();
  for (size_t i = 0; i < arguments.size(); ++i) {
    arguments[i] = read_as(context, std::move(arguments[i]), signature.reads(i));
    function.arguments.push_back(arguments[i]->return_type);
  }
  return nullptr;
}

void run_rows(RowFunction run, bool keeps_nulls, duckdb::DataChunk& arguments, Vector& result) {
  std::vector<duckdb::UnifiedVectorFormat> columns(arguments.ColumnCount());
  for (size_t i = 0; i < columns.size(); ++i) arguments.data[i].ToUnifiedFormat(arguments.size(), columns[i]);
  const bool is_constant = arguments.AllConstant();
  const duckdb::idx_t count = is_constant ? 1 : arguments.size();
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  Row row(columns);
  Answer answer(result);
  for (duckdb::idx_t i = 0; i < count; ++i) {
    row.move_to(i);
    answer.move_to(i);
    if (keeps_nulls || !row.has_null()) run(row, answer);
    answer.finish();
  }
  if (is_constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_call(ClientContext&, ScalarFunction& function, Arguments& arguments) {
  const auto& limits = function.function_info->Cast<CallLimits>();
  if (arguments.size() < limits.fewest || arguments.size() > limits.most) refuse_count(limits.name);
  for (const auto& argument : arguments) {
    if (argument->return_type.id() == duckdb::LogicalTypeId::UNKNOWN) throw duckdb::ParameterNotResolvedException();
  }
  return duckdb::make_uniq<CallData>(limits.bind);
}

duckdb::unique_ptr<Expression> replace_call(duckdb::FunctionBindExpressionInput& input) {
  return input.bind_data->Cast<CallData>().bind(input.context, input.children);
}

ScalarFunction of_any_arguments(const char* name, const LogicalType& result, duckdb::scalar_function_t run,
                                duckdb::bind_scalar_function_t bind) {
  ScalarFunction function(std::string(kMysqlPrefix) + name, {}, result, std::move(run), bind);
  function.varargs = LogicalType::ANY;
  return function;
}

}  // namespace

void Answer::real(double value) {
  if (std::isfinite(value)) put(value);
}

ScalarFunction make_row_function(const RowFunctionEntry& entry) {
  auto signature = read_signature(entry);
  const bool keeps_nulls = signature->keeps_nulls;
  ScalarFunction function = of_any_arguments(
      entry.name, signature->result,
      [run = entry.run, keeps_nulls](duckdb::DataChunk& arguments, duckdb::ExpressionState&, Vector& result) {
        run_rows(run, keeps_nulls, arguments, result);
      },
      bind_row_function);
  if (keeps_nulls) function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  if (signature->may_fail) ScalarFunction::SetReturnsError(function);
  function.function_info = std::move(signature);
  return function;
}

ScalarFunction make_bound_function(const BoundFunctionEntry& entry) {
  ScalarFunction function = of_any_arguments(entry.name, LogicalType::ANY, nullptr, bind_call);
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  function.bind_expression = replace_call;
  function.function_info = duckdb::make_shared_ptr<CallLimits>(entry.name, entry.fewest, entry.most, entry.bind);
  return function;
}

}  // namespace freshet::query
