#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/http/request_reader.h"
#include "connectors/http/router.h"
#include "query/accounts/users.h"
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

/// Who asks, and what they may do.
struct Caller {
  std::string user;  ///< as given, without "@cluster"
  query::AccountName account;
  std::shared_ptr<const query::Rights> rights;
};

/// The account that a request comes from. NotAuthorized when it has no right credentials, which begins with "no valid Basic
/// authorization" as Doris's does. No other header counts.
Result<Caller> caller_of(const RequestHead& head, const query::Users& users);

/// Whether `caller` may do what the route needs: the one place where requests are checked (what statements and labels a
/// request is about is checked where they are known). NotAuthorized with the texts of SQL.
Status check_access(const Caller& caller, const Route& route);
/// The same for a load into a table.
Status check_load(const Caller& caller, const std::string& database, const std::string& table);

}  // namespace freshet::connectors::http
