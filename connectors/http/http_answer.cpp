#include "connectors/http/http_answer.h"

#include <fmt/format.h>

#include "connectors/http/json_text.h"

namespace freshet::connectors::http {

namespace {

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

}  // namespace

HttpAnswer success_answer(std::string_view data_json) {
  HttpAnswer answer;
  answer.body = fmt::format(R"({{"msg":"success","code":0,"data":{},"count":0}})", data_json);
  return answer;
}

HttpAnswer error_answer(unsigned status, std::string_view what) {
  HttpAnswer answer;
  answer.status = status;
  answer.body =
      fmt::format(R"({{"msg":"{}","code":{},"data":{},"count":0}})", reason_phrase(status), status, json_string(what));
  return answer;
}

HttpAnswer unauthorized_answer(const Status& why) {
  HttpAnswer answer = error_answer(401, why.message());
  answer.headers = "WWW-Authenticate: Basic realm=\"freshet\"\r\n";
  return answer;
}

std::string to_bytes(const HttpAnswer& answer, bool keep_alive, bool is_head) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nServer: freshet\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n"
      "X-Content-Type-Options: nosniff\r\n{}\r\n{}",
      answer.status, reason_phrase(answer.status), answer.content_type, answer.body.size(),
      keep_alive ? "keep-alive" : "close", answer.headers, is_head ? std::string_view{} : std::string_view(answer.body));
}

}  // namespace freshet::connectors::http
