#include "connectors/http/request_reader.h"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>

#include "storage/base/status.h"

namespace freshet::connectors::http {

namespace {

namespace beast = boost::beast;
using Clock = std::chrono::steady_clock;
using MessageParser = beast::http::request_parser<beast::http::buffer_body>;

constexpr size_t kHeadReceiveBytes = 4 * 1024;
constexpr size_t kBodyReceiveBytes = 64 * 1024;

std::string to_string(beast::string_view text) { return {text.data(), text.size()}; }

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return beast::iequals({left.data(), left.size()}, {right.data(), right.size()});
}

RequestRefusal refusal_of(const beast::error_code& code, const MessageParser& parser) {
  using Error = beast::http::error;
  RequestRefusal refusal{400, "the request is not HTTP: " + code.message(), to_string(parser.get().target())};
  const bool has_length = parser.get().count(beast::http::field::content_length) > 0;
  const bool has_encoding = parser.get().count(beast::http::field::transfer_encoding) > 0;
  if ((code == Error::bad_content_length && has_encoding) || (code == Error::bad_transfer_encoding && has_length)) {
    refusal.why = "please do not set both content_length and transfer-encoding";
  } else if (code == Error::bad_content_length) {
    refusal.why = "Content-Length must be one whole number";
  } else if (code == Error::bad_version) {
    refusal.status = 505;
    refusal.why = "only HTTP/1.0 and HTTP/1.1 are spoken here";
  }
  return refusal;
}

RequestHead head_of(const MessageParser& parser) {
  const auto& message = parser.get();
  RequestHead head;
  head.method = to_string(message.method_string());
  head.target = to_string(message.target());
  for (const auto& field : message) head.headers.emplace_back(to_string(field.name_string()), to_string(field.value()));
  if (const auto length = parser.content_length()) head.content_length = *length;
  const std::string* encoding = head.header("Transfer-Encoding");
  head.is_chunked = parser.chunked() && encoding != nullptr && equals_ignoring_case(*encoding, "chunked");
  head.keep_alive = parser.keep_alive();
  const std::string* expect = head.header("Expect");
  head.expects_continue = message.version() >= 11 && expect != nullptr && equals_ignoring_case(*expect, "100-continue");
  return head;
}

}  // namespace

const std::string* RequestHead::header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const auto& pair) { return equals_ignoring_case(pair.first, name); });
  return found == headers.end() ? nullptr : &found->second;
}

struct RequestReader::Parser {
  beast::flat_buffer buffer;  ///< received and not parsed yet; bounded by what receive() is called for
  std::optional<MessageParser> message;
};

RequestReader::RequestReader(Socket& socket, const RequestLimits& limits)
    : socket_(socket), limits_(limits), parser_(std::make_unique<Parser>()) {}

RequestReader::~RequestReader() = default;

RequestReader::Received RequestReader::receive(size_t bytes_max, unsigned silence_seconds, Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now()).count();
  if (left <= 0) return Received::kTimedOut;
  socket_.set_receive_timeout(static_cast<unsigned>(std::min<int64_t>(left, silence_seconds)));
  const auto space = parser_->buffer.prepare(bytes_max);
  const ptrdiff_t count = socket_.receive(static_cast<char*>(space.data()), space.size());
  if (count == Socket::kTimedOut) return Received::kTimedOut;
  if (count == Socket::kClosed) return Received::kClosed;
  parser_->buffer.commit(static_cast<size_t>(count));
  return Received::kBytes;
}

/// Skips empty lines before a request, as RFC 9112 asks for.
RequestReader::HeadOutcome RequestReader::await_first_byte() {
  const Deadline deadline = Clock::now() + std::chrono::seconds(limits_.idle_timeout_seconds);
  for (;;) {
    auto& buffer = parser_->buffer;
    while (buffer.size() > 0) {
      const char first = *static_cast<const char*>(buffer.data().data());
      if (first != '\r' && first != '\n') return HeadOutcome::kRequest;
      buffer.consume(1);
    }
    if (receive(kHeadReceiveBytes, limits_.idle_timeout_seconds, deadline) != Received::kBytes) return HeadOutcome::kEnd;
  }
}

