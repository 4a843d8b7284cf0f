#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "query/accounts/account_name.h"
#include "storage/base/result.h"

/// The packets of the login as bytes; login.h exchanges them.
namespace freshet::connectors::mysql {

/// Random bytes that the client mixes with the hash of its password.
using Scramble = std::array<uint8_t, 20>;

/// The ways to log in that are offered. The first one is named in the greeting; a client that prefers the second gets it,
/// and one that asks for another is told to switch to the first.
inline constexpr std::string_view kNativePassword = "mysql_native_password";
inline constexpr std::string_view kCachingSha2Password = "caching_sha2_password";

/// Fresh random bytes, none of them zero (they travel as a terminated string). Internal when the system has no randomness.
Result<Scramble> make_scramble();

struct Greeting {
  std::string_view server_version;
  uint32_t connection_id = 0;
  uint32_t capabilities = 0;  ///< of the server
};
void put_greeting(std::string& out, const Greeting& greeting, const Scramble& scramble);
void put_auth_switch(std::string& out, std::string_view plugin, const Scramble& scramble);
/// After caching_sha2_password's fast path; OK follows it.
void put_fast_auth_success(std::string& out);

/// Whether the packet is no login yet but asks for TLS first.
bool is_tls_request(std::string_view payload);

/// What a client says of itself, at login or with COM_CHANGE_USER. Connection attributes are ignored.
struct LoginRequest {
  uint32_t capabilities = 0;  ///< those of the client that the server has too
  std::string user;
  std::string auth_response;
  std::string database;        ///< empty for none
  std::string auth_plugin;     ///< empty when the client does not know of plugins
  query::AccountName account;  ///< that the client has proved to be; not a part of its packet
};

/// InvalidArgument when the bytes are not a protocol 4.1 response.
Result<LoginRequest> parse_handshake_response(std::string_view payload);
/// The body of COM_CHANGE_USER. `capabilities` are those of the login.
Result<LoginRequest> parse_change_user(std::string_view body, uint32_t capabilities);

}  // namespace freshet::connectors::mysql
