#include "connectors/mysql/handshake.h"

#include <openssl/rand.h>

#include "connectors/mysql/payload.h"
#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {

namespace {

constexpr char kProtocolVersion = 10;
constexpr size_t kFirstScrambleBytes = 8;
constexpr size_t kGreetingReservedBytes = 10;
constexpr size_t kResponseReservedBytes = 23;

std::string_view bytes_of(const Scramble& scramble) {
  return {reinterpret_cast<const char*>(scramble.data()), scramble.size()};
}

Status bad_handshake() {
  return Status::InvalidArgument("Bad handshake: the server speaks the MySQL protocol 4.1 with {}", kNativePassword);
}

std::string_view read_auth_response(PayloadReader& in, uint32_t capabilities) {
  if ((capabilities & kClientPluginAuthLengthEncoded) != 0) return in.lenenc_string();
  if ((capabilities & kClientSecureConnection) != 0) return in.bytes(in.fixed<uint8_t>());
  return in.null_terminated();
}

/// Old clients leave the last zero out.
std::string_view read_last_name(PayloadReader& in) {
  if (in.rest().find('\0') == std::string_view::npos) return in.bytes(in.rest().size());
  return in.null_terminated();
}

}  // namespace

Result<Scramble> make_scramble() {
  Scramble scramble;
  if (RAND_bytes(scramble.data(), static_cast<int>(scramble.size())) != 1) {
    return Status::Internal("the system gives no random bytes for the login");
  }
  for (uint8_t& byte : scramble) {
    byte &= 0x7F;
    if (byte == 0 || byte == '$') ++byte;
  }
  return scramble;
}

void put_greeting(std::string& out, const Greeting& greeting, const Scramble& scramble) {
  const std::string_view random = bytes_of(scramble);
  out.push_back(kProtocolVersion);
  out.append(greeting.server_version).push_back('\0');
  put_fixed<uint32_t>(out, greeting.connection_id);
  out.append(random.substr(0, kFirstScrambleBytes)).push_back('\0');
  put_fixed<uint16_t>(out, static_cast<uint16_t>(greeting.capabilities));
  out.push_back(static_cast<char>(kCharsetUtf8mb4));
  put_fixed<uint16_t>(out, kStatusAutocommit);
  put_fixed<uint16_t>(out, static_cast<uint16_t>(greeting.capabilities >> 16));
  out.push_back(static_cast<char>(random.size() + 1));
  out.append(kGreetingReservedBytes, '\0');
  out.append(random.substr(kFirstScrambleBytes)).push_back('\0');
  out.append(kNativePassword).push_back('\0');
}

void put_auth_switch(std::string& out, std::string_view plugin, const Scramble& scramble) {
  out.push_back(static_cast<char>(kEofHeader));
  out.append(plugin).push_back('\0');
  out.append(bytes_of(scramble)).push_back('\0');
}

void put_fast_auth_success(std::string& out) {
  out.push_back(static_cast<char>(kAuthMoreHeader));
  out.push_back(kFastAuthSuccess);
}

bool is_tls_request(std::string_view payload) { return (PayloadReader(payload).fixed<uint32_t>() & kClientSsl) != 0; }

Result<LoginRequest> parse_handshake_response(std::string_view payload) {
  PayloadReader in(payload);
  LoginRequest request;
  request.capabilities = in.fixed<uint32_t>();
  if ((request.capabilities & kClientProtocol41) == 0) return bad_handshake();
  request.capabilities &= kServerCapabilities;
  in.fixed<uint32_t>();  // the client's own packet limit
  in.fixed<uint8_t>();   // character set: answers are utf8mb4 for all
  in.bytes(kResponseReservedBytes);
  request.user = in.null_terminated();
  request.auth_response = read_auth_response(in, request.capabilities);
  if ((request.capabilities & kClientConnectWithDb) != 0 && !in.at_end()) request.database = read_last_name(in);
  if ((request.capabilities & kClientPluginAuth) != 0 && !in.at_end()) request.auth_plugin = read_last_name(in);
  if (!in.ok()) return bad_handshake();
  return request;
}

Result<LoginRequest> parse_change_user(std::string_view body, uint32_t capabilities) {
  PayloadReader in(body);
  LoginRequest request;
  request.capabilities = capabilities;
  request.user = in.null_terminated();
  request.auth_response = read_auth_response(in, capabilities & ~kClientPluginAuthLengthEncoded);
  request.database = read_last_name(in);
  if (!in.at_end()) in.fixed<uint16_t>();  // character set
  if ((capabilities & kClientPluginAuth) != 0 && !in.at_end()) request.auth_plugin = read_last_name(in);
  if (!in.ok()) return bad_handshake();
  return request;
}

}  // namespace freshet::connectors::mysql
