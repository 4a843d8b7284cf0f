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
#include "query/connection_admin.h"
#include "query/session.h"
#include "storage/base/result.h"

namespace freshet::connectors {

using query::ConnectionInfo;

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
  /// The same when its client is not there any more.
  void cancel_when_hung_up();
  /// Cancels and ends the connection.
  void end_connection();
  ConnectionInfo info() const;

  /// What is kept of a statement's text.
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
class ConnectionRegistry final : public query::ConnectionAdmin {
 public:
  std::shared_ptr<ConnectionEntry> add(uint64_t id, Socket& socket);
  void remove(uint64_t id);

  Status kill_query(uint64_t id) override;
  Status kill_connection(uint64_t id) override;
  void kill_all();
  /// Ends the statements whose clients are not there any more.
  void cancel_hung_up();
  std::vector<ConnectionInfo> list() const override;
  size_t size() const;

 private:
  std::vector<std::shared_ptr<ConnectionEntry>> entries() const;
  Result<std::shared_ptr<ConnectionEntry>> find(uint64_t id) const;

  mutable std::mutex mutex_;  // guards by_id_; taken before no other
  std::map<uint64_t, std::shared_ptr<ConnectionEntry>> by_id_;
};

}  // namespace freshet::connectors
