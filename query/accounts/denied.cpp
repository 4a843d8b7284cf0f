#include "query/accounts/denied.h"

namespace freshet::query {

Status denied_command(const AccountName& account, std::string_view command, const std::string& database,
                      const std::string& table) {
  return Status::NotAuthorized("{} command denied to user {} for table '{}.{}'", command, account.to_string(), database,
                               table);
}

Status denied_database(const AccountName& account, const std::string& database) {
  return Status::NotAuthorized("Access denied for user {} to database '{}'", account.to_string(), database);
}

Status denied_operation(std::string_view privileges) {
  return Status::NotAuthorized("Access denied; you need (at least one of) the {} privilege(s) for this operation",
                               privileges);
}

}  // namespace freshet::query
