#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "query/users.h"
#include "storage/base/result.h"

namespace freshet::connectors::http {

struct Credentials {
  std::string user;
  std::string password;  ///< may hold colons
};

/// Reads "Basic <base64 of user:password>"; the scheme in any case. Nothing for any other text, and for one longer than
/// kMaxAuthorizationBytes.
std::optional<Credentials> parse_basic_authorization(std::string_view header);
inline constexpr size_t kMaxAuthorizationBytes = 4096;

/// The user that `header` (null = the request has none) names, who may come in; else an error as check_authorization.
Result<Credentials> authorized_user(const std::string* header, const query::Users& users);
/// OK when `header` (null = the request has none) names a user that may come in; else NotAuthorized, which begins with
/// "no valid Basic authorization" as Doris's does.
Status check_authorization(const std::string* header, const query::Users& users);

}  // namespace freshet::connectors::http
