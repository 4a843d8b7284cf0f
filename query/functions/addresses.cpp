#include "query/functions/addresses.h"

#include <arpa/inet.h>

#include <array>

namespace freshet::query {
namespace {

constexpr size_t kShortBytes = 4;
constexpr size_t kLongBytes = 16;
constexpr size_t kCompatibleZeros = 12;
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", kCompatibleZeros);

std::optional<std::string> bytes_of(int family, std::string_view text, size_t size) {
  std::array<char, kLongBytes> bytes;
  if (text.find('\0') != text.npos || inet_pton(family, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
  return std::string(bytes.data(), size);
}

std::optional<std::string> text_of(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text;
  if (inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return std::string(text.data());
}

}  // namespace

std::optional<uint64_t> number_of_address(std::string_view text) {
  uint64_t number = 0;
  uint64_t part = 0;
  int dots = 0;
  char last = '.';
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      part = part * 10 + static_cast<uint64_t>(c - '0');
      if (part > 255) return std::nullopt;
    } else if (c == '.' && ++dots < static_cast<int>(kShortBytes)) {
      number = number << 8 | part;
      part = 0;
    } else {
      return std::nullopt;
    }
    last = c;
  }
  if (last == '.') return std::nullopt;
  // What is missing stands between the last part and those before it.
  for (; dots < 3 && dots > 0; ++dots) number <<= 8;
  return number << 8 | part;
}

std::optional<std::string> address_of_number(uint64_t number) {
  if (number > UINT32_MAX) return std::nullopt;
  const uint32_t bytes = htonl(static_cast<uint32_t>(number));
  return text_of(AF_INET, {reinterpret_cast<const char*>(&bytes), sizeof(bytes)});
}

std::optional<std::string> bytes_of_address(std::string_view text) {
  auto bytes = bytes_of(AF_INET, text, kShortBytes);
  return bytes ? bytes : bytes_of(AF_INET6, text, kLongBytes);
}

std::optional<std::string> address_of_bytes(std::string_view bytes) {
  if (bytes.size() == kShortBytes) return text_of(AF_INET, bytes);
  return bytes.size() == kLongBytes ? text_of(AF_INET6, bytes) : std::nullopt;
}

bool is_ipv4(std::string_view text) { return bytes_of(AF_INET, text, kShortBytes).has_value(); }
bool is_ipv6(std::string_view text) { return bytes_of(AF_INET6, text, kLongBytes).has_value(); }

bool is_ipv4_compatible(std::string_view bytes) {
  if (bytes.size() != kLongBytes || bytes.find_first_not_of('\0') < kCompatibleZeros) return false;
  // :: and ::1 are addresses of their own.
  const size_t first = bytes.find_first_not_of('\0');
  return first != bytes.npos && !(first == kLongBytes - 1 && bytes.back() == 1);
}

bool is_ipv4_mapped(std::string_view bytes) { return bytes.size() == kLongBytes && bytes.starts_with(kMapped); }

}  // namespace freshet::query
