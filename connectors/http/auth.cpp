#include "connectors/http/auth.h"

#include "query/accounts/denied.h"
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

Result<Caller> caller_of(const RequestHead& head, const query::Users& users) {
  const std::string* header = head.header("Authorization");
  if (header == nullptr) {
    return Status::NotAuthorized(
        "no valid Basic authorization: the request has none (curl hands it on to where a load is redirected with "
        "--location-trusted, not with -L)");
  }
  const std::optional<Credentials> credentials = parse_basic_authorization(*header);
  if (!credentials) return Status::NotAuthorized("no valid Basic authorization");
  const Result<query::AccountName> account =
      users.log_in_plain({credentials->user, head.client_host}, credentials->password);
  if (!account.ok()) {
    const std::string& why = account.status().message();
    return Status::NotAuthorized("no valid Basic authorization: access denied for user '{}'{}{}", credentials->user,
                                 why.empty() ? "" : ": ", why);
  }
  Caller caller{account->user, *account, users.rights_of(*account)};
  if (caller.rights == nullptr) return Status::NotAuthorized("no valid Basic authorization: the account is gone");
  return caller;
}

Status check_load(const Caller& caller, const std::string& database, const std::string& table) {
  return caller.rights->may(database, table, query::kLoad) ? Status::OK()
                                                           : query::denied_command(caller.account, "LOAD", database, table);
}

Status check_access(const Caller& caller, const Route& route) {
  using query::Privilege;
  const query::Rights& rights = *caller.rights;
  switch (route.access) {
    case Access::kOpen:
    case Access::kLogin: return Status::OK();
    case Access::kSee:
      return rights.sees(route.database, route.table)
                 ? Status::OK()
                 : query::denied_command(caller.account, "SHOW", route.database, route.table);
    case Access::kRead:
      return rights.may(route.database, route.table, Privilege::kSelect)
                 ? Status::OK()
                 : query::denied_command(caller.account, "SELECT", route.database, route.table);
    case Access::kLoad: return check_load(caller, route.database, route.table);
    case Access::kLoadSomewhere:
      if (rights.may_somewhere(route.database, query::kLoad)) return Status::OK();
      return query::denied_database(caller.account, route.database);
    case Access::kProcess: return rights.may(Privilege::kProcess) ? Status::OK() : query::denied_operation("PROCESS");
    case Access::kAdmin: return rights.is_admin() ? Status::OK() : query::denied_operation("ADMIN_PRIV");
  }
  return query::denied_operation("ADMIN_PRIV");
}

}  // namespace freshet::connectors::http
