#include "connectors/http/connection.h"

#include <exception>

#include "connectors/http/stream_load.h"
#include "storage/base/log.h"

namespace freshet::connectors::http {

namespace {

/// A shorter rest of a body that comes at once is read before the answer, so that the connection can go on.
constexpr uint64_t kRestOfBodyMax = 1 << 20;
constexpr unsigned kRestOfBodySeconds = 1;
/// What is dropped of a client that goes on sending after its answer: many read the answer only after their whole body.
constexpr uint64_t kDiscardBytesMax = 256ull << 20;
constexpr unsigned kDiscardSeconds = 10;

RequestLimits limits_of(const HttpServerOptions& options) {
  RequestLimits limits;
  limits.header_bytes_max = options.header_bytes_max;
  limits.header_count_max = options.header_count_max;
  limits.target_bytes_max = options.target_bytes_max;
  limits.idle_timeout_seconds = static_cast<unsigned>(options.idle_timeout_seconds);
  limits.header_timeout_seconds = static_cast<unsigned>(options.header_timeout_seconds);
  limits.receive_timeout_seconds = static_cast<unsigned>(options.receive_timeout_seconds);
  return limits;
}

}  // namespace

Connection::Connection(ServerContext& context, Socket& socket)
    : context_(context), socket_(socket), reader_(socket, limits_of(context.options)) {
  socket_.set_send_timeout(static_cast<unsigned>(context.options.send_timeout_seconds));
}

void Connection::run(const std::function<bool()>& begin_request, const std::function<void()>& end_request) {
  while (is_open_) {
    RequestHead head;
    RequestRefusal refusal;
    const RequestReader::HeadOutcome outcome = reader_.read_head(head, refusal);
    if (outcome == RequestReader::HeadOutcome::kEnd) return;
    if (outcome == RequestReader::HeadOutcome::kRefused) return refuse(refusal);
    if (!begin_request()) return;
    serve(head);
    end_request();
    if (!is_open_) close_gently();
  }
}

void Connection::refuse(const RequestRefusal& refusal) {
  const HttpAnswer answer = is_load_target(refusal.target)
                                ? StreamLoadRequest::refuse(context_, Status::InvalidArgument("{}", refusal.why))
                                : error_answer(refusal.status, refusal.why);
  context_.counters.count_answer(answer.status);
  if (socket_.send_all(to_bytes(answer, false, false)).ok()) close_gently();
}

void Connection::serve(const RequestHead& head) {
  HttpAnswer reply = answer(head);
  context_.counters.count_answer(reply.status);
  is_open_ = head.keep_alive && take_rest_of_body(head) && !context_.is_stopping;
  const bool is_sent = socket_.send_all(to_bytes(reply, is_open_, head.method == "HEAD")).ok();
  is_open_ = is_open_ && is_sent;
}

HttpAnswer Connection::answer(const RequestHead& head) {
  try {
    Result<Route> route = find_route(head.method, head.target);
    if (!route.ok()) return error_answer(400, route.status().message());
    if (route->endpoint != Endpoint::kUnknown && !route->is_method_allowed) {
      HttpAnswer answer =
          error_answer(405, fmt::format("{} is not allowed here, only {}", head.method, route->allowed_methods));
      answer.headers = fmt::format("Allow: {}\r\n", route->allowed_methods);
      return answer;
    }
    if (route->endpoint == Endpoint::kStreamLoad) return StreamLoadRequest(context_, head, *route, reader_, socket_).run();
    return answer_read_request(context_, head, *route);
  } catch (const std::exception& error) {
    log_error("request {} {} failed: {}", head.method, head.target, error.what());
    return is_load_target(head.target) ? StreamLoadRequest::refuse(context_, Status::Internal("{}", error.what()))
                                       : error_answer(500, "the server failed; its log says more");
  }
}

/// Whether the next request can follow on this connection.
bool Connection::take_rest_of_body(const RequestHead& head) {
  if (reader_.is_body_read()) return true;
  // Chunks have no known end, and who waits for "100 Continue" may send the body or not.
  if (!head.content_length || head.expects_continue || reader_.is_body_broken()) return false;
  if (*head.content_length - reader_.body_bytes() > kRestOfBodyMax) return false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kRestOfBodySeconds);
  std::string_view piece;
  RequestReader::BodyOutcome outcome;
  do {
    outcome = reader_.read_piece(piece, deadline);
  } while (outcome == RequestReader::BodyOutcome::kPiece);
  return outcome == RequestReader::BodyOutcome::kEnd;
}

void Connection::close_gently() {
  socket_.shut_down_sending();
  reader_.discard_rest(kDiscardBytesMax, kDiscardSeconds);
}

}  // namespace freshet::connectors::http
