#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/mysql/column_definition.h"
#include "query/session.h"
#include "storage/base/result.h"

namespace freshet::connectors::mysql {

/// What the protocol remembers of one connection's prepared statements between commands: the types of their parameters,
/// which a client sends only once, and long data that came ahead of its execution. One thread.
class PreparedStatements {
 public:
  /// `max_long_data_bytes` bounds what one statement may collect by add_long_data().
  explicit PreparedStatements(size_t max_long_data_bytes) : max_long_data_bytes_(max_long_data_bytes) {}

  bool is_full() const { return statements_.size() >= kMaxStatements; }
  /// `text`: what was prepared; its beginning is kept for lists of what runs.
  void add(uint32_t id, uint16_t parameter_count, std::string_view text);
  bool contains(uint32_t id) const { return statements_.contains(id); }
  void remove(uint32_t id) { statements_.erase(id); }
  void clear() { statements_.clear(); }

  /// Bytes for one parameter of the next execution. The protocol answers nothing, so what is wrong is told by parameters().
  void add_long_data(uint32_t id, uint16_t parameter, std::string_view data);
  void clear_long_data(uint32_t id);

  /// The parameters in the body of COM_STMT_EXECUTE (all after the command byte), long data included and then forgotten. The
  /// span is valid until the next call. REQUIRES: contains(id). InvalidArgument when the body does not fit the statement.
  Result<std::span<const query::Parameter>> parameters(uint32_t id, std::string_view body);

  /// Whether the body of COM_STMT_EXECUTE asks for a cursor.
  static bool wants_cursor(std::string_view body);
  /// Types of the rows of a statement's cursor, once it is open. REQUIRES: contains(id).
  void set_cursor_types(uint32_t id, std::vector<CellType> types) { statements_.at(id).cursor_types = std::move(types); }
  const std::vector<CellType>& cursor_types(uint32_t id) const { return statements_.at(id).cursor_types; }
  /// REQUIRES: contains(id).
  const std::string& text(uint32_t id) const { return statements_.at(id).text; }

  /// MySQL's own default limit, for each connection here.
  static constexpr size_t kMaxStatements = 16382;
  /// What is kept of a statement's text.
  static constexpr size_t kMaxTextBytes = 256;

 private:
  struct Statement {
    uint16_t parameter_count = 0;
    std::string text;
    std::vector<CellType> cursor_types;
    std::vector<uint16_t> types;  ///< empty until the client sent them
    std::map<uint16_t, std::string> long_data;
    size_t long_data_bytes = 0;
    bool is_long_data_bad = false;
  };

  size_t max_long_data_bytes_;
  std::unordered_map<uint32_t, Statement> statements_;
  std::vector<query::Parameter> parameters_;
};

}  // namespace freshet::connectors::mysql
