#include "connectors/mysql/prepared_statements.h"

#include "connectors/mysql/parameter_value.h"
#include "connectors/mysql/payload.h"
#include "connectors/mysql/protocol.h"

namespace freshet::connectors::mysql {

namespace {

bool is_null(std::string_view bitmap, size_t parameter) {
  return (static_cast<uint8_t>(bitmap[parameter / 8]) >> parameter % 8 & 1) != 0;
}

Status malformed(uint32_t id) {
  return Status::InvalidArgument("Malformed communication packet: the parameters of prepared statement {} are cut off", id);
}

}  // namespace

bool PreparedStatements::wants_cursor(std::string_view body) {
  PayloadReader in(body);
  in.fixed<uint32_t>();  // statement
  return (in.fixed<uint8_t>() & kCursorReadOnly) != 0;
}

void PreparedStatements::add(uint32_t id, uint16_t parameter_count, std::string_view text) {
  Statement statement;
  statement.parameter_count = parameter_count;
  statement.text = text.substr(0, kMaxTextBytes);
  statements_.insert_or_assign(id, std::move(statement));
}

void PreparedStatements::add_long_data(uint32_t id, uint16_t parameter, std::string_view data) {
  const auto found = statements_.find(id);
  if (found == statements_.end()) return;
  Statement& statement = found->second;
  if (parameter >= statement.parameter_count || statement.long_data_bytes + data.size() > max_long_data_bytes_) {
    statement.is_long_data_bad = true;
    return;
  }
  statement.long_data[parameter].append(data);
  statement.long_data_bytes += data.size();
}

void PreparedStatements::clear_long_data(uint32_t id) {
  const auto found = statements_.find(id);
  if (found == statements_.end()) return;
  found->second.long_data.clear();
  found->second.long_data_bytes = 0;
  found->second.is_long_data_bad = false;
}

Result<std::span<const query::Parameter>> PreparedStatements::parameters(uint32_t id, std::string_view body) {
  Statement& statement = statements_.at(id);
  if (statement.is_long_data_bad) {
    clear_long_data(id);
    return Status::InvalidArgument(
        "Incorrect arguments to mysql_stmt_send_long_data: no such parameter, or more than {} bytes", max_long_data_bytes_);
  }
  parameters_.clear();
  if (statement.parameter_count == 0) return std::span<const query::Parameter>();

  PayloadReader in(body);
  in.fixed<uint32_t>();  // statement
  in.fixed<uint8_t>();   // wants_cursor()
  in.fixed<uint32_t>();  // iterations, always 1
  const std::string_view nulls = in.bytes((statement.parameter_count + 7u) / 8);
  const bool are_types_sent = in.fixed<uint8_t>() == 1;
  if (!in.ok()) return malformed(id);
  if (are_types_sent) {
    statement.types.clear();
    for (uint16_t i = 0; i < statement.parameter_count && in.ok(); ++i) statement.types.push_back(in.fixed<uint16_t>());
  }
  if (!in.ok() || statement.types.size() != statement.parameter_count) {
    statement.types.clear();
    return malformed(id);
  }

  for (uint16_t i = 0; i < statement.parameter_count; ++i) {
    query::Parameter& parameter = parameters_.emplace_back();
    if (const auto data = statement.long_data.find(i); data != statement.long_data.end()) {
      parameter = std::move(data->second);
    } else if (!is_null(nulls, i) && !read_parameter(in, statement.types[i], parameter)) {
      return Status::InvalidArgument("Malformed communication packet: parameter {} of prepared statement {} has type {}",
                                     i + 1, id, statement.types[i] & 0xFF);
    }
  }
  clear_long_data(id);
  if (!in.ok()) return malformed(id);
  return std::span<const query::Parameter>(parameters_);
}

}  // namespace freshet::connectors::mysql
