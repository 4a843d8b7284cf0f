#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "query/accounts/account_name.h"
#include "query/accounts/credential.h"
#include "query/accounts/rights.h"

/// Statements about accounts and roles, as parsed. Passwords are hashed by the parser: no statement holds one.
namespace freshet::query {

/// An account as a statement names it.
struct NamedAccount {
  AccountName name;
  bool is_current = false;  ///< CURRENT_USER() or USER()
};

struct CreateUser {
  struct User {
    AccountName name;
    Credential credential;
  };
  std::vector<User> users;
  bool if_not_exists = false;
  std::vector<std::string> roles;
  std::string comment;
};

/// ALTER USER and SET PASSWORD.
struct AlterUser {
  NamedAccount account;
  bool if_exists = false;
  std::optional<Credential> credential;
  std::optional<std::string> comment;
};

struct DropUser {
  std::vector<AccountName> names;
  bool if_exists = false;
};

struct RenameUser {
  std::vector<std::pair<AccountName, AccountName>> names;
};

struct CreateRole {
  std::vector<std::string> names;
  bool if_not_exists = false;
  std::string comment;
};

struct AlterRole {
  std::string name;
  std::string comment;
};

struct DropRole {
  std::vector<std::string> names;
  bool if_exists = false;
};

/// Whom a GRANT gives to, or a REVOKE takes from.
struct Grantee {
  AccountName account;
  bool is_role = false;  ///< `account.user` is a role: ROLE 'name' was written
};

/// GRANT and REVOKE of privileges.
struct ChangePrivileges {
  bool revokes = false;
  /// REVOKE ALL PRIVILEGES, GRANT OPTION: at every level; `level` and `privileges` are empty.
  bool everywhere = false;
  bool in_current_database = false;  ///< the level's table was named without its database
  GrantLevel level;
  Privileges privileges;
  std::vector<Grantee> grantees;
};

/// GRANT and REVOKE of roles.
struct ChangeRoles {
  bool revokes = false;
  std::vector<std::string> roles;
  std::vector<AccountName> accounts;
};

/// SHOW GRANTS, SHOW ALL GRANTS, SHOW ROLES, SHOW CREATE USER.
struct ShowAccounts {
  enum class Kind : uint8_t { kGrants, kAllGrants, kRoles, kCreateUser };
  Kind kind = Kind::kGrants;
  NamedAccount account{{}, true};
};

struct AccountStatement {
  std::variant<CreateUser, AlterUser, DropUser, RenameUser, CreateRole, AlterRole, DropRole, ChangePrivileges, ChangeRoles,
               ShowAccounts>
      kind;
};

}  // namespace freshet::query
