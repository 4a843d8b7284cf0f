#pragma once

#include <string>
#include <string_view>

#include "query/accounts/account_name.h"
#include "storage/base/status.h"

/// What is answered to an account that may not do something: NotAuthorized with MySQL's texts.
namespace freshet::query {

/// 1142: "SELECT command denied to user 'u'@'%' for table 'db.t'"; `command` is what was tried.
Status denied_command(const AccountName& account, std::string_view command, const std::string& database,
                      const std::string& table);
/// 1044: "Access denied for user 'u'@'%' to database 'db'"
Status denied_database(const AccountName& account, const std::string& database);
/// 1227: "Access denied; you need (at least one of) the ADMIN_PRIV privilege(s) for this operation"
Status denied_operation(std::string_view privileges);

}  // namespace freshet::query
