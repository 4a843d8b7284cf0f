#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "query/accounts/account_name.h"
#include "query/result_writer.h"
#include "storage/base/result.h"

namespace freshet::query {

/// A parameter of a prepared statement, as the client sent it.
struct ParameterNull {};
struct ParameterDateTime {
  std::string text;  ///< "2026-01-02 03:04:05.000000" or "2026-01-02"
};
struct ParameterDecimal {
  std::string text;  ///< "-12.50"
};
using Parameter = std::variant<ParameterNull, int64_t, uint64_t, double, std::string, ParameterDateTime, ParameterDecimal>;

struct PreparedInfo {
  uint32_t id = 0;
  uint16_t parameter_count = 0;
  std::vector<ResultColumn> columns;  ///< empty for statements without rows
};

/// How far the scans of a query are.
struct QueryProgress {
  uint64_t rows_scanned = 0;
  uint64_t rows_to_scan = 0;
};

/// What a client is told with each answer.
struct SessionFlags {
  bool autocommit = true;
  bool in_transaction = false;
};

/// One client's connection as SQL sees it: current database, variables, prepared statements. One statement at a time; only
/// cancel(), forget_cancel() and progress() may be called from another thread meanwhile.
class Session {
 public:
  virtual ~Session() = default;
  /// Runs one statement. Errors leave the session usable; nothing was written to `out` unless columns() was called.
  virtual Status execute(std::string_view sql, ResultWriter& out) = 0;
  virtual Result<PreparedInfo> prepare(std::string_view sql) = 0;
  virtual Status execute_prepared(uint32_t id, std::span<const Parameter> parameters, ResultWriter& out) = 0;
  virtual void close_prepared(uint32_t id) = 0;

  /// Opens a cursor over a prepared query, in place of the one that it has: fetch() gives the rows as they are now, also
  /// after other statements. Its columns; nothing when the statement is no query or one whose answer is small:
  /// execute_prepared() it.
  virtual Result<std::optional<std::vector<ResultColumn>>> open_cursor(uint32_t id,
                                                                       std::span<const Parameter> parameters) = 0;
  /// Writes the next rows of the cursor, at most `rows`, without columns() and rows_end(). True when there were fewer: then
  /// the cursor is closed. NotFound when there is no cursor.
  virtual Result<bool> fetch(uint32_t id, uint64_t rows, ResultWriter& out) = 0;
  virtual void close_cursor(uint32_t id) = 0;

  virtual Status use_database(std::string_view name) = 0;
  virtual const std::string& current_database() const = 0;
  virtual SessionFlags flags() const = 0;
  /// The variable wait_timeout: a client that is silent for so long is sent away.
  virtual uint64_t idle_seconds_max() const = 0;
  /// Splits a text into statements at its top-level semicolons (multi-statements).
  virtual Result<std::vector<std::string>> split(std::string_view text) const = 0;
  /// Ends the running statement, or the next one, with Cancelled as soon as it notices. Any thread.
  virtual void cancel() = 0;
  /// Drops a cancel() that no statement has noticed. Any thread.
  virtual void forget_cancel() = 0;
  /// Of the query that runs, else of the last. Any thread.
  virtual QueryProgress progress() const = 0;
  /// Back to the state after login.
  virtual void reset() = 0;
};

struct SessionIdentity {
  uint64_t connection_id = 0;
  std::string user;
  std::string client_address;
  AccountName account{};        ///< that it logged in as
  bool is_interactive = false;  ///< a person sits there: interactive_timeout is its wait_timeout
  bool is_compressed = false;
  std::string tls_version{};  ///< "TLSv1.3"; empty: not encrypted, as the cipher
  std::string tls_cipher{};
};

/// Opens sessions. Any thread.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  virtual std::unique_ptr<Session> open(const SessionIdentity& identity) = 0;
};

}  // namespace freshet::query
