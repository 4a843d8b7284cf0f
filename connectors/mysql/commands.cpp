#include <tuple>

#include "connectors/mysql/answers.h"
#include "connectors/mysql/column_definition.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/payload.h"

/// The commands of a connection: statements in text and prepared, and the small ones beside them.
namespace freshet::connectors::mysql {

namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";
constexpr size_t kMaxPreparedColumns = UINT16_MAX;

/// Without blanks, semicolons and zero bytes (of clients that send C strings whole, as mariadb-slap) at its end.
std::string_view without_terminator(std::string_view text) {
  const auto is_terminator = [](char c) { return c == ';' || c == '\0' || kBlanks.find(c) != std::string_view::npos; };
  while (!text.empty() && is_terminator(text.back())) text.remove_suffix(1);
  return text;
}

std::string quoted_name(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
  return quoted + '`';
}

}  // namespace

template <typename Start, typename Statement>
bool Connection::run_statement(std::string_view text, Start start, Statement statement) {
  if (!entry_.begin_statement(text)) {
    answer(Status::Cancelled("the connection was ended"));
    return false;
  }
  const PacketWriter::Mark mark = out_.mark();
  start();
  Status status = statement();
  if (status.ok() && !result_.is_complete()) status = Status::Internal("the statement ended without an answer");
  entry_.end_statement(session_->current_database());
  if (status.ok()) return true;
  // The error takes the place of what was not sent yet; after rows that were sent it ends them.
  if (!out_.rewind(mark)) out_.abandon();
  answer(status);
  return false;
}

void Connection::query(std::string_view text) {
  text = without_terminator(text);
  if (text.empty()) return answer_error(kEmptyQuery, "Query was empty");

  const auto run_one = [this](std::string_view one, bool more_follow) {
    return run_statement(
        one, [&] { result_.start(RowFormat::kText, capabilities_, more_follow); },
        [&] { return session_->execute(one, result_); });
  };
  const bool may_be_many = (capabilities_ & kClientMultiStatements) != 0 && text.find(';') != std::string_view::npos;
  if (!may_be_many) {
    run_one(text, false);
    return;
  }
  const auto statements = session_->split(text);
  if (!statements.ok()) return answer(statements.status());
  if (statements->empty()) return answer_error(kEmptyQuery, "Query was empty");
  for (size_t i = 0; i < statements->size(); ++i) {
    if (!run_one((*statements)[i], i + 1 < statements->size())) return;
  }
}

void Connection::prepare(std::string_view text) {
  if (prepared_.is_full()) {
    return answer_error(kTooManyStatements,
                        fmt::format("Can't create more than max_prepared_stmt_count statements (current value: {})",
                                    PreparedStatements::kMaxStatements));
  }
  text = without_terminator(text);
  const auto info = session_->prepare(text);
  if (!info.ok()) return answer(info.status());
  if (info->columns.size() > kMaxPreparedColumns) {
    session_->close_prepared(info->id);
    return answer(Status::Unsupported("a prepared statement may return at most {} columns", kMaxPreparedColumns));
  }
  prepared_.add(info->id, info->parameter_count, text);
  std::ignore = write_prepared(*info);
}

Status Connection::write_prepared(const query::PreparedInfo& info) {
  out_.begin();
  std::string& payload = out_.buffer();
  payload.push_back(static_cast<char>(kOkHeader));
  put_fixed<uint32_t>(payload, info.id);
  put_fixed<uint16_t>(payload, static_cast<uint16_t>(info.columns.size()));
  put_fixed<uint16_t>(payload, info.parameter_count);
  payload.push_back('\0');
  put_fixed<uint16_t>(payload, 0);  // warnings
  FRESHET_RETURN_IF_ERROR(out_.end());

  query::ResultColumn parameter;
  parameter.name = "?";
  parameter.type.kind = TypeKind::kString;
  for (uint16_t i = 0; i < info.parameter_count; ++i) FRESHET_RETURN_IF_ERROR(write_column_definition(out_, parameter));
  if (info.parameter_count > 0)
    FRESHET_RETURN_IF_ERROR(write_end_of_columns(out_, capabilities_, status_of(session_.get())));
  for (const query::ResultColumn& column : info.columns) FRESHET_RETURN_IF_ERROR(write_column_definition(out_, column));
  return info.columns.empty() ? Status::OK() : write_end_of_columns(out_, capabilities_, status_of(session_.get()));
}

