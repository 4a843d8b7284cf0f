#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/accounts/account.h"
#include "query/accounts/login_guard.h"
#include "storage/base/result.h"

namespace freshet::storage {
class StorageEngine;
}

namespace freshet::query {

/// What an account, or a role, was given for one level.
struct GivenPrivileges {
  AccountName account;
  GrantLevel level;
  Privileges privileges;
};

/// A client that wants to log in.
struct LoginClient {
  std::string user;
  std::string address;  ///< its IP address, without port
};

/// Who may connect, and what they may do: `root`, with the configured password and all rights, and the accounts and roles
/// that statements make. These are stored as records; a change is durable when it returns, and counts for every statement
/// and request that begins later, also in open sessions. Any thread.
class Users {
 public:
  /// Root alone: nothing can be made.
  explicit Users(std::string_view root_password);
  /// `storage` must outlive it.
  static Result<std::unique_ptr<Users>> open(storage::StorageEngine& storage, const SecretBox& secrets,
                                             std::string_view root_password);

  // Logging in: the account that the client is from now on; NotAuthorized when there is none that fits, with a message only
  // where the client should know why: after too many failures (login_guard.h). Accounts without a password are for clients
  // of this machine.
  Result<AccountName> log_in_native(const LoginClient& client, std::span<const uint8_t, 20> scramble,
                                    std::span<const uint8_t> response) const;
  Result<AccountName> log_in_caching_sha2(const LoginClient& client, std::span<const uint8_t, 20> scramble,
                                          std::span<const uint8_t> response) const;
  /// HTTP basic authentication; the user may be "user@cluster".
  Result<AccountName> log_in_plain(const LoginClient& client, std::string_view password) const;
  /// False when only the native hash of the client's password is known.
  bool offers_caching_sha2(const LoginClient& client) const;
  bool root_has_password() const { return root_.credential.has_password(); }
  const Account& root() const { return root_; }

  /// Grows with each change.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  /// Null when there is no such account (any more).
  std::shared_ptr<const Rights> rights_of(const AccountName& name) const;
  /// OK, or why an account, as to_short_text() writes it, may not load into a table. Empty: root.
  Status check_load(const std::string& account, const std::string& database, const std::string& table) const;
  /// Without root.
  std::shared_ptr<const AccountBook> book() const;
  /// All that accounts were given themselves, root's included.
  std::vector<GivenPrivileges> given_privileges() const;

  // Changes. Root cannot be changed: Unsupported. AlreadyExists and NotFound are "Operation CREATE USER failed for ...".
  Status create(const Account& account);
  Status change(const AccountName& name, std::string_view operation, const std::function<Status(Account&)>& edit);
  Status drop(const AccountName& name);
  Status rename(const AccountName& from, const AccountName& to);
  Status create_role(const Role& role);
  Status change_role(const std::string& name, std::string_view operation, const std::function<Status(Role&)>& edit);
  /// Also takes it from all accounts.
  Status drop_role(const std::string& name);

 private:
  Users(storage::StorageEngine* storage, std::optional<SecretBox> secrets, std::string_view root_password);

  /// The account that counts for the client; null = none.
  const Account* find(const AccountBook& book, const LoginClient& client) const;
  template <typename Check>
  Result<AccountName> log_in(const LoginClient& client, Check check) const;
  /// Puts an account that is stored already into a new book, or takes it out.
  Status store(const Account& account);
  void publish(std::shared_ptr<AccountBook> book);

  storage::StorageEngine* const storage_;  ///< null: nothing is stored
  const std::optional<SecretBox> secrets_;
  const Account root_;
  const std::shared_ptr<const Rights> root_rights_;
  mutable LoginGuard guard_;
  std::atomic<uint64_t> version_{1};
  std::mutex changes_;  ///< held over a change and its record; taken before mutex_
  mutable std::mutex mutex_;
  std::shared_ptr<const AccountBook> book_;  ///< guarded by mutex_
};

/// The rights of one session's account, read anew only when accounts have changed. One thread.
class SessionRights {
 public:
  /// `users` null: everything is allowed, to whoever it is.
  SessionRights(const Users* users, AccountName account) : users_(users), account_(std::move(account)) {}
  /// Makes `rights` those of now; they are never null then. NotAuthorized when the account is gone.
  Status refresh(std::shared_ptr<const Rights>& rights);

 private:
  const Users* const users_;
  const AccountName account_;
  uint64_t version_ = 0;  ///< of the rights that were handed out last
};

}  // namespace freshet::query
