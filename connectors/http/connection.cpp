#include "connectors/http/connection.h"

#include <exception>

#include "connectors/http/auth.h"
#include "connectors/http/catalog_requests.h"
#include "connectors/http/host_header.h"
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
constexpr unsigned kForbidden = 403;

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

/// Loads and transactions are answered with status 200, as always.
HttpAnswer refusal_of(ServerContext& context, const Route& route, const Status& why, bool asks_for_login) {
  if (is_load(route.endpoint)) return StreamLoadRequest::refuse(context, why);
  if (route.endpoint == Endpoint::kTransaction) return refused_transaction(why);
  return asks_for_login ? unauthorized_answer(why) : error_answer(kForbidden, why.message());
}

}  // namespace

Connection::Connection(ServerContext& context, Socket& socket, bool redirects_loads)
    : context_(context), socket_(socket), redirects_loads_(redirects_loads), reader_(socket, limits_of(context.options)) {
  socket_.set_send_timeout(static_cast<unsigned>(context.options.send_timeout_seconds));
}

void Connection::run(const std::function<bool()>& begin_request, const std::function<void()>& end_request) {
  while (is_open_) {
    RequestHead head;
    RequestRefusal refusal;
    const RequestReader::HeadOutcome outcome = reader_.read_head(head, refusal);
    if (outcome == RequestReader::HeadOutcome::kEnd) return;
    if (outcome == RequestReader::HeadOutcome::kRefused) return refuse(refusal);
    head.client_host = host_of(socket_.peer_address());
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
    const bool is_open =
        route->access == Access::kOpen || (route->endpoint == Endpoint::kMetrics && context_.options.open_metrics);
    if (is_open) return answer(head, *route, {});
    const Result<Caller> caller = caller_of(head, context_.services.users);
    if (!caller.ok()) return refusal_of(context_, *route, caller.status(), true);
    const Status allowed = check_access(*caller, *route);
    return allowed.ok() ? answer(head, *route, *caller) : refusal_of(context_, *route, allowed, false);
  } catch (const std::exception& error) {
    log_error("request {} {} failed: {}", head.method, head.target, error.what());
    return is_load_target(head.target) ? StreamLoadRequest::refuse(context_, Status::Internal("{}", error.what()))
                                       : error_answer(500, "the server failed; its log says more");
  }
}

HttpAnswer Connection::answer(const RequestHead& head, const Route& route, const Caller& caller) {
  if (is_for_load_port(head, route)) return redirect_to_load_port(head);
  if (route.endpoint == Endpoint::kQuery) return query(head, route, caller);
  if (is_load(route.endpoint)) return StreamLoadRequest(context_, head, route, caller, reader_, socket_).run();
  return answer_read_request(context_, head, route, caller);
}

/// A client whose body is on its way already is served here.
bool Connection::is_for_load_port(const RequestHead& head, const Route& route) {
  return redirects_loads_ && is_load(route.endpoint) && head.expects_continue && !reader_.has_bytes_waiting();
}

/// As Doris's front end does, and when asked for, with the credentials in the address: some clients drop the header when the
/// port changes.
HttpAnswer Connection::redirect_to_load_port(const RequestHead& head) const {
  HostPort target = link_address(head, context_.options.address);
  target.port = context_.options.load_port;
  HttpAnswer answer;
  answer.status = 307;
  answer.content_type = "text/html; charset=utf-8";
  std::string login;
  if (context_.options.redirects_with_credentials) {
    const auto user = parse_basic_authorization(*head.header("Authorization"));
    login = fmt::format("{}:{}@", percent_encode(user->user), percent_encode(user->password));
  }
  answer.headers = fmt::format("Location: http://{}{}{}\r\n", login, target.to_string(), head.target);
  return answer;
}

HttpAnswer Connection::query(const RequestHead& head, const Route& route, const Caller& caller) {
  if (head.expects_continue) static_cast<void>(socket_.send_all(kContinue));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(context_.options.receive_timeout_seconds);
  std::string body;
  std::string_view piece;
  for (;;) {
    const RequestReader::BodyOutcome outcome = reader_.read_piece(piece, deadline);
    if (outcome == RequestReader::BodyOutcome::kEnd) return answer_query(context_, socket_, route, caller, body);
    if (outcome != RequestReader::BodyOutcome::kPiece) return error_answer(400, "the body did not come to its end");
    if (body.size() + piece.size() > kMaxQueryBytes) {
      return error_answer(413, fmt::format("the body exceeds {} bytes", kMaxQueryBytes));
    }
    body += piece;
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
