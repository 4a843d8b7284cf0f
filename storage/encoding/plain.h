#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/coding.h"

namespace freshet::storage {

/// Fixed-width values side by side.
inline void encode_plain_fixed(const void* values, size_t bytes, std::string& out) {
  out.append(static_cast<const char*>(values), bytes);
}

template <typename T>
class PlainView {
 public:
  using Value = T;
  PlainView(std::string_view body, size_t) : body_(body.data()) {}
  static bool is_valid(std::string_view body, size_t row_count) { return body.size() == row_count * sizeof(T); }

  void read(size_t first, size_t count, T* out) const { std::memcpy(out, body_ + first * sizeof(T), count * sizeof(T)); }
  void gather(std::span<const uint32_t> rows, T* out) const {
    for (size_t i = 0; i < rows.size(); ++i) out[i] = load_fixed<T>(body_ + rows[i] * sizeof(T));
  }

 private:
  const char* body_;
};

/// Byte values: count + 1 offsets of 32 bits into the bytes that follow them.
void encode_plain_bytes(std::span<const std::string_view> values, std::string& out);

/// Offsets and bytes, read in place: plain pages and the values of dictionaries.
class BytesView {
 public:
  BytesView() = default;
  /// REQUIRES: valid_size(body, count) != 0.
  BytesView(const char* body, size_t count) : offsets_(body), bytes_(body + (count + 1) * sizeof(uint32_t)) {}

  /// Bytes that `count` values at the front of `body` take; 0 when they are not inside it.
  static size_t valid_size(std::string_view body, size_t count);

  std::string_view at(size_t index) const {
    const uint32_t begin = load_fixed<uint32_t>(offsets_ + index * sizeof(uint32_t));
    const uint32_t end = load_fixed<uint32_t>(offsets_ + (index + 1) * sizeof(uint32_t));
    return {bytes_ + begin, end - begin};
  }

 private:
  const char* offsets_ = nullptr;
  const char* bytes_ = nullptr;
};

}  // namespace freshet::storage
