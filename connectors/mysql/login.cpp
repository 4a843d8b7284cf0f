#include "connectors/mysql/login.h"

#include <span>

#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {

Result<LoginRequest> Login::greet(std::string_view server_version, uint32_t connection_id) {
  FRESHET_ASSIGN_OR_RETURN(scramble_, make_scramble());
  out_.begin();
  const uint32_t capabilities = kServerCapabilities | (security_.tls ? kClientSsl : 0);
  put_greeting(out_.buffer(), {server_version, connection_id, capabilities}, scramble_);
  FRESHET_RETURN_IF_ERROR(out_.end());
  FRESHET_RETURN_IF_ERROR(out_.flush());

  FRESHET_ASSIGN_OR_RETURN(std::string_view response, read());
  if (is_tls_request(response)) {
    FRESHET_ASSIGN_OR_RETURN(response, start_tls());
  } else if (security_.require_tls) {
    return Status::NotAuthorized(
        "Connections using insecure transport are prohibited while mysql.require_tls is true: connect with "
        "--ssl-mode=REQUIRED or --ssl");
  }
  FRESHET_ASSIGN_OR_RETURN(LoginRequest request, parse_handshake_response(response));
  FRESHET_RETURN_IF_ERROR(check(request));
  return request;
}

Result<std::string_view> Login::start_tls() {
  if (!security_.tls) {
    return Status::InvalidArgument(
        "Bad handshake: this server does not offer TLS; connect with --ssl-mode=DISABLED or --skip-ssl");
  }
  // The client goes on at once: what has come after its request is TLS and nothing else.
  FRESHET_RETURN_IF_ERROR(channel_.start_tls(security_.tls, in_.take_unread()));
  return read();
}

Result<LoginRequest> Login::change_user(std::string_view body, uint32_t capabilities) {
  FRESHET_ASSIGN_OR_RETURN(LoginRequest request, parse_change_user(body, capabilities));
  FRESHET_RETURN_IF_ERROR(check(request));
  return request;
}

Status Login::check(LoginRequest& request) {
  const bool takes_caching_sha2 = users_.offers_caching_sha2({request.user, client_host_});
  if (request.auth_plugin == kCachingSha2Password && takes_caching_sha2) {
    FRESHET_RETURN_IF_ERROR(switch_plugin(kCachingSha2Password, request));
  } else if (!request.auth_plugin.empty() && request.auth_plugin != kNativePassword) {
    FRESHET_RETURN_IF_ERROR(switch_plugin(kNativePassword, request));
  }
  Result<query::AccountName> account = check_password(request);
  if (!account.ok()) {
    const std::string& why = account.status().message();
    return Status::NotAuthorized("Access denied for user '{}'@'{}' (using password: {}){}{}", request.user, client_host_,
                                 request.auth_response.empty() ? "NO" : "YES", why.empty() ? "" : ": ", why);
  }
  request.account = *std::move(account);
  if (request.auth_plugin != kCachingSha2Password || request.auth_response.empty()) return Status::OK();
  out_.begin();
  put_fast_auth_success(out_.buffer());
  return out_.end();
}

Result<query::AccountName> Login::check_password(const LoginRequest& request) const {
  const std::span response(reinterpret_cast<const uint8_t*>(request.auth_response.data()), request.auth_response.size());
  const query::LoginClient client{request.user, client_host_};
  if (request.auth_plugin == kCachingSha2Password) return users_.log_in_caching_sha2(client, scramble_, response);
  return users_.log_in_native(client, scramble_, response);
}

Status Login::switch_plugin(std::string_view plugin, LoginRequest& request) {
  FRESHET_ASSIGN_OR_RETURN(scramble_, make_scramble());
  out_.begin();
  put_auth_switch(out_.buffer(), plugin, scramble_);
  FRESHET_RETURN_IF_ERROR(out_.end());
  FRESHET_RETURN_IF_ERROR(out_.flush());
  FRESHET_ASSIGN_OR_RETURN(std::string_view response, read());
  // Without a password caching_sha2_password sends the end of an empty text.
  if (response == std::string_view("\0", 1)) response = {};
  request.auth_response = response;
  request.auth_plugin = plugin;
  return Status::OK();
}

Result<std::string_view> Login::read() {
  in_.set_next_sequence(out_.next_sequence());
  std::string_view payload;
  const PacketReader::Outcome outcome = in_.read(payload);
  out_.set_next_sequence(in_.next_sequence());
  switch (outcome) {
    case PacketReader::Outcome::kPacket: return payload;
    case PacketReader::Outcome::kTooLarge:
    case PacketReader::Outcome::kOutOfOrder: return Status::InvalidArgument("Bad handshake: that is no login");
    case PacketReader::Outcome::kClosed:
    case PacketReader::Outcome::kTimedOut: break;
  }
  return Status::Unavailable("the client went away before it logged in");
}

}  // namespace freshet::connectors::mysql
