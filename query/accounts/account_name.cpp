#include "query/accounts/account_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace freshet::query {
namespace {

constexpr size_t kMaxUserBytes = 64;
constexpr size_t kMaxHostBytes = 255;
constexpr std::string_view kLocalhost = "localhost";
constexpr int kExact = 1 << 20;
constexpr int kNetwork = 1 << 16;

/// An IP address as 16 bytes; IPv4 as it stands in IPv6 (::ffff:10.0.0.1), so that both forms of one are equal.
using Address = std::array<uint8_t, 16>;
constexpr size_t kMappedBytes = 12;

std::optional<Address> parse_address(std::string_view text) {
  const std::string terminated(text);
  Address address{};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + kMappedBytes) != 1) return std::nullopt;
  address[10] = address[11] = 0xff;
  return address;
}

bool is_ipv4(std::string_view text) { return text.find(':') == std::string_view::npos; }

struct Network {
  Address address;
  size_t bits = 0;  ///< of 128
};

/// The bits that a mask like 255.255.0.0 leaves; nothing when they are not all in front.
std::optional<size_t> bits_of_mask(std::string_view text) {
  const std::optional<Address> mask = parse_address(text);
  if (!mask || !is_ipv4(text)) return std::nullopt;
  size_t bits = 8 * kMappedBytes;
  while (bits < 128 && ((*mask)[bits / 8] >> (7 - bits % 8) & 1) != 0) ++bits;
  for (size_t rest = bits; rest < 128; ++rest) {
    if (((*mask)[rest / 8] >> (7 - rest % 8) & 1) != 0) return std::nullopt;
  }
  return bits;
}

std::optional<Network> parse_network(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view base = text.substr(0, slash), rest = text.substr(slash + 1);
  const std::optional<Address> address = parse_address(base);
  if (!address) return std::nullopt;
  Network network{*address, 0};
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), network.bits);
  if (error == std::errc() && end == rest.data() + rest.size()) {
    if (is_ipv4(base)) network.bits += 8 * kMappedBytes;
    return network.bits <= 128 ? std::optional(network) : std::nullopt;
  }
  const std::optional<size_t> bits = bits_of_mask(rest);
  if (!bits) return std::nullopt;
  network.bits = *bits;
  return network;
}

bool contains(const Network& network, const Address& address) {
  const size_t whole = network.bits / 8;
  if (std::memcmp(network.address.data(), address.data(), whole) != 0) return false;
  if (network.bits % 8 == 0) return true;
  const int shift = static_cast<int>(8 - network.bits % 8);
  return network.address[whole] >> shift == address[whole] >> shift;
}

/// '%' stands for any bytes, '_' for one.
bool wildcard_matches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('%', p) == std::string_view::npos;
}

bool has_wildcard(std::string_view pattern) { return pattern.find_first_of("%_") != std::string_view::npos; }

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '\'' && c != '"' && c != '`'; }

}  // namespace

std::string AccountName::to_string() const { return "'" + user + "'@'" + host + "'"; }

std::string to_short_text(const AccountName& name) { return name.host == "%" ? name.user : name.user + "@" + name.host; }

AccountName account_of_short_text(std::string_view text) {
  AccountName name;
  const size_t at = text.find('@');
  name.user = text.substr(0, at);
  if (at != std::string_view::npos) name.host = text.substr(at + 1);
  return name;
}

Status check_account_name(const AccountName& name) {
  const auto is_user_byte = [](char c) { return is_plain(c) && c != '@'; };
  if (name.user.empty() || name.user.size() > kMaxUserBytes ||
      !std::all_of(name.user.begin(), name.user.end(), is_user_byte)) {
    return Status::InvalidArgument("'{}' is not the name of a user: 1 to {} bytes without control characters, quotes and @",
                                   name.user, kMaxUserBytes);
  }
  const std::string& host = name.host;
  const bool is_text = !host.empty() && host.size() <= kMaxHostBytes && std::all_of(host.begin(), host.end(), is_plain);
  const bool is_known = host == kLocalhost || parse_address(host) || parse_network(host) ||
                        (has_wildcard(host) && host.find_first_not_of("0123456789abcdefABCDEF.:%_") == std::string::npos);
  if (is_text && is_known) return Status::OK();
  return Status::InvalidArgument(
      "'{}' is not a host: '%', 'localhost', an IP address, one with wildcards ('10.1.%') or a network ('10.0.0.0/8'); "
      "names "
      "of hosts are not looked up",
      host);
}

bool is_loopback(std::string_view address) {
  const std::optional<Address> parsed = parse_address(address);
  return parsed && (host_matches("127.0.0.0/8", address) || host_matches("::1", address));
}

bool host_matches(std::string_view pattern, std::string_view address) {
  if (pattern == "%") return true;
  if (pattern == kLocalhost) return is_loopback(address);
  const std::optional<Address> client = parse_address(address);
  if (const std::optional<Network> network = parse_network(pattern)) return client && contains(*network, *client);
  if (const std::optional<Address> one = parse_address(pattern)) return client == one;
  return has_wildcard(pattern) && wildcard_matches(pattern, address);
}

int host_precision(std::string_view pattern) {
  if (pattern == "%") return 0;
  if (const std::optional<Network> network = parse_network(pattern)) return kNetwork + static_cast<int>(network->bits);
  if (!has_wildcard(pattern)) return kExact;
  return static_cast<int>(pattern.find_first_of("%_"));
}

}  // namespace freshet::query
