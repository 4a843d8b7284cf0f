#pragma once

#include <duckdb.hpp>
#include <duckdb/planner/expression.hpp>
#include <optional>
#include <string>

/// How MySQL reads a value of one type where another is needed.
namespace freshet::query {

using Bound = duckdb::unique_ptr<duckdb::Expression>;
using BoundList = duckdb::vector<Bound>;

/// Letters of signatures (row_function.h).
enum class Reads : char {
  kText = 't',      ///< VARCHAR; booleans are '1' and '0', doubles MySQL's text
  kBytes = 'y',     ///< BLOB: also what is no UTF-8
  kInteger = 'i',   ///< BIGINT, rounded; of a text the integer at its beginning
  kUnsigned = 'u',  ///< UBIGINT; negative numbers wrap
  kDouble = 'd',    ///< DOUBLE; of a text the number at its beginning
  kNumber = 'n',    ///< numbers stay, booleans and days are BIGINT, texts DOUBLE
  kMoment = 'm',    ///< TIMESTAMP; NULL for what is none
  kDay = 'D',       ///< DATE
  kClock = 'c',     ///< BIGINT: microseconds of a TIME
  kTruth = 'b',     ///< BOOLEAN: not 0
  kJson = 'j',      ///< VARCHAR: the value as JSON
  kAny = 'a',       ///< as it is
};

enum class OperandClass : uint8_t { kNull, kNumber, kText, kBytes, kMoment, kOther };
OperandClass class_of(const duckdb::LogicalType& type);
bool is_exact_number(const duckdb::LogicalType& type);  ///< integers, decimals, booleans
bool is_integer(const duckdb::LogicalType& type);       ///< without booleans

/// Throws BinderException for types without such a reading (sets, lists).
Bound read_as(duckdb::ClientContext& context, Bound value, Reads reads);

Bound cast_to(duckdb::ClientContext& context, Bound value, const duckdb::LogicalType& type);
Bound constant(duckdb::Value value);
/// A function of the engine, or one of ours with kMysqlPrefix.
Bound call(duckdb::ClientContext& context, const std::string& name, BoundList arguments);
template <typename... Arguments>
Bound call_of(duckdb::ClientContext& context, const std::string& name, Arguments... arguments) {
  BoundList list;
  (list.push_back(std::move(arguments)), ...);
  return call(context, name, std::move(list));
}
Bound negation(Bound truth);
/// CASE WHEN `condition` THEN `then` ELSE `otherwise` END. REQUIRES: a BOOLEAN, and two values of one type.
Bound choice(Bound condition, Bound then, Bound otherwise);
Bound is_null(Bound value);

/// The value of an expression without columns; nothing when it has some, or fails.
std::optional<duckdb::Value> constant_value(duckdb::ClientContext& context, const duckdb::Expression& expression);
std::optional<std::string> constant_text(duckdb::ClientContext& context, const duckdb::Expression& expression);
std::optional<int64_t> constant_integer(duckdb::ClientContext& context, const duckdb::Expression& expression);

/// Of exact numbers: digits in all, and behind the point.
struct Digits {
  uint8_t precision = 0;
  uint8_t scale = 0;
};
Digits digits_of(const duckdb::LogicalType& type);
/// DECIMAL with at most 38 digits.
duckdb::LogicalType decimal_of(unsigned precision, unsigned scale);

/// The type that holds values of all of `values` in CASE, IF, COALESCE: texts where they differ in class.
duckdb::LogicalType common_type(duckdb::ClientContext& context, const BoundList& values);
Bound read_as_type(duckdb::ClientContext& context, Bound value, const duckdb::LogicalType& type);

/// What read_as() calls.
void register_conversions(duckdb::ExtensionLoader& loader);

}  // namespace freshet::query