void Connection::execute(std::string_view body) {
  const auto id = PayloadReader(body).fixed<uint32_t>();
  if (!prepared_.contains(id)) {
    return answer_error(kUnknownStatement, fmt::format("Unknown prepared statement handler ({}) given to EXECUTE", id));
  }
  const auto parameters = prepared_.parameters(id, body);
  if (!parameters.ok()) return answer_error(kWrongArguments, parameters.status().message());
  session_->close_cursor(id);
  const bool wants_cursor = PreparedStatements::wants_cursor(body);
  run_statement(
      prepared_.text(id), [&] { result_.start(RowFormat::kBinary, capabilities_, false); },
      [&]() -> Status {
        if (wants_cursor) {
          FRESHET_ASSIGN_OR_RETURN(const auto columns, session_->open_cursor(id, *parameters));
          if (columns) return start_cursor(id, *columns);
        }
        return session_->execute_prepared(id, *parameters, result_);
      });
}

Status Connection::start_cursor(uint32_t id, std::span<const query::ResultColumn> columns) {
  prepared_.set_cursor_types(id, {columns.begin(), columns.end()});
  return result_.cursor_opened(columns);
}

void Connection::fetch(std::string_view body) {
  PayloadReader in(body);
  const auto id = in.fixed<uint32_t>();
  const auto rows = in.fixed<uint32_t>();
  if (!in.ok() || !prepared_.contains(id)) {
    return answer_error(kUnknownStatement, fmt::format("Unknown prepared statement handler ({}) given to FETCH", id));
  }
  run_statement(
      prepared_.text(id), [&] { result_.start_fetch(capabilities_, prepared_.cursor_types(id)); },
      [&]() -> Status {
        FRESHET_ASSIGN_OR_RETURN(const bool is_over, session_->fetch(id, rows, result_));
        return result_.fetch_end(is_over);
      });
}

void Connection::reset_statement(std::string_view body) {
  const auto id = PayloadReader(body).fixed<uint32_t>();
  if (!prepared_.contains(id)) {
    return answer_error(kUnknownStatement, fmt::format("Unknown prepared statement handler ({}) given to RESET", id));
  }
  prepared_.clear_long_data(id);
  session_->close_cursor(id);
  answer(Status::OK());
}

void Connection::close_statement(std::string_view body) {
  const auto id = PayloadReader(body).fixed<uint32_t>();
  if (!prepared_.contains(id)) return;
  prepared_.remove(id);
  session_->close_prepared(id);
}

void Connection::send_long_data(std::string_view body) {
  PayloadReader in(body);
  const auto id = in.fixed<uint32_t>();
  const auto parameter = in.fixed<uint16_t>();
  if (in.ok()) prepared_.add_long_data(id, parameter, in.rest());
}

void Connection::init_database(std::string_view name) {
  const Status status = session_->use_database(name);
  entry_.end_statement(session_->current_database());
  if (!status.ok()) return answer(status);
  query::OkResult result;
  result.database = session_->current_database();
  std::ignore = write_ok(out_, result, status_of(session_.get()), capabilities_);
}

void Connection::field_list(std::string_view body) {
  const std::string_view table = PayloadReader(body).null_terminated();
  const auto info = session_->prepare(fmt::format("SELECT * FROM {} LIMIT 0", quoted_name(table)));
  if (!info.ok()) return answer(info.status());
  session_->close_prepared(info->id);
  for (const query::ResultColumn& column : info->columns) std::ignore = write_listed_field(out_, column);
  std::ignore = write_end_of_rows(out_, capabilities_, 0, status_of(session_.get()));
}

void Connection::set_option(std::string_view body) {
  PayloadReader in(body);
  const auto option = in.fixed<uint16_t>();
  constexpr uint16_t kMultiStatementsOn = 0;
  constexpr uint16_t kMultiStatementsOff = 1;
  if (!in.ok() || option > kMultiStatementsOff) {
    return answer_error(kUnknownCommand, fmt::format("Unknown option {} of COM_SET_OPTION", option));
  }
  if (option == kMultiStatementsOn) {
    capabilities_ |= kClientMultiStatements;
  } else {
    capabilities_ &= ~kClientMultiStatements;
  }
  std::ignore = write_end_of_rows(out_, capabilities_, 0, status_of(session_.get()));
}

void Connection::process_kill(std::string_view body) {
  // With the rules of the statement about whose connections one may end.
  query(fmt::format("KILL CONNECTION {}", PayloadReader(body).fixed<uint32_t>()));
}

void Connection::statistics() {
  const auto uptime = std::chrono::steady_clock::now() - server_.started;
  out_.begin();
  out_.buffer() +=
      fmt::format("Uptime: {}  Threads: {}  Questions: {}", std::chrono::duration_cast<std::chrono::seconds>(uptime).count(),
                  server_.registry.size(), server_.commands_served.load(std::memory_order_relaxed));
  std::ignore = out_.end();
}

}  // namespace freshet::connectors::mysql
