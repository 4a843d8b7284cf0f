#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/net/socket.h"
#include "query/session.h"
#include "storage/base/result.h"

namespace freshet::connectors {

/// One line of SHOW PROCESSLIST.
struct ConnectionInfo {
  uint64_t id = 0;
  std::string user;  ///< empty before the login
  std::string client_address;
  std::string database;
  bool is_running = false;  ///< a statement runs now
  uint64_t seconds = 0;     ///< since the statement began or ended
  std::string statement;    ///< its first kMaxStatementBytes
};

/// What other threads may know of a connection and do to it. Any thread.
class ConnectionEntry {
 public:
  ConnectionEntry(uint64_t id, Socket& socket);

  void open_session(query::Session& session, const std::string& user);
  /// After it the entry does not touch the session.
  void close_session();
  /// False when the connection was ended: the statement must not run.
  bool begin_statement(std::string_view text);
  void end_statement(const std::string& database);
  /// After it the entry touches neither session nor socket.
  void close();

  /// Cancels the statement that runs, if any.
  void cancel_statement();
  /// Cancels and ends the connection.
  void end_connection();
  ConnectionInfo info() const;

  static constexpr size_t kMaxStatementBytes = 1024;

 private:
  mutable std::mutex mutex_;  // guards all below
  ConnectionInfo info_;
  bool is_ended_ = false;
  Socket* socket_;
  query::Session* session_ = nullptr;
  std::chrono::steady_clock::time_point since_;
};

/// The open connections by their id: for KILL, SHOW PROCESSLIST and the end of the server. Any thread.
class ConnectionRegistry {
 public:
  std::shared_ptr<ConnectionEntry> add(uint64_t id, Socket& socket);
  void remove(uint64_t id);

  /// NotFound: "Unknown thread id: 7".
  Status kill_query(uint64_t id);
  Status kill_connection(uint64_t id);
  void kill_all();
  /// By ascending id.
  std::vector<ConnectionInfo> list() const;
  size_t size() const;

 private:
  std::vector<std::shared_ptr<ConnectionEntry>> entries() const;
  Result<std::shared_ptr<ConnectionEntry>> find(uint64_t id) const;

  mutable std::mutex mutex_;  // guards by_id_; taken before no other
  std::map<uint64_t, std::shared_ptr<ConnectionEntry>> by_id_;
};

}  // namespace freshet::connectors
