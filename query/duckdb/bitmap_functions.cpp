#include "query/duckdb/bitmap_functions.h"

#include <charconv>
#include <duckdb/common/vector_operations/binary_executor.hpp>
#include <duckdb/common/vector_operations/unary_executor.hpp>
#include <duckdb/function/aggregate_function.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/extension/extension_loader.hpp>

#include "query/duckdb/murmur_hash.h"
#include "query/duckdb/types.h"
#include "storage/base/limits.h"
#include "storage/types/bitmap_value.h"

namespace freshet::query {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::string_t;
using duckdb::UnifiedVectorFormat;
using duckdb::ValidityMask;
using duckdb::Vector;

std::string_view view_of(const string_t& text) { return {text.GetData(), text.GetSize()}; }

void unite(BitmapValue& value, const string_t& bytes) {
  const Status status = value.unite(view_of(bytes));
  if (!status.ok()) throw duckdb::InvalidInputException(status.message());
}

BitmapValue read(const string_t& bytes) {
  BitmapValue value;
  unite(value, bytes);
  return value;
}

string_t blob(Vector& result, const std::string& bytes) {
  return duckdb::StringVector::AddStringOrBlob(result, bytes.data(), bytes.size());
}

string_t written(Vector& result, const BitmapValue& value) { return blob(result, value.serialize()); }

ScalarFunction keeps_nulls(ScalarFunction function) {
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  return function;
}

// --- sets out of values ---

std::optional<uint64_t> number_of(int64_t value) {
  return value < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(value));
}
std::optional<uint64_t> number_of(uint64_t value) { return value; }
std::optional<uint64_t> number_of(duckdb::hugeint_t value) {
  return value.upper != 0 ? std::nullopt : std::optional(value.lower);
}
std::optional<uint64_t> number_of(const string_t& text) {
  const std::string_view digits = view_of(text);
  uint64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// What is no number, NULL too, makes an empty set, as in Doris.
template <typename Input>
void to_bitmap(DataChunk& arguments, ExpressionState&, Vector& result) {
  const std::string empty = BitmapValue().serialize();
  UnifiedVectorFormat values;
  arguments.data[0].ToUnifiedFormat(arguments.size(), values);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* out = duckdb::FlatVector::GetData<string_t>(result);
  for (idx_t row = 0; row < arguments.size(); ++row) {
    const idx_t index = values.sel->get_index(row);
    std::optional<uint64_t> number;
    if (values.validity.RowIsValid(index)) number = number_of(UnifiedVectorFormat::GetData<Input>(values)[index]);
    out[row] = blob(result, number ? serialize_single(*number) : empty);
  }
  if (arguments.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

template <auto kHash>
void bitmap_hash(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(arguments.data[0], result, arguments.size(), [&](const string_t& text) {
    return blob(result, serialize_single(kHash(view_of(text))));
  });
}

void bitmap_empty(DataChunk&, ExpressionState&, Vector& result) {
  result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::GetData<string_t>(result)[0] = written(result, BitmapValue());
}

void bitmap_from_string(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(arguments.data[0], result, arguments.size(),
                                                              [&](const string_t& text, ValidityMask& validity, idx_t row) {
                                                                BitmapValue value;
                                                                if (value.unite_text(view_of(text)))
                                                                  return written(result, value);
                                                                validity.SetInvalid(row);
                                                                return string_t();
                                                              });
}

// --- values out of sets ---

void bitmap_to_string(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::Execute<string_t, string_t>(arguments.data[0], result, arguments.size(), [&](const string_t& set) {
    const std::optional<std::string> text = read(set).to_text(kMaxStringBytes);
    if (!text) {
      throw duckdb::InvalidInputException("bitmap_to_string: the text would have more than %llu bytes",
                                          static_cast<unsigned long long>(kMaxStringBytes));
    }
    return blob(result, *text);
  });
}

/// 0 for NULL, as in Doris.
void bitmap_count(DataChunk& arguments, ExpressionState&, Vector& result) {
  UnifiedVectorFormat sets;
  arguments.data[0].ToUnifiedFormat(arguments.size(), sets);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* out = duckdb::FlatVector::GetData<int64_t>(result);
  for (idx_t row = 0; row < arguments.size(); ++row) {
    const idx_t index = sets.sel->get_index(row);
    const bool is_set = sets.validity.RowIsValid(index);
    out[row] = is_set ? static_cast<int64_t>(read(UnifiedVectorFormat::GetData<string_t>(sets)[index]).count()) : 0;
  }
  if (arguments.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

template <std::optional<uint64_t> (BitmapValue::*kBound)() const>
void bitmap_bound(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, uint64_t>(arguments.data[0], result, arguments.size(),
                                                              [&](const string_t& set, ValidityMask& validity, idx_t row) {
                                                                const std::optional<uint64_t> bound = (read(set).*kBound)();
                                                                if (!bound) validity.SetInvalid(row);
                                                                return bound.value_or(0);
                                                              });
}

template <typename Number>
void bitmap_contains(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, Number, bool>(arguments.data[0], arguments.data[1], result, arguments.size(),
                                                          [](const string_t& set, Number value) {
                                                            const std::optional<uint64_t> number = number_of(value);
                                                            return number && read(set).contains(*number);
                                                          });
}

/// Whether any of the second set's numbers, or with `kAll` all of them, are in the first.
template <bool kAll>
void bitmap_has(DataChunk& arguments, ExpressionState&, Vector& result) {
  duckdb::BinaryExecutor::Execute<string_t, string_t, bool>(
      arguments.data[0], arguments.data[1], result, arguments.size(), [](const string_t& set, const string_t& other) {
        BitmapValue common = read(set);
        const BitmapValue wanted = read(other);
        common.intersect(wanted);
        return kAll ? common.count() == wanted.count() : common.count() > 0;
      });
}

// --- sets out of sets ---

using Operation = void (BitmapValue::*)(const BitmapValue&);

/// The first set with all others applied to it; NULL when one of them is.
template <Operation kOperation, bool kCounts>
void combine_sets(DataChunk& arguments, ExpressionState&, Vector& result) {
  std::vector<UnifiedVectorFormat> sets(arguments.ColumnCount());
  for (idx_t i = 0; i < sets.size(); ++i) arguments.data[i].ToUnifiedFormat(arguments.size(), sets[i]);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto& validity = duckdb::FlatVector::Validity(result);
  for (idx_t row = 0; row < arguments.size(); ++row) {
    BitmapValue value;
    for (idx_t i = 0; i < sets.size(); ++i) {
      const idx_t index = sets[i].sel->get_index(row);
      if (!sets[i].validity.RowIsValid(index)) {
        validity.SetInvalid(row);
        break;
      }
      const string_t& bytes = UnifiedVectorFormat::GetData<string_t>(sets[i])[index];
      if (i == 0) {
        unite(value, bytes);
      } else {
        (value.*kOperation)(read(bytes));
      }
    }
    if (!validity.RowIsValid(row)) continue;
    if constexpr (kCounts) {
      duckdb::FlatVector::GetData<int64_t>(result)[row] = static_cast<int64_t>(value.count());
    } else {
      duckdb::FlatVector::GetData<string_t>(result)[row] = written(result, value);
    }
  }
  if (arguments.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

// --- aggregates ---

/// DuckDB keeps states as raw bytes and calls Destroy.
struct SetState {
  BitmapValue* value;  ///< null until the first set
};

/// What the aggregates share; a group without rows is the empty set.
struct SetAggregate {
  template <typename State>
  static void Initialize(State& state) {
    state.value = nullptr;
  }
  template <typename State>
  static void Destroy(State& state, duckdb::AggregateInputData&) {
    delete state.value;
  }
  static bool IgnoreNull() { return true; }
  static BitmapValue& value_of(SetState& state) {
    if (state.value == nullptr) state.value = new BitmapValue();
    return *state.value;
  }
  template <typename Result, typename State>
  static void Finalize(State& state, Result& target, duckdb::AggregateFinalizeData& data) {
    static const BitmapValue kEmpty;
    const BitmapValue& value = state.value == nullptr ? kEmpty : *state.value;
    if constexpr (std::is_same_v<Result, int64_t>) {
      target = static_cast<int64_t>(value.count());
    } else {
      target = written(data.result, value);
    }
  }
};

struct Union : SetAggregate {
  template <typename Input, typename State, typename Op>
  static void Operation(State& state, const Input& input, duckdb::AggregateUnaryInput&) {
    if constexpr (std::is_same_v<Input, string_t>) {
      unite(value_of(state), input);
    } else if (const std::optional<uint64_t> number = number_of(input)) {
      value_of(state).add(*number);
    }
  }
  template <typename Input, typename State, typename Op>
  static void ConstantOperation(State& state, const Input& input, duckdb::AggregateUnaryInput& data, idx_t) {
    Operation<Input, State, Op>(state, input, data);
  }
  template <typename State, typename Op>
  static void Combine(const State& source, State& target, duckdb::AggregateInputData&) {
    if (source.value != nullptr) value_of(target).unite(*source.value);
  }
};

struct Intersection : SetAggregate {
  template <typename Input, typename State, typename Op>
  static void Operation(State& state, const Input& input, duckdb::AggregateUnaryInput&) {
    if (state.value == nullptr) {
      unite(value_of(state), input);
    } else {
      state.value->intersect(read(input));
    }
  }
  template <typename Input, typename State, typename Op>
  static void ConstantOperation(State& state, const Input& input, duckdb::AggregateUnaryInput& data, idx_t) {
    Operation<Input, State, Op>(state, input, data);
  }
  template <typename State, typename Op>
  static void Combine(const State& source, State& target, duckdb::AggregateInputData&) {
    if (source.value == nullptr) return;
    if (target.value == nullptr) {
      value_of(target).unite(*source.value);
    } else {
      target.value->intersect(*source.value);
    }
  }
};

template <typename Input, typename Result, typename Op>
duckdb::AggregateFunction aggregate(const char* name, const LogicalType& input, const LogicalType& result) {
  auto function = duckdb::AggregateFunction::UnaryAggregateDestructor<SetState, Input, Result, Op>(input, result);
  function.name = name;
  return function;
}

struct Registration {
  duckdb::ExtensionLoader loader;
  LogicalType bitmap = logical_type({.kind = TypeKind::kBitmap});

  /// Functions that read sets fail when one is damaged.
  void add(ScalarFunction function) {
    ScalarFunction::SetReturnsError(function);
    loader.RegisterFunction(std::move(function));
  }
  void add(const char* name, duckdb::vector<LogicalType> arguments, const LogicalType& result,
           duckdb::scalar_function_t function) {
    add(ScalarFunction(name, std::move(arguments), result, std::move(function)));
  }
  template <typename Input>
  void add_to_bitmap(const LogicalType& type) {
    add(keeps_nulls(ScalarFunction("to_bitmap", {type}, bitmap, to_bitmap<Input>)));
  }
  /// `name` and `name`_count.
  template <Operation kOperation>
  void add_operation(const std::string& name, bool takes_many) {
    ScalarFunction set(name, {bitmap, bitmap}, bitmap, combine_sets<kOperation, false>);
    ScalarFunction count(name + "_count", {bitmap, bitmap}, LogicalType::BIGINT, combine_sets<kOperation, true>);
    for (ScalarFunction* function : {&set, &count}) {
      if (takes_many) function->varargs = bitmap;
      add(*function);
    }
  }
};

}  // namespace

void register_bitmap_functions(duckdb::DatabaseInstance& instance) {
  Registration functions{duckdb::ExtensionLoader(instance, "freshet")};
  const LogicalType bitmap = functions.bitmap;
  functions.add_to_bitmap<int64_t>(LogicalType::BIGINT);
  functions.add_to_bitmap<uint64_t>(LogicalType::UBIGINT);
  functions.add_to_bitmap<duckdb::hugeint_t>(LogicalType::HUGEINT);
  functions.add_to_bitmap<string_t>(LogicalType::VARCHAR);
  functions.add("bitmap_hash", {LogicalType::VARCHAR}, bitmap, bitmap_hash<murmur_hash3_32>);
  functions.add("bitmap_hash64", {LogicalType::VARCHAR}, bitmap, bitmap_hash<murmur_hash3_64>);
  functions.add("bitmap_empty", {}, bitmap, bitmap_empty);
  functions.add("bitmap_from_string", {LogicalType::VARCHAR}, bitmap, bitmap_from_string);
  functions.add("bitmap_to_string", {bitmap}, LogicalType::VARCHAR, bitmap_to_string);
  functions.add(keeps_nulls(ScalarFunction("bitmap_count", {bitmap}, LogicalType::BIGINT, bitmap_count)));
  functions.add("bitmap_min", {bitmap}, LogicalType::UBIGINT, bitmap_bound<&BitmapValue::smallest>);
  functions.add("bitmap_max", {bitmap}, LogicalType::UBIGINT, bitmap_bound<&BitmapValue::largest>);
  functions.add("bitmap_contains", {bitmap, LogicalType::BIGINT}, LogicalType::BOOLEAN, bitmap_contains<int64_t>);
  functions.add("bitmap_contains", {bitmap, LogicalType::HUGEINT}, LogicalType::BOOLEAN, bitmap_contains<duckdb::hugeint_t>);
  functions.add("bitmap_has_any", {bitmap, bitmap}, LogicalType::BOOLEAN, bitmap_has<false>);
  functions.add("bitmap_has_all", {bitmap, bitmap}, LogicalType::BOOLEAN, bitmap_has<true>);
  functions.add_operation<&BitmapValue::intersect>("bitmap_and", true);
  functions.add_operation<static_cast<Operation>(&BitmapValue::unite)>("bitmap_or", true);
  functions.add_operation<&BitmapValue::keep_difference>("bitmap_xor", true);
  functions.add_operation<&BitmapValue::subtract>("bitmap_not", false);
  functions.add_operation<&BitmapValue::subtract>("bitmap_and_not", false);

  duckdb::ExtensionLoader& loader = functions.loader;
  loader.RegisterFunction(aggregate<string_t, string_t, Union>("bitmap_union", bitmap, bitmap));
  loader.RegisterFunction(aggregate<string_t, string_t, Intersection>("bitmap_intersect", bitmap, bitmap));
  loader.RegisterFunction(aggregate<string_t, int64_t, Union>("bitmap_union_count", bitmap, LogicalType::BIGINT));
  loader.RegisterFunction(aggregate<int64_t, int64_t, Union>("bitmap_union_int", LogicalType::BIGINT, LogicalType::BIGINT));
  loader.RegisterFunction(aggregate<int64_t, string_t, Union>("bitmap_agg", LogicalType::BIGINT, bitmap));
}

}  // namespace freshet::query
