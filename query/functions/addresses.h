#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Addresses of the internet as MySQL's functions read and write them.
namespace freshet::query {

/// INET_ATON: "127.1" and "10" stand for "127.0.0.1" and "0.0.0.10". Nothing when a part is no number below 256.
std::optional<uint64_t> number_of_address(std::string_view text);
/// INET_NTOA; nothing above 32 bits.
std::optional<std::string> address_of_number(uint64_t number);
/// INET6_ATON: 4 or 16 bytes, most significant first; nothing for what is no address.
std::optional<std::string> bytes_of_address(std::string_view text);
/// INET6_NTOA; nothing for other lengths than 4 and 16.
std::optional<std::string> address_of_bytes(std::string_view bytes);
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
/// Whether 16 bytes are ::1.2.3.4, or ::ffff:1.2.3.4.
bool is_ipv4_compatible(std::string_view bytes);
bool is_ipv4_mapped(std::string_view bytes);

}  // namespace freshet::query
