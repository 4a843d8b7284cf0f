#include "connectors/http/host_header.h"

#include <algorithm>

namespace freshet::connectors::http {

namespace {

constexpr uint16_t kDefaultHttpPort = 80;
constexpr size_t kMaxHostBytes = 261;  // a DNS name, a colon and a port

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_char(char c) { return is_digit(c) || is_letter(c) || c == '.' || c == '-' || c == '_'; }
bool is_ipv6_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.'; }

bool is_port(std::string_view text) {
  return text.size() >= 1 && text.size() <= 5 && std::ranges::all_of(text, is_digit) &&
         std::stoi(std::string(text)) <= 65535;
}

bool is_authority(std::string_view text) {
  if (text.empty() || text.size() > kMaxHostBytes) return false;
  size_t host_end = text.find(':');
  if (text.front() == '[') {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || bracket < 3) return false;
    if (!std::ranges::all_of(text.substr(1, bracket - 1), is_ipv6_char)) return false;
    host_end = bracket + 1;
  } else if (host_end == 0 || !std::ranges::all_of(text.substr(0, host_end), is_name_char)) {
    return false;
  }
  const std::string_view rest = host_end >= text.size() ? std::string_view{} : text.substr(host_end);
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

}  // namespace

std::string link_authority(const RequestHead& head, const HostPort& own_address) {
  const std::string* host = head.header("Host");
  return host != nullptr && is_authority(*host) ? *host : own_address.to_string();
}

HostPort link_address(const RequestHead& head, const HostPort& own_address) {
  std::string authority = link_authority(head, own_address);
  if (auto with_port = parse_host_port(authority); with_port.ok()) return std::move(with_port).value();
  if (authority.front() == '[') authority = authority.substr(1, authority.size() - 2);
  return {std::move(authority), kDefaultHttpPort};
}

}  // namespace freshet::connectors::http
