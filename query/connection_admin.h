#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/session.h"
#include "storage/base/status.h"

namespace freshet::query {

/// One line of SHOW PROCESSLIST.
struct ConnectionInfo {
  uint64_t id = 0;
  std::string user;  ///< empty before the login
  std::string client_address;
  std::string database;
  bool is_running = false;  ///< a statement runs now
  uint64_t seconds = 0;     ///< since the statement began or ended
  std::string statement;    ///< its beginning
  QueryProgress progress;   ///< of the statement that runs
};

/// 0 to 100, with three digits behind the point, as MariaDB shows it.
std::string percent_done(const QueryProgress& progress);
/// What the statement does: "scanned 5 of 70 rows"; empty when none runs.
std::string state_of(const ConnectionInfo& connection);

/// What SQL may see of the server's connections and do to them. Implemented by the MySQL connector. Any thread.
class ConnectionAdmin {
 public:
  virtual ~ConnectionAdmin() = default;
  /// By ascending id.
  virtual std::vector<ConnectionInfo> list() const = 0;
  /// Cancels the statement that runs, if any. NotFound: "Unknown thread id: 7".
  virtual Status kill_query(uint64_t id) = 0;
  /// Cancels it and ends the connection.
  virtual Status kill_connection(uint64_t id) = 0;
};

}  // namespace freshet::query
