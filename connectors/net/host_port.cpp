#include "connectors/net/host_port.h"

#include <charconv>

namespace freshet::connectors {

namespace {

Status bad_address(std::string_view text, std::string_view why) {
  return Status::InvalidArgument("'{}' is not an address: {}; write HOST:PORT, e.g. 127.0.0.1:9030 or [::1]:9030", text,
                                 why);
}

}  // namespace

std::string HostPort::to_string() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string host_of(std::string_view address) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_address(text, "it has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);

  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad_address(text, "an IPv6 address needs brackets");
  }
  if (host.empty()) return bad_address(text, "it has no host");

  HostPort result{std::string(host), 0};
  const char* end = port_text.data() + port_text.size();
  const auto [stop, error] = std::from_chars(port_text.data(), end, result.port);
  if (error != std::errc() || stop != end) return bad_address(text, "the port is not a number from 0 to 65535");
  return result;
}

}  // namespace freshet::connectors
