#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/coding.h"

/// The bytes inside packets: little-endian numbers, and numbers and strings with MySQL's length encoding.
namespace freshet::connectors::mysql {

inline void put_lenenc_int(std::string& out, uint64_t value) {
  if (value < 0xFB) {
    out.push_back(static_cast<char>(value));
  } else if (value <= 0xFFFF) {
    out.push_back('\xFC');
    put_fixed<uint16_t>(out, static_cast<uint16_t>(value));
  } else if (value <= 0xFFFFFF) {
    out.push_back('\xFD');
    put_fixed<uint16_t>(out, static_cast<uint16_t>(value));
    out.push_back(static_cast<char>(value >> 16));
  } else {
    out.push_back('\xFE');
    put_fixed<uint64_t>(out, value);
  }
}

inline void put_lenenc_string(std::string& out, std::string_view text) {
  put_lenenc_int(out, text.size());
  out.append(text);
}

/// Reads a payload from front to back. After the first value that is not there, ok() is false and every value is zero or
/// empty; so a parser reads all and asks once. Never allocates; views point into the payload.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view payload) : rest_(payload) {}

  template <typename T>
  T fixed() {
    const std::string_view raw = bytes(sizeof(T));
    return raw.empty() ? T{} : load_fixed<T>(raw.data());
  }
  std::string_view bytes(uint64_t count) {
    if (rest_.size() < count) return fail();
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  uint64_t lenenc_int() {
    const uint8_t first = fixed<uint8_t>();
    switch (first) {
      case 0xFC: return fixed<uint16_t>();
      case 0xFD: {
        const uint64_t low = fixed<uint16_t>();
        return low | uint64_t{fixed<uint8_t>()} << 16;
      }
      case 0xFE: return fixed<uint64_t>();
      case 0xFB:
      case 0xFF: fail(); return 0;
      default: return first;
    }
  }
  std::string_view lenenc_string() { return bytes(lenenc_int()); }
  /// Text up to a zero byte, which is skipped.
  std::string_view null_terminated() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) return fail();
    const std::string_view text = bytes(end);
    rest_.remove_prefix(1);
    return text;
  }
  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace freshet::connectors::mysql
