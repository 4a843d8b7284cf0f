#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "connectors/mysql/client_channel.h"
#include "connectors/mysql/connection_registry.h"
#include "connectors/mysql/error_map.h"
#include "connectors/mysql/login.h"
#include "connectors/mysql/packet_reader.h"
#include "connectors/mysql/packet_writer.h"
#include "connectors/mysql/prepared_statements.h"
#include "connectors/mysql/protocol.h"
#include "connectors/mysql/result_set.h"
#include "connectors/mysql/server.h"
#include "connectors/net/busy_wait.h"

namespace freshet::connectors::mysql {

/// What all connections of one server share.
struct ServerContext {
  const MySqlServerOptions& options;
  query::SessionFactory& sessions;
  const query::Users& users;
  ConnectionRegistry& registry;
  BusyWaits busy_waits{options.busy_wait};
  std::atomic<uint64_t> commands_served{0};
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

/// One client from its login to its end. Garbage from the client ends this connection and nothing else. One thread.
class Connection {
 public:
  /// Borrows all it is given. `id` is the number that the client knows the connection by.
  Connection(ServerContext& server, Socket& socket, uint64_t id, ConnectionEntry& entry);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Logs in and serves commands until the client goes, is cut off, or breaks the protocol.
  void run();

 private:
  /// Whether the connection goes on after a command.
  enum class Next : bool { kStop, kGoOn };

  ptrdiff_t receive(char* buffer, size_t size);
  bool log_in();
  /// Opens the session of a client that has proved who it is, in the database that it asks for.
  Status open_session(const LoginRequest& request);
  Next serve_next();
  Next serve(Command command, std::string_view body);
  Next break_off(const MySqlError& error, std::string_view message);

  void query(std::string_view text);
  /// Calls `start`, which readies result_, and `statement`, which writes into it, and ends the answer. False when it failed.
  /// `text`: what lists of running statements show.
  template <typename Start, typename Statement>
  bool run_statement(std::string_view text, Start start, Statement statement);
  void prepare(std::string_view text);
  void execute(std::string_view body);
  /// Answers that the statement's cursor is open.
  Status start_cursor(uint32_t id, std::span<const query::ResultColumn> columns);
  void fetch(std::string_view body);
  void reset_statement(std::string_view body);
  void close_statement(std::string_view body);
  void send_long_data(std::string_view body);
  void init_database(std::string_view name);
  void field_list(std::string_view body);
  void set_option(std::string_view body);
  void process_kill(std::string_view body);
  void statistics();
  void reset();
  Next change_user(std::string_view body);

  /// Waits for commands as long as the session's variables say.
  void follow_idle_limit();
  /// OK, or the error.
  void answer(const Status& status);
  void answer_error(const MySqlError& error, std::string_view message);
  Status write_prepared(const query::PreparedInfo& info);

  ServerContext& server_;
  Socket& socket_;
  const uint64_t id_;
  ConnectionEntry& entry_;
  ClientChannel channel_;
  PacketReader in_;
  PacketWriter out_;
  ResultSet result_;
  PreparedStatements prepared_;
  Login login_;
  BusyWait busy_wait_;
  /// Until the login is done, so that a client that sends byte by byte holds its place for a bounded time.
  std::optional<std::chrono::steady_clock::time_point> login_deadline_;
  uint32_t capabilities_ = 0;      ///< that client and server share
  uint64_t idle_seconds_max_ = 0;  ///< that the socket has; 0 = none yet
  std::unique_ptr<query::Session> session_;
};

}  // namespace freshet::connectors::mysql
