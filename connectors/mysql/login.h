#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/mysql/handshake.h"
#include "connectors/mysql/packet_reader.h"
#include "connectors/mysql/packet_writer.h"
#include "query/users.h"
#include "storage/base/result.h"

namespace freshet::connectors::mysql {

/// One connection's login. Borrows all it is given; one thread.
class Login {
 public:
  /// `client_host` is the address without its port, for "Access denied for user 'root'@'127.0.0.1'".
  Login(PacketReader& in, PacketWriter& out, const query::Users& users, std::string client_host)
      : in_(in), out_(out), users_(users), client_host_(std::move(client_host)) {}

  /// Greets the client, reads who it is and checks its password. The answer (OK, or the returned error) is for the caller to
  /// write. NotAuthorized on a wrong user or password, InvalidArgument on bytes that are no login, Unavailable when the
  /// client went away or was too slow (no answer needed).
  Result<LoginRequest> greet(std::string_view server_version, uint32_t connection_id);
  /// Checks COM_CHANGE_USER. REQUIRES: greet() succeeded. Errors as greet().
  Result<LoginRequest> change_user(std::string_view body, uint32_t capabilities);

  /// Before a client is known it may send no larger packet.
  static constexpr size_t kMaxPacketBytes = 64 * 1024;

 private:
  Status check(LoginRequest& request);
  Status switch_plugin(LoginRequest& request);
  Result<std::string_view> read();

  PacketReader& in_;
  PacketWriter& out_;
  const query::Users& users_;
  std::string client_host_;
  Scramble scramble_{};
};

}  // namespace freshet::connectors::mysql
