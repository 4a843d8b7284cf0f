#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/coding.h"

namespace freshet::storage {

/// One value for every row: its bytes. An all-NULL page holds a zero value or an empty string.
inline void encode_constant(std::string_view value, std::string& out) { out.append(value); }

template <typename T>
class ConstantView {
 public:
  using Value = T;
  ConstantView(std::string_view body, size_t) : value_(load_fixed<T>(body.data())) {}
  static bool is_valid(std::string_view body, size_t) { return body.size() == sizeof(T); }

  void read(size_t, size_t count, T* out) const { std::fill_n(out, count, value_); }
  void gather(std::span<const uint32_t> rows, T* out) const { std::fill_n(out, rows.size(), value_); }

 private:
  T value_;
};

}  // namespace freshet::storage
