#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "connectors/load_client/load_options.h"
#include "storage/base/result.h"

namespace freshet::connectors::load_client {

struct HttpResponse {
  unsigned status = 0;
  std::string location;
  std::string body;
  bool is_early = false;  ///< it came before anything of the request's body was sent
};

/// The body of a request, which may have to be sent again to where the server redirects.
struct HttpBody {
  uint64_t bytes = 0;
  std::function<void()> rewind;
  std::function<Result<std::string_view>()> next;  ///< empty at the end
};

/// Requests to a Freshet or Doris server, each on a connection of its own, with Basic credentials. Any thread.
///
/// A body is announced with "Expect: 100-continue" and sent when the server asks for it, so that a refused load costs
/// nothing, and is not sent to the end when the answer comes before. Redirects (307) are followed with the credentials, as
/// curl's --location-trusted does. Errors: Unavailable when the connection broke or cannot be made, Timeout, Cancelled, or
/// what the body said.
class HttpClient {
 public:
  /// `is_cancelled` is looked at between pieces of bodies, and while an answer is awaited.
  HttpClient(const LoadOptions& options, const std::atomic<bool>& is_cancelled);

  Result<HttpResponse> get(const HostPort& server, const std::string& target) const;
  Result<HttpResponse> put(const HostPort& server, const std::string& target, const Headers& headers,
                           const HttpBody& body) const;

 private:
  Result<HttpResponse> put_once(const HostPort& server, const std::string& target, const Headers& headers,
                                const HttpBody& body) const;
  std::string head(std::string_view method, const HostPort& server, const std::string& target) const;

  const std::string authorization_;
  const uint64_t answer_seconds_;
  const std::atomic<bool>& is_cancelled_;
};

/// A plain HTTP address: "http://[user:password@]host[:port][/target]".
struct HttpAddress {
  HostPort server;
  std::string target;
};
/// InvalidArgument says what is wrong with `text`.
Result<HttpAddress> parse_http_address(std::string_view text);

}  // namespace freshet::connectors::load_client
