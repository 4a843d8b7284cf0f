#pragma once

#include <map>
#include <set>
#include <string>

#include "query/accounts/account_name.h"
#include "query/accounts/credential.h"
#include "query/accounts/rights.h"
#include "query/accounts/secret_box.h"

namespace freshet::query {

struct Account {
  AccountName name;
  Credential credential;
  bool can_log_in = true;       ///< false: the stored credential could not be read
  std::set<std::string> roles;  ///< all of them count always, as in Doris
  Rights rights;                ///< its own, without those of its roles
  std::string comment;
};

struct Role {
  std::string name;
  Rights rights;
  std::string comment;
};

/// All accounts and roles but root. Immutable once others see it.
struct AccountBook {
  std::map<AccountName, Account> accounts;
  std::map<std::string, Role> roles;

  /// What an account may do with all its roles.
  Rights rights_of(const Account& account) const;
};

// Records (FORMAT.md, "Account records"). Corruption for bytes that encode did not make. A credential that `secrets` cannot
// open leaves an account that nobody can log in as.
Result<std::string> encode_account(const Account& account, const SecretBox& secrets);
Result<Account> decode_account(std::string_view bytes, const SecretBox& secrets);
std::string encode_role(const Role& role);
Result<Role> decode_role(std::string_view bytes);

}  // namespace freshet::query
