#include "connectors/mysql/login.h"

#include <span>

namespace freshet::connectors::mysql {

Result<LoginRequest> Login::greet(std::string_view server_version, uint32_t connection_id) {
  FRESHET_ASSIGN_OR_RETURN(scramble_, make_scramble());
  out_.begin();
  put_greeting(out_.buffer(), server_version, connection_id, scramble_);
  FRESHET_RETURN_IF_ERROR(out_.end());
  FRESHET_RETURN_IF_ERROR(out_.flush());

  FRESHET_ASSIGN_OR_RETURN(const std::string_view response, read());
  FRESHET_ASSIGN_OR_RETURN(LoginRequest request, parse_handshake_response(response));
  FRESHET_RETURN_IF_ERROR(check(request));
  return request;
}

Result<LoginRequest> Login::change_user(std::string_view body, uint32_t capabilities) {
  FRESHET_ASSIGN_OR_RETURN(LoginRequest request, parse_change_user(body, capabilities));
  FRESHET_RETURN_IF_ERROR(check(request));
  return request;
}

Status Login::check(LoginRequest& request) {
  if (!request.auth_plugin.empty() && request.auth_plugin != kNativePassword) {
    FRESHET_RETURN_IF_ERROR(switch_plugin(request));
  }
  const std::span response(reinterpret_cast<const uint8_t*>(request.auth_response.data()), request.auth_response.size());
  if (users_.check_native(request.user, scramble_, response)) return Status::OK();
  return Status::NotAuthorized("Access denied for user '{}'@'{}' (using password: {})", request.user, client_host_,
                               response.empty() ? "NO" : "YES");
}

Status Login::switch_plugin(LoginRequest& request) {
  FRESHET_ASSIGN_OR_RETURN(scramble_, make_scramble());
  out_.begin();
  put_auth_switch(out_.buffer(), scramble_);
  FRESHET_RETURN_IF_ERROR(out_.end());
  FRESHET_RETURN_IF_ERROR(out_.flush());
  FRESHET_ASSIGN_OR_RETURN(const std::string_view response, read());
  request.auth_response = response;
  request.auth_plugin = kNativePassword;
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
