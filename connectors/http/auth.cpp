#include "connectors/http/auth.h"

#include "storage/base/base64.h"

namespace freshet::connectors::http {

namespace {

constexpr std::string_view kScheme = "basic";

bool is_scheme(std::string_view text) {
  if (text.size() != kScheme.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Credentials> parse_basic_authorization(std::string_view header) {
  if (header.size() > kMaxAuthorizationBytes) return std::nullopt;
  const size_t blank = header.find(' ');
  if (blank == std::string_view::npos || !is_scheme(header.substr(0, blank))) return std::nullopt;
  const size_t begin = header.find_first_not_of(' ', blank);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::optional<std::string> text = decode_base64(header.substr(begin));
  if (!text) return std::nullopt;
  const size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

Result<Credentials> authorized_user(const std::string* header, const query::Users& users) {
  std::optional<Credentials> credentials = header == nullptr ? std::nullopt : parse_basic_authorization(*header);
  if (!credentials) return Status::NotAuthorized("no valid Basic authorization");
  if (users.check_plain(credentials->user, credentials->password)) return *std::move(credentials);
  return Status::NotAuthorized("no valid Basic authorization: access denied for user '{}'", credentials->user);
}

Status check_authorization(const std::string* header, const query::Users& users) {
  return authorized_user(header, users).status();
}

}  // namespace freshet::connectors::http
