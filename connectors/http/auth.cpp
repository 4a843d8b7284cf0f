#include "connectors/http/auth.h"

#include <cstdint>

namespace freshet::connectors::http {

namespace {

constexpr std::string_view kScheme = "basic";

bool is_scheme(std::string_view text) {
  if (text.size() != kScheme.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != kScheme[i]) return false;
  }
  return true;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 == 0) {
    if (text.ends_with('=')) text.remove_suffix(1);
    if (text.ends_with('=')) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes.push_back(static_cast<char>(bits >> bit_count & 0xFF));
  }
  return bytes;
}

}  // namespace

std::optional<Credentials> parse_basic_authorization(std::string_view header) {
  if (header.size() > kMaxAuthorizationBytes) return std::nullopt;
  const size_t blank = header.find(' ');
  if (blank == std::string_view::npos || !is_scheme(header.substr(0, blank))) return std::nullopt;
  const size_t begin = header.find_first_not_of(' ', blank);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::optional<std::string> text = decode_base64(header.substr(begin));
  if (!text) return std::nullopt;
  const size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

Result<Credentials> authorized_user(const std::string* header, const query::Users& users) {
  std::optional<Credentials> credentials = header == nullptr ? std::nullopt : parse_basic_authorization(*header);
  if (!credentials) return Status::NotAuthorized("no valid Basic authorization");
  if (users.check_plain(credentials->user, credentials->password)) return *std::move(credentials);
  return Status::NotAuthorized("no valid Basic authorization: access denied for user '{}'", credentials->user);
}

Status check_authorization(const std::string* header, const query::Users& users) {
  return authorized_user(header, users).status();
}

}  // namespace freshet::connectors::http
