#pragma once

#include <cstdint>
#include <duckdb.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <span>
#include <string_view>
#include <vector>

/// MySQL's functions as rows of tables: a name, a signature, and a function that answers one row.
namespace freshet::query {

/// Before the names of MySQL's functions in the engine, whose own functions of these names do other things.
inline constexpr std::string_view kMysqlPrefix = "mysql_";

/// The arguments of one row.
class Row {
 public:
  explicit Row(const std::vector<duckdb::UnifiedVectorFormat>& columns) : columns_(columns) {}

  void move_to(duckdb::idx_t row) { row_ = row; }
  size_t size() const { return columns_.size(); }
  bool is_null(size_t argument) const { return !columns_[argument].validity.RowIsValid(index(argument)); }
  bool has_null() const {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (is_null(i)) return true;
    }
    return false;
  }
  /// Views stay while the chunk does.
  std::string_view text(size_t argument) const {
    const auto& text = at<duckdb::string_t>(argument);
    return {text.GetData(), text.GetSize()};
  }
  /// Also moments and times, in microseconds.
  int64_t integer(size_t argument) const { return at<int64_t>(argument); }
  uint64_t number(size_t argument) const { return at<uint64_t>(argument); }
  int64_t day(size_t argument) const { return at<int32_t>(argument); }
  double real(size_t argument) const { return at<double>(argument); }
  float single(size_t argument) const { return at<float>(argument); }
  bool truth(size_t argument) const { return at<bool>(argument); }

 private:
  duckdb::idx_t index(size_t argument) const { return columns_[argument].sel->get_index(row_); }
  template <typename T>
  const T& at(size_t argument) const {
    return duckdb::UnifiedVectorFormat::GetData<T>(columns_[argument])[index(argument)];
  }

  const std::vector<duckdb::UnifiedVectorFormat>& columns_;
  duckdb::idx_t row_ = 0;
};

/// Takes the answer of one row; what is not answered is NULL.
class Answer {
 public:
  explicit Answer(duckdb::Vector& result) : result_(result) {}

  void move_to(duckdb::idx_t row) {
    row_ = row;
    is_null_ = true;
  }
  void finish() {
    if (is_null_) duckdb::FlatVector::SetNull(result_, row_, true);
  }
  void text(std::string_view text) { put(duckdb::StringVector::AddStringOrBlob(result_, text.data(), text.size())); }
  /// Integers, moments and times, by the signature's result.
  void integer(int64_t value) { put(value); }
  void number(uint64_t value) { put(value); }
  void day(int64_t value) { put(static_cast<int32_t>(value)); }
  void real(double value);
  void truth(bool value) { put(value); }
  template <typename T>
  void text_or_null(const T& text_or_nothing) {
    if (text_or_nothing) text(*text_or_nothing);
  }

 private:
  template <typename T>
  void put(T value) {
    duckdb::FlatVector::GetData<T>(result_)[row_] = value;
    is_null_ = false;
  }

  duckdb::Vector& result_;
  duckdb::idx_t row_ = 0;
  bool is_null_ = true;
};

using RowFunction = void (*)(const Row& row, Answer& answer);

/// `signature`: how each argument is read (operands.h), `|` before those that may be left out, `*` behind one that may come
/// again and again; then `>` and what is answered: t text, y bytes, i BIGINT, u UBIGINT, d DOUBLE, b BOOLEAN, m moment, D
/// day. A NULL among the arguments makes NULL, unless the signature begins with `!`; `?` marks functions that may fail,
/// which are not tried with values that no row asked for.
struct RowFunctionEntry {
  const char* name;
  const char* signature;
  RowFunction run;
};

/// A function that is replaced, when it is bound, by an expression made of its arguments.
using BindCall = duckdb::unique_ptr<duckdb::Expression> (*)(
    duckdb::ClientContext& context, duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments);
struct BoundFunctionEntry {
  const char* name;
  size_t fewest;
  size_t most;
  BindCall bind;
};
inline constexpr size_t kAnyNumber = 10'000'000;

duckdb::ScalarFunction make_row_function(const RowFunctionEntry& entry);
duckdb::ScalarFunction make_bound_function(const BoundFunctionEntry& entry);

}  // namespace freshet::query
