#include "connectors/mysql/connection.h"

#include <exception>
#include <tuple>

#include "connectors/mysql/answers.h"
#include "connectors/net/host_port.h"
#include "storage/base/log.h"

namespace freshet::connectors::mysql {

namespace {

constexpr size_t kMaxDrainedBytes = 256ull << 20;
constexpr unsigned kDrainTimeoutSeconds = 1;

/// Takes what the client is still sending, within bounds: closing a socket with unread bytes would take the error that waits
/// for the client away from it.
void drain(Socket& socket) {
  socket.set_receive_timeout(kDrainTimeoutSeconds);
  char discarded[16 * 1024];
  for (size_t total = 0; total < kMaxDrainedBytes;) {
    const ptrdiff_t count = socket.receive(discarded, sizeof(discarded));
    if (count <= 0) return;
    total += static_cast<size_t>(count);
  }
}

/// Strangers that do not speak the protocol are no news; wrong passwords are.
void log_refused(const std::string& client_address, const Status& status) {
  const bool is_news = status.code() == StatusCode::kNotAuthorized;
  log_message(is_news ? LogLevel::kWarning : LogLevel::kDebug,
              fmt::format("{} was refused: {}", client_address, status.message()));
}

}  // namespace

Connection::Connection(ServerContext& server, Socket& socket, uint64_t id, ConnectionEntry& entry)
    : server_(server),
      socket_(socket),
      id_(id),
      entry_(entry),
      channel_([this](char* buffer, size_t size) { return receive(buffer, size); },
               [&socket](std::string_view bytes) { return socket.send_all(bytes); }),
      in_([this](char* buffer, size_t size) { return channel_.receive(buffer, size); }, Login::kMaxPacketBytes),
      out_([this](std::string_view bytes) { return channel_.send_all(bytes); }),
      result_(out_, server.options.max_packet_bytes),
      prepared_(server.options.max_packet_bytes),
      login_(in_, out_, channel_, server.users, {server.options.tls, server.options.require_tls},
             host_of(entry.info().client_address)),
      busy_wait_(server.busy_waits) {}

Connection::~Connection() { entry_.close(); }

void Connection::run() {
  try {
    if (!log_in()) return;
    while (serve_next() == Next::kGoOn) {
    }
  } catch (const std::exception& error) {
    log_error("connection {} ended by a defect: {}", id_, error.what());
  }
}

ptrdiff_t Connection::receive(char* buffer, size_t size) {
  if (login_deadline_.has_value() && std::chrono::steady_clock::now() > *login_deadline_) return Socket::kTimedOut;
  return socket_.receive(buffer, size);
}

bool Connection::log_in() {
  const MySqlServerOptions& options = server_.options;
  socket_.set_receive_timeout(static_cast<unsigned>(options.login_timeout_seconds));
  socket_.set_send_timeout(static_cast<unsigned>(options.send_timeout_seconds));
  login_deadline_ = std::chrono::steady_clock::now() + std::chrono::seconds(options.login_timeout_seconds);

  const auto request = login_.greet(options.server_version, static_cast<uint32_t>(id_));
  Status status = request.status();
  if (status.ok()) status = open_session(*request);
  if (!request.ok() && status.code() == StatusCode::kUnavailable) return false;
  if (!request.ok() && status.code() == StatusCode::kInvalidArgument) {
    answer_error(kBadHandshake, status.message());
  } else {
    answer(status);
  }
  if (!status.ok()) log_refused(entry_.info().client_address, status);
  if (!out_.flush().ok() || !status.ok()) return false;

  if ((capabilities_ & kClientCompress) != 0) channel_.start_compression(in_.take_unread());
  login_deadline_.reset();
  in_.set_max_packet_bytes(options.max_packet_bytes);
  follow_idle_limit();
  return true;
}

void Connection::follow_idle_limit() {
  const uint64_t seconds = session_->idle_seconds_max();
  if (seconds == idle_seconds_max_) return;
  idle_seconds_max_ = seconds;
  socket_.set_receive_timeout(static_cast<unsigned>(seconds));
}

Status Connection::open_session(const LoginRequest& request) {
  capabilities_ = request.capabilities;
  prepared_.clear();
  entry_.close_session();
  query::SessionIdentity identity{id_, request.user, entry_.info().client_address, request.account};
  identity.is_interactive = (capabilities_ & kClientInteractive) != 0;
  identity.is_compressed = (capabilities_ & kClientCompress) != 0;
  if (const TlsStream* tls = channel_.tls()) {
    identity.tls_version = tls->version();
    identity.tls_cipher = tls->cipher();
  }
  session_ = server_.sessions.open(identity);
  if (session_ == nullptr) return Status::Unavailable("the server takes no more sessions");
  result_.follow(*session_);
  entry_.open_session(*session_, request.user);
  if (request.database.empty()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(session_->use_database(request.database));
  entry_.end_statement(session_->current_database());
  return Status::OK();
}

Connection::Next Connection::serve_next() {
  in_.set_next_sequence(0);
  if (!in_.has_unread()) busy_wait_.wait(socket_);
  std::string_view payload;
  const PacketReader::Outcome outcome = in_.read(payload);
  busy_wait_.begin_work();
  out_.set_next_sequence(in_.next_sequence());
  switch (outcome) {
    case PacketReader::Outcome::kPacket: break;
    case PacketReader::Outcome::kTooLarge:
      return break_off(kPacketTooLarge, fmt::format("Got a packet bigger than 'max_allowed_packet' bytes ({})",
                                                    server_.options.max_packet_bytes));
    case PacketReader::Outcome::kOutOfOrder: return break_off(kPacketsOutOfOrder, "Got packets out of order");
    case PacketReader::Outcome::kClosed: return Next::kStop;
    case PacketReader::Outcome::kTimedOut:
      out_.set_next_sequence(0);
      answer_error(kSilentTooLong,
                   "The client was disconnected by the server because of inactivity. See wait_timeout and "
                   "interactive_timeout for configuring this behavior.");
      std::ignore = out_.flush();
      return Next::kStop;
  }
  if (payload.empty()) return break_off(kMalformedPacket, "Malformed communication packet: it is empty");

  server_.commands_served.fetch_add(1, std::memory_order_relaxed);
  const Next next = serve(static_cast<Command>(payload[0]), payload.substr(1));
  follow_idle_limit();
  return out_.flush().ok() ? next : Next::kStop;
}

Connection::Next Connection::break_off(const MySqlError& error, std::string_view message) {
  answer_error(error, message);
  if (out_.flush().ok()) drain(socket_);
  return Next::kStop;
}

Connection::Next Connection::serve(Command command, std::string_view body) {
  switch (command) {
    case Command::kQuit: return Next::kStop;
    case Command::kQuery: query(body); break;
    case Command::kStmtExecute: execute(body); break;
    case Command::kStmtPrepare: prepare(body); break;
    case Command::kStmtSendLongData: send_long_data(body); break;
    case Command::kStmtReset: reset_statement(body); break;
    case Command::kStmtClose: close_statement(body); break;
    case Command::kStmtFetch: fetch(body); break;
    case Command::kInitDb: init_database(body); break;
    case Command::kFieldList: field_list(body); break;
    case Command::kPing: answer(Status::OK()); break;
    case Command::kStatistics: statistics(); break;
    case Command::kSetOption: set_option(body); break;
    case Command::kProcessKill: process_kill(body); break;
    case Command::kResetConnection: reset(); break;
    case Command::kChangeUser: return change_user(body);
    default: answer_error(kUnknownCommand, fmt::format("Unknown command {}", static_cast<unsigned>(command))); break;
  }
  return Next::kGoOn;
}

void Connection::answer(const Status& status) {
  // A failed send shows in the flush at the end of the command.
  std::ignore = status.ok() ? write_ok(out_, {}, status_of(session_.get()), capabilities_) : write_error(out_, status);
}

void Connection::answer_error(const MySqlError& error, std::string_view message) {
  std::ignore = write_error(out_, error, message);
}

void Connection::reset() {
  session_->reset();
  prepared_.clear();
  answer(Status::OK());
}

Connection::Next Connection::change_user(std::string_view body) {
  const auto request = login_.change_user(body, capabilities_);
  const Status status = request.ok() ? open_session(*request) : request.status();
  answer(status);
  return status.ok() ? Next::kGoOn : Next::kStop;
}

}  // namespace freshet::connectors::mysql