RequestReader::HeadOutcome RequestReader::read_head(RequestHead& head, RequestRefusal& refusal) {
  body_bytes_ = 0;
  is_body_broken_ = false;
  // Idle connections hold little memory.
  piece_ = {};
  parser_->buffer.shrink_to_fit();
  parser_->message.reset();
  if (await_first_byte() == HeadOutcome::kEnd) return HeadOutcome::kEnd;

  MessageParser& message = parser_->message.emplace();
  message.header_limit(static_cast<uint32_t>(limits_.header_bytes_max));
  message.body_limit(std::numeric_limits<uint64_t>::max());
  const Deadline deadline = Clock::now() + std::chrono::seconds(limits_.header_timeout_seconds);
  const RequestRefusal too_long{431, fmt::format("the headers exceed {} bytes", limits_.header_bytes_max), ""};
  auto& buffer = parser_->buffer;
  size_t parsed_bytes = 0;
  while (!message.is_header_done()) {
    beast::error_code error;
    const size_t count = message.put(buffer.data(), error);
    buffer.consume(count);
    parsed_bytes += count;
    const bool needs_more = error == beast::http::error::need_more;
    // Beast's limit begins anew with each line that it has parsed.
    const bool is_too_long = parsed_bytes + (needs_more ? buffer.size() : 0) > limits_.header_bytes_max;
    if (is_too_long || error == beast::http::error::header_limit) {
      refusal = too_long;
      refusal.target = to_string(message.get().target());
      return HeadOutcome::kRefused;
    }
    if (error && !needs_more) {
      refusal = refusal_of(error, message);
      return HeadOutcome::kRefused;
    }
    if (!needs_more) continue;
    const Received received = receive(kHeadReceiveBytes, limits_.header_timeout_seconds, deadline);
    if (received == Received::kClosed) return HeadOutcome::kEnd;
    if (received == Received::kTimedOut) {
      refusal = {408, fmt::format("the headers did not come within {} s", limits_.header_timeout_seconds),
                 to_string(message.get().target())};
      return HeadOutcome::kRefused;
    }
  }
  head = head_of(message);
  return check_head(head, refusal) ? HeadOutcome::kRequest : HeadOutcome::kRefused;
}

bool RequestReader::check_head(const RequestHead& head, RequestRefusal& refusal) const {
  if (head.target.size() > limits_.target_bytes_max) {
    refusal = {414, fmt::format("the URL exceeds {} bytes", limits_.target_bytes_max), ""};
    return false;
  }
  if (head.headers.size() > limits_.header_count_max) {
    refusal = {431, fmt::format("there are more than {} header lines", limits_.header_count_max), head.target};
    return false;
  }
  return true;
}

bool RequestReader::has_bytes_waiting() const { return parser_->buffer.size() > 0 || socket_.has_bytes_waiting(); }

bool RequestReader::is_body_read() const { return parser_->message && parser_->message->is_done(); }

RequestReader::BodyOutcome RequestReader::read_piece(std::string_view& piece, Deadline deadline) {
  const BodyOutcome outcome = fill_piece(piece, deadline);
  is_body_broken_ = outcome != BodyOutcome::kPiece && outcome != BodyOutcome::kEnd;
  return outcome;
}

RequestReader::BodyOutcome RequestReader::fill_piece(std::string_view& piece, Deadline deadline) {
  MessageParser& message = *parser_->message;
  auto& buffer = parser_->buffer;
  if (message.is_done()) return BodyOutcome::kEnd;
  piece_.resize(kPieceBytes);
  auto& target = message.get().body();
  target.data = piece_.data();
  target.size = piece_.size();
  target.more = true;
  const uint64_t before = body_bytes_;
  bool needs_more = buffer.size() == 0;
  while (!message.is_done() && target.size > 0) {
    if (needs_more) {
      // Only a chunk's size line with extensions, or trailers, can be unparsed here.
      if (buffer.size() > limits_.header_bytes_max) return BodyOutcome::kMalformed;
      const Received received = receive(kBodyReceiveBytes, limits_.receive_timeout_seconds, deadline);
      if (received == Received::kClosed) return BodyOutcome::kCutOff;
      if (received == Received::kTimedOut) return Clock::now() >= deadline ? BodyOutcome::kTooLate : BodyOutcome::kTimedOut;
    }
    beast::error_code error;
    buffer.consume(message.put(buffer.data(), error));
    body_bytes_ = before + piece_.size() - target.size;
    needs_more = error == beast::http::error::need_more || buffer.size() == 0;
    const bool is_expected = error == beast::http::error::need_more || error == beast::http::error::need_buffer;
    if (error && !is_expected) return BodyOutcome::kMalformed;
  }
  piece = {piece_.data(), piece_.size() - target.size};
  return piece.empty() ? BodyOutcome::kEnd : BodyOutcome::kPiece;
}

void RequestReader::discard_rest(uint64_t bytes_max, unsigned seconds) {
  const Deadline deadline = Clock::now() + std::chrono::seconds(seconds);
  auto& buffer = parser_->buffer;
  for (uint64_t dropped = 0; dropped < bytes_max; dropped += buffer.size()) {
    buffer.consume(buffer.size());
    if (receive(kBodyReceiveBytes, seconds, deadline) != Received::kBytes) return;
  }
}

}  // namespace freshet::connectors::http
