#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/mysql/client_channel.h"
#include "connectors/mysql/handshake.h"
#include "connectors/mysql/packet_reader.h"
#include "connectors/mysql/packet_writer.h"
#include "query/accounts/users.h"
#include "storage/base/result.h"

namespace freshet::connectors::mysql {

/// One connection's login. Borrows all it is given; one thread.
class Login {
 public:
  struct Security {
    std::shared_ptr<const TlsContext> tls;  ///< null: TLS is not offered
    bool require_tls = false;               ///< others are refused before they show a password
  };

  /// `channel` carries `in` and `out`. `client_host` is the address without its port, for "Access denied for user
  /// 'root'@'127.0.0.1'".
  Login(PacketReader& in, PacketWriter& out, ClientChannel& channel, const query::Users& users, const Security& security,
        std::string client_host)
      : in_(in), out_(out), channel_(channel), users_(users), security_(security), client_host_(std::move(client_host)) {}

  /// Greets the client, turns to TLS when it asks for it, reads who it is and checks its password. The answer (OK, or the
  /// returned error) is for the caller to write. NotAuthorized on a wrong user or password, or without a TLS that is
  /// required, InvalidArgument on bytes that are no login, Unavailable when the client went away or was too slow (no answer
  /// needed).
  Result<LoginRequest> greet(std::string_view server_version, uint32_t connection_id);
  /// Checks COM_CHANGE_USER. REQUIRES: greet() succeeded. Errors as greet().
  Result<LoginRequest> change_user(std::string_view body, uint32_t capabilities);

  /// Before a client is known it may send no larger packet.
  static constexpr size_t kMaxPacketBytes = 64 * 1024;

 private:
  Result<std::string_view> start_tls();
  Status check(LoginRequest& request);
  Result<query::AccountName> check_password(const LoginRequest& request) const;
  Status switch_plugin(std::string_view plugin, LoginRequest& request);
  Result<std::string_view> read();

  PacketReader& in_;
  PacketWriter& out_;
  ClientChannel& channel_;
  const query::Users& users_;
  const Security security_;
  std::string client_host_;
  Scramble scramble_{};
};

}  // namespace freshet::connectors::mysql
