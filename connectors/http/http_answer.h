#pragma once

#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace freshet::connectors::http {

/// One answer, before it is known whether the connection stays open.
struct HttpAnswer {
  unsigned status = 200;
  std::string_view content_type = kJson;
  std::string body;
  std::string headers;  ///< further header lines, each with its "\r\n"

  static constexpr std::string_view kJson = "application/json; charset=utf-8";
  static constexpr std::string_view kText = "text/plain; charset=utf-8";
  static constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";
};

/// What a client with Expect: 100-continue waits for.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// {"msg":"success","code":0,"data":<data_json>,"count":0}
HttpAnswer success_answer(std::string_view data_json);
/// The same envelope with the status as code, its usual phrase as msg and `what` as data.
HttpAnswer error_answer(unsigned status, std::string_view what);

/// 401 that asks for Basic credentials.
HttpAnswer unauthorized_answer(const Status& why);

/// Head and body as they are sent; without the body, but with its length, when `is_head`.
std::string to_bytes(const HttpAnswer& answer, bool keep_alive, bool is_head);

}  // namespace freshet::connectors::http
