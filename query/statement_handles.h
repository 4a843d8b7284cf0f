#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "query/point_read.h"
#include "query/session_state.h"

namespace freshet::query {

/// A statement that was prepared: its text, and the point read it is, if it is one.
struct Prepared {
  std::string text;
  uint16_t parameter_count = 0;
  std::optional<PointSelect> point_select;  ///< views of `text`
  std::optional<PointRead> point_read;
  std::string database;  ///< the current one when it was prepared: its names mean what they meant then
  bool is_use = false;   ///< USE, which changes the session's
};

/// The prepared statements of one session: its driver knows them by number, PREPARE and EXECUTE by name too. One thread.
class StatementHandles {
 public:
  /// A client that never closes them is stopped here.
  static constexpr size_t kMax = 16384;

  /// ResourceExhausted when there are kMax.
  Status check_room() const;
  uint32_t add(Prepared statement);
  /// NotFound, or InvalidArgument when it has another number of parameters. The pointer is good until it is closed.
  Result<Prepared*> find(uint32_t id, size_t parameters);
  void close(uint32_t id) { statements_.erase(id); }

  void give_name(const std::string& name, uint32_t id) { names_[name] = id; }
  /// NotFound says what the name was given to: "EXECUTE".
  Result<uint32_t> find_name(const std::string& name, std::string_view given_to) const;
  /// Closes the statement, too.
  Status close_name(const std::string& name);
  void clear();

 private:
  std::unordered_map<uint32_t, Prepared> statements_;
  std::map<std::string, uint32_t> names_;
  uint32_t next_id_ = 1;
};

/// What EXECUTE gives for the named user variables: integers, decimals, numbers with an exponent, and texts, as their values
/// are written; NULL for one that was never set.
std::vector<Parameter> parameters_of(const std::vector<std::string>& variables, const SessionState& session);
/// The text that PREPARE takes from a user variable: "NULL", as in MySQL, from one without a value.
std::string statement_in(const std::string& variable, const SessionState& session);

}  // namespace freshet::query
