#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace freshet {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read in place");

/// Appends `value` as little-endian fixed-width bytes.
template <typename T>
void put_fixed(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// Appends `value` big-endian, so that bytes compare like numbers.
inline void put_big_endian64(std::string& out, uint64_t value) { put_fixed(out, __builtin_bswap64(value)); }
inline void put_big_endian32(std::string& out, uint32_t value) { put_fixed(out, __builtin_bswap32(value)); }

template <typename T>
T load_fixed(const void* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

inline uint64_t load_big_endian64(const void* bytes) { return __builtin_bswap64(load_fixed<uint64_t>(bytes)); }
inline uint32_t load_big_endian32(const void* bytes) { return __builtin_bswap32(load_fixed<uint32_t>(bytes)); }

/// Appends `bytes` after its length as a little-endian 32-bit number.
inline void put_length_prefixed(std::string& out, std::string_view bytes) {
  put_fixed<uint32_t>(out, static_cast<uint32_t>(bytes.size()));
  out.append(bytes);
}

/// Reads encoded values one after another; after the first short read ok() is false and every value is zero or empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T fixed() {
    if (rest_.size() < sizeof(T)) return fail(), T{};
    T value = load_fixed<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view bytes(size_t count) {
    if (rest_.size() < count) return fail(), std::string_view{};
    std::string_view value = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return value;
  }
  std::string_view length_prefixed() { return bytes(fixed<uint32_t>()); }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace freshet
