#pragma once

#include <optional>
#include <utility>

#include "storage/base/assert.h"
#include "storage/base/status.h"

namespace freshet {

/// A value of type T, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  using ValueType = T;

  Result(T value) : value_(std::move(value)) {}
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result> && !std::is_same_v<std::remove_cvref_t<U>, T>) Result(U&& value)
      : value_(std::forward<U>(value)) {}
  Result(Status status) : status_(std::move(status)) { FRESHET_ASSERT(!status_.ok()); }

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

  /// REQUIRES: ok().
  T& value() & { return check(), *value_; }
  const T& value() const& { return check(), *value_; }
  T&& value() && { return check(), std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void check() const { FRESHET_ASSERT(value_.has_value()); }

  Status status_;
  std::optional<T> value_;
};

}  // namespace freshet

#define FRESHET_CONCAT_INNER(a, b) a##b
#define FRESHET_CONCAT(a, b) FRESHET_CONCAT_INNER(a, b)

/// `FRESHET_ASSIGN_OR_RETURN(auto file, store.open(name));` returns the Status when there is no value.
#define FRESHET_ASSIGN_OR_RETURN(declaration, expression) \
  FRESHET_ASSIGN_OR_RETURN_NAMED(FRESHET_CONCAT(freshet_result_, __LINE__), declaration, expression)
#define FRESHET_ASSIGN_OR_RETURN_NAMED(name, declaration, expression) \
  auto name = (expression);                                           \
  if (!name.ok()) return name.status();                               \
  declaration = std::move(name).value()
