#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "connectors/net/host_port.h"
#include "connectors/net/tcp_listener.h"
#include "ingest/stream_load.h"
#include "query/accounts/users.h"
#include "query/compaction_admin.h"
#include "query/session.h"
#include "query/table_facts.h"
#include "storage/base/result.h"

namespace freshet::connectors {

struct HttpServerOptions {
  HostPort address{"127.0.0.1", 8030};
  /// A second port that takes loads: the first one sends clients there that ask before they send (Expect: 100-continue), as
  /// Doris's front end does. Unset: there is none.
  std::optional<HostPort> load_address{};
  uint16_t load_port = 0;           ///< the one that was chosen; set by the server
  uint64_t max_connections = 1024;  ///< each has a thread; more are answered with 503
  uint64_t max_body_bytes = 10ull << 30;
  uint64_t header_bytes_max = 64 * 1024;
  uint64_t header_count_max = 256;
  uint64_t target_bytes_max = 8 * 1024;
  uint64_t idle_timeout_seconds = 60;            ///< silence between two requests
  uint64_t header_timeout_seconds = 30;          ///< for a whole header
  uint64_t receive_timeout_seconds = 60;         ///< silence within a body
  uint64_t send_timeout_seconds = 60;            ///< a client that takes nothing of its answer for so long is cut off
  std::chrono::milliseconds hang_up_check{500};  ///< a query whose client is gone is ended after so long
  uint64_t drain_timeout_seconds = 30;           ///< stop() lets running requests go on for so long
  /// The first port sends clients on with their credentials in the address, as Doris does: logs of proxies may keep them.
  bool redirects_with_credentials = false;
  bool open_metrics = false;  ///< GET /metrics without a login
  uint16_t mysql_port = 0;    ///< named by GET /api/bootstrap
  std::string version{};      ///< of the server, for people and GET /api/bootstrap
};

/// What the server answers from. All may be called from several threads at once and must outlive the server.
struct HttpServices {
  ingest::LoadManager& loads;
  const query::Users& users;
  std::function<std::string()> metrics_text;  ///< the other rooms' part of GET /metrics; empty = there is none
  std::function<Status()> health;             ///< not OK = GET /api/health answers 503; empty = always healthy
  query::CompactionAdmin* compaction = nullptr;
  query::SessionFactory* sessions = nullptr;  ///< for POST /api/query
  std::function<Result<query::TableFacts>(const std::string& database, const std::string& table)> table_facts{};
};

namespace http {
struct ServerContext;
}

/// Serves Stream Load and what belongs to it over HTTP/1.1. A blocking thread for each connection: a load is decoded where
/// it is received, and no other connection waits for it. README.md lists the requests. All methods from any thread.
class HttpServer {
 public:
  /// Listens and serves. Errors as TcpListener::bind.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, HttpServices services);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port that clients connect to, also when port 0 was asked for.
  uint16_t port() const { return listener_.port(); }
  /// The same of the load port; 0 when there is none.
  uint16_t load_port() const { return load_listener_ ? load_listener_->port() : 0; }
  /// Refuses new clients, closes idle connections, lets running requests end for up to drain_timeout_seconds, then cuts off
  /// their clients (loads whose body is not complete are aborted) and waits for all threads. Idempotent.
  void stop();

 private:
  struct Client;

  HttpServer(const HttpServerOptions& options, HttpServices services, TcpListener listener,
             std::optional<TcpListener> load_listener);
  void accept_clients(const TcpListener& listener);
  void welcome(int fd, bool redirects_loads);
  void serve(uint64_t id, Client& client);
  bool begin_request(Client& client);
  void end_request(Client& client);
  void join_finished();
  void cut_off(bool only_idle);

  TcpListener listener_;
  std::optional<TcpListener> load_listener_;
  std::unique_ptr<http::ServerContext> context_;
  std::atomic<bool> is_stopping_{false};

  std::mutex mutex_;  // guards the next five
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::unique_ptr<Client>> clients_;  // until joined
  std::vector<uint64_t> finished_;                       // clients whose threads are at their end
  uint64_t running_requests_ = 0;
  std::condition_variable request_ended_;
  std::mutex stop_mutex_;  // one stop() at a time; taken before mutex_
  std::thread acceptor_;
  std::thread load_acceptor_;
};

}  // namespace freshet::connectors
