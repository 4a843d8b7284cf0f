#include "connectors/load_client/http_client.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>

#include "connectors/net/connect.h"

namespace freshet::connectors::load_client {

namespace {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

constexpr unsigned kConnectSeconds = 10;
constexpr unsigned kSendSeconds = 600;
constexpr unsigned kLookSeconds = 1;
constexpr int kRedirectsMax = 3;
constexpr uint16_t kHttpPort = 80;
constexpr uint32_t kHeadBytesMax = 64 * 1024;
constexpr uint64_t kBodyBytesMax = 64ull << 20;
constexpr unsigned kContinue = 100;
constexpr unsigned kTemporaryRedirect = 307;
constexpr std::string_view kScheme = "http://";

std::string basic_authorization(const std::string& user, const std::string& password) {
  const std::string secret = user + ":" + password;
  std::string text((secret.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(secret.data()), static_cast<int>(secret.size()));
  return "Basic " + text.substr(0, static_cast<size_t>(length));
}

/// Answers of one connection, one after another.
class ResponseReader {
 public:
  ResponseReader(Socket& socket, uint64_t answer_seconds, const std::atomic<bool>& is_cancelled)
      : socket_(socket), answer_seconds_(answer_seconds), is_cancelled_(is_cancelled) {
    socket_.set_receive_timeout(kLookSeconds);
  }

  Result<HttpResponse> read() {
    http::response_parser<http::string_body> parser;
    parser.header_limit(kHeadBytesMax);
    parser.body_limit(kBodyBytesMax);
    parser.eager(true);
    const auto deadline = Clock::now() + std::chrono::seconds(answer_seconds_);
    while (!parser.is_done()) {
      boost::beast::error_code error;
      if (!received_.empty()) {
        received_.erase(0, parser.put(boost::asio::buffer(received_), error));
        if (error && error != http::error::need_more) {
          return Status::Unavailable("the server's answer is not HTTP: {}", error.message());
        }
        if (!error) continue;
      }
      FRESHET_ASSIGN_OR_RETURN(const bool is_open, receive(deadline));
      if (is_open) continue;
      if (parser.got_some()) parser.put_eof(error);
      if (error || !parser.is_done()) return Status::Unavailable("the server closed the connection before its answer");
    }
    HttpResponse response;
    response.status = parser.get().result_int();
    const auto location = parser.get()[http::field::location];
    response.location.assign(location.data(), location.size());
    response.body = std::move(parser.get().body());
    return response;
  }

 private:
  /// False at the end of the connection.
  Result<bool> receive(Clock::time_point deadline) {
    const size_t old_size = received_.size();
    received_.resize(old_size + kReceiveBytes);
    ptrdiff_t count = 0;
    do {
      if (is_cancelled_) return Status::Cancelled("interrupted");
      if (Clock::now() > deadline) return Status::Timeout("the server did not answer for {} s", answer_seconds_);
      count = socket_.receive(received_.data() + old_size, kReceiveBytes);
    } while (count == Socket::kTimedOut);
    received_.resize(old_size + static_cast<size_t>(count));
    return count != Socket::kClosed;
  }

  static constexpr size_t kReceiveBytes = 16 * 1024;
  Socket& socket_;
  const uint64_t answer_seconds_;
  const std::atomic<bool>& is_cancelled_;
  std::string received_;  ///< and not parsed yet
};

/// Sends the body until its end, or until the server answers.
Status send_body(Socket& socket, const HttpBody& body, const std::atomic<bool>& is_cancelled) {
  for (;;) {
    if (is_cancelled) return Status::Cancelled("interrupted");
    FRESHET_ASSIGN_OR_RETURN(const std::string_view piece, body.next());
    if (piece.empty() || socket.has_bytes_waiting()) return Status::OK();
    // The server may have answered and closed: its answer says more than the error.
    if (!socket.send_all(piece).ok()) return Status::OK();
  }
}

}  // namespace

HttpClient::HttpClient(const LoadOptions& options, const std::atomic<bool>& is_cancelled)
    : authorization_(basic_authorization(options.user, options.password)),
      answer_seconds_(options.answer_seconds),
      is_cancelled_(is_cancelled) {}

std::string HttpClient::head(std::string_view method, const HostPort& server, const std::string& target) const {
  return fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nConnection: close\r\n", method, target,
                     server.to_string(), authorization_);
}

Result<HttpResponse> HttpClient::get(const HostPort& server, const std::string& target) const {
  FRESHET_ASSIGN_OR_RETURN(const auto socket, connect_to(server, kConnectSeconds));
  FRESHET_RETURN_IF_ERROR(socket->send_all(head("GET", server, target) + "\r\n"));
  return ResponseReader(*socket, answer_seconds_, is_cancelled_).read();
}

Result<HttpResponse> HttpClient::put(const HostPort& server, const std::string& target, const Headers& headers,
                                     const HttpBody& body) const {
  HttpAddress address{server, target};
  for (int redirects = 0; redirects <= kRedirectsMax; ++redirects) {
    body.rewind();
    FRESHET_ASSIGN_OR_RETURN(HttpResponse response, put_once(address.server, address.target, headers, body));
    if (response.status != kTemporaryRedirect) return response;
    FRESHET_ASSIGN_OR_RETURN(address, parse_http_address(response.location));
  }
  return Status::InvalidArgument("the server redirected more than {} times, last to {}", kRedirectsMax,
                                 address.server.to_string());
}

Result<HttpResponse> HttpClient::put_once(const HostPort& server, const std::string& target, const Headers& headers,
                                          const HttpBody& body) const {
  FRESHET_ASSIGN_OR_RETURN(const auto socket, connect_to(server, kConnectSeconds));
  socket->set_send_timeout(kSendSeconds);
  std::string request = head("PUT", server, target);
  for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
  request += fmt::format("Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", body.bytes);
  FRESHET_RETURN_IF_ERROR(socket->send_all(request));
  ResponseReader reader(*socket, answer_seconds_, is_cancelled_);
  FRESHET_ASSIGN_OR_RETURN(HttpResponse response, reader.read());
  if (response.status != kContinue) {
    response.is_early = true;
    return response;
  }
  FRESHET_RETURN_IF_ERROR(send_body(*socket, body, is_cancelled_));
  return reader.read();
}

Result<HttpAddress> parse_http_address(std::string_view text) {
  if (!text.starts_with(kScheme)) {
    return Status::InvalidArgument("'{}' is no address like http://127.0.0.1:8030 (TLS is not offered)", text);
  }
  std::string_view rest = text.substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view server = rest.substr(0, slash);
  HttpAddress address;
  address.target = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  // The credentials of a redirect are ours.
  if (const size_t at = server.rfind('@'); at != std::string_view::npos) server.remove_prefix(at + 1);
  const bool has_port = server.rfind(':') != std::string_view::npos && !server.ends_with(']');
  const std::string whole = has_port ? std::string(server) : fmt::format("{}:{}", server, kHttpPort);
  FRESHET_ASSIGN_OR_RETURN(address.server, parse_host_port(whole));
  return address;
}

}  // namespace freshet::connectors::load_client
