#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "connectors/mysql/connection_registry.h"
#include "connectors/net/hang_up_watch.h"
#include "connectors/net/host_port.h"
#include "connectors/net/tcp_listener.h"
#include "connectors/net/tls_context.h"
#include "query/accounts/users.h"
#include "query/session.h"
#include "storage/base/result.h"

namespace freshet::connectors {

struct MySqlServerOptions {
  HostPort address{"127.0.0.1", 9030};
  uint64_t max_connections = 1024;
  uint64_t login_timeout_seconds = 10;
  uint64_t send_timeout_seconds = 60;            ///< a client that takes nothing of its answer for so long is cut off
  std::chrono::milliseconds hang_up_check{500};  ///< a statement whose client is gone is ended after so long
  std::chrono::microseconds busy_wait{0};        ///< connections wait for quick clients awake for so long; 0: never
  uint64_t max_packet_bytes = 64ull << 20;       ///< longest statement, and longest row of an answer
  std::shared_ptr<const TlsContext> tls;         ///< what clients may turn to; null: TLS is not offered
  bool require_tls = false;                      ///< clients without TLS are refused
  std::string server_version = "8.0.34-freshet";
};

namespace mysql {
struct ServerContext;
}

/// Serves the MySQL protocol: a blocking thread for each connection, which reads a command, runs it in the connection's
/// session and writes the answer, with no hand-over between threads on the way. All methods from any thread.
class MySqlServer {
 public:
  /// What the server serves with; each outlives it. `registry` takes its connections.
  struct Parts {
    query::SessionFactory& sessions;
    const query::Users& users;
    ConnectionRegistry& registry;
  };

  /// Listens and serves. Errors as TcpListener::bind.
  static Result<std::unique_ptr<MySqlServer>> start(const MySqlServerOptions& options, const Parts& parts);
  /// Stops.
  ~MySqlServer();
  MySqlServer(const MySqlServer&) = delete;
  MySqlServer& operator=(const MySqlServer&) = delete;

  /// The port that clients connect to, also when port 0 was asked for.
  uint16_t port() const { return listener_.port(); }
  /// Refuses new clients, cancels running statements, ends all connections and waits for their threads. Idempotent.
  void stop();
  uint64_t commands_served() const;
  /// Of these, that found their connection's thread awake.
  uint64_t commands_met_awake() const;

 private:
  struct Client;

  MySqlServer(const MySqlServerOptions& options, const Parts& parts, TcpListener listener);
  void accept_clients();
  void welcome(int fd);
  void serve(uint64_t id, Client& client);
  void join_finished();

  const MySqlServerOptions options_;
  TcpListener listener_;
  ConnectionRegistry& registry_;
  std::unique_ptr<mysql::ServerContext> context_;
  HangUpWatch hang_ups_;
  const HangUpWatch::Guard hang_up_look_;
  uint64_t next_id_ = 1;
  std::atomic<bool> is_stopping_{false};

  std::mutex mutex_;                                     // guards the next two
  std::map<uint64_t, std::unique_ptr<Client>> clients_;  // by connection id, until joined
  std::vector<uint64_t> finished_;                       // clients whose threads are at their end
  std::mutex stop_mutex_;                                // one stop() at a time
  std::thread acceptor_;
};

}  // namespace freshet::connectors
