#include "query/accounts/users.h"

#include <algorithm>

#include "query/accounts/denied.h"
#include "storage/engine/storage_engine.h"

namespace freshet::query {
namespace {

constexpr const char* kAccountKind = "account";
constexpr const char* kRoleKind = "role";

std::string record_key(const AccountName& name) { return name.user + '\0' + name.host; }

Account make_root(std::string_view password) {
  Account root;
  root.name.user = kRootUser;
  root.credential = Credential::of_password(password);
  root.comment = "set in the configuration";
  return root;
}

Status failed(std::string_view operation, const std::string& what) {
  return Status::NotFound("Operation {} failed for {}: there is none of this name", operation, what);
}

Status check_not_root(const AccountName& name) {
  if (name.user != kRootUser) return Status::OK();
  return Status::Unsupported(
      "root is the account of the configuration: its password is users.root_password, it has all rights, "
      "and it cannot be changed");
}

std::string role_text(const std::string& name) { return "'" + name + "'"; }

}  // namespace

Users::Users(storage::StorageEngine* storage, std::optional<SecretBox> secrets, std::string_view root_password)
    : storage_(storage),
      secrets_(std::move(secrets)),
      root_(make_root(root_password)),
      root_rights_(std::make_shared<Rights>(Rights::everything())),
      book_(std::make_shared<AccountBook>()) {}

Users::Users(std::string_view root_password) : Users(nullptr, std::nullopt, root_password) {}

Result<std::unique_ptr<Users>> Users::open(storage::StorageEngine& storage, const SecretBox& secrets,
                                           std::string_view root_password) {
  std::unique_ptr<Users> users(new Users(&storage, secrets, root_password));
  auto book = std::make_shared<AccountBook>();
  FRESHET_ASSIGN_OR_RETURN(const auto accounts, storage.list_records(kAccountKind));
  for (const auto& [key, bytes] : accounts) {
    FRESHET_ASSIGN_OR_RETURN(Account account, decode_account(bytes, secrets));
    AccountName name = account.name;
    book->accounts.emplace(std::move(name), std::move(account));
  }
  FRESHET_ASSIGN_OR_RETURN(const auto roles, storage.list_records(kRoleKind));
  for (const auto& [key, bytes] : roles) {
    FRESHET_ASSIGN_OR_RETURN(Role role, decode_role(bytes));
    std::string name = role.name;
    book->roles.emplace(std::move(name), std::move(role));
  }
  users->publish(std::move(book));
  return users;
}

const Account* Users::find(const AccountBook& book, const LoginClient& client) const {
  if (client.user == kRootUser) return &root_;
  const Account* best = nullptr;
  for (auto at = book.accounts.lower_bound({client.user, {}}); at != book.accounts.end(); ++at) {
    const Account& account = at->second;
    if (account.name.user != client.user) break;
    if (!host_matches(account.name.host, client.address)) continue;
    if (best == nullptr || host_precision(account.name.host) > host_precision(best->name.host)) best = &account;
  }
  return best;
}

template <typename Check>
Result<AccountName> Users::log_in(const LoginClient& client, Check check) const {
  const auto now = LoginGuard::Clock::now();
  if (const auto wait = guard_.wait(client.user, client.address, now); wait.count() > 0) {
    return Status::NotAuthorized("too many failed logins of this user from this address, try again in {} ms", wait.count());
  }
  const std::shared_ptr<const AccountBook> accounts = book();
  const Account* account = find(*accounts, client);
  const bool may_try =
      account != nullptr && account->can_log_in && (account->credential.has_password() || is_loopback(client.address));
  const bool fits = check(may_try ? account->credential : Credential::of_nobody());
  if (fits && may_try) {
    guard_.succeeded(client.user, client.address);
    return account->name;
  }
  guard_.failed(client.user, client.address, now);
  return Status::NotAuthorized("");
}

Result<AccountName> Users::log_in_native(const LoginClient& client, std::span<const uint8_t, 20> scramble,
                                         std::span<const uint8_t> response) const {
  return log_in(client, [&](const Credential& credential) { return credential.knows_native(scramble, response); });
}

Result<AccountName> Users::log_in_caching_sha2(const LoginClient& client, std::span<const uint8_t, 20> scramble,
                                               std::span<const uint8_t> response) const {
  return log_in(client, [&](const Credential& credential) { return credential.knows_caching_sha2(scramble, response); });
}

Result<AccountName> Users::log_in_plain(const LoginClient& client, std::string_view password) const {
  const LoginClient without_cluster{client.user.substr(0, client.user.find('@')), client.address};
  return log_in(without_cluster, [&](const Credential& credential) { return credential.knows_plain(password); });
}

bool Users::offers_caching_sha2(const LoginClient& client) const {
  const std::shared_ptr<const AccountBook> accounts = book();
  const Account* account = find(*accounts, client);
  return account == nullptr || account->credential.has_sha256();
}

std::shared_ptr<const Rights> Users::rights_of(const AccountName& name) const {
  if (name.user == kRootUser) return root_rights_;
  const std::shared_ptr<const AccountBook> accounts = book();
  const auto found = accounts->accounts.find(name);
  if (found == accounts->accounts.end()) return nullptr;
  return std::make_shared<const Rights>(accounts->rights_of(found->second));
}

Status Users::check_load(const std::string& account, const std::string& database, const std::string& table) const {
  const AccountName name = account_of_short_text(account.empty() ? kRootUser : std::string_view(account));
  const std::shared_ptr<const Rights> rights = rights_of(name);
  if (rights != nullptr && rights->may(database, table, kLoad)) return Status::OK();
  return denied_command(name, "LOAD", database, table);
}

std::shared_ptr<const AccountBook> Users::book() const {
  const std::lock_guard lock(mutex_);
  return book_;
}

std::vector<GivenPrivileges> Users::given_privileges() const {
  std::vector<GivenPrivileges> given;
  const auto add = [&](const AccountName& name, const Rights& rights) {
    if (!rights.levels().contains({})) given.push_back({name, {}, {}});
    for (const auto& [level, privileges] : rights.levels()) given.push_back({name, level, privileges});
  };
  add(root_.name, *root_rights_);
  const std::shared_ptr<const AccountBook> accounts = book();
  for (const auto& [name, account] : accounts->accounts) add(name, accounts->rights_of(account));
  return given;
}

void Users::publish(std::shared_ptr<AccountBook> book) {
  const std::lock_guard lock(mutex_);
  book_ = std::move(book);
  version_.fetch_add(1, std::memory_order_release);
}

Status Users::store(const Account& account) {
  if (storage_ == nullptr) return Status::Unsupported("accounts are not stored here");
  FRESHET_ASSIGN_OR_RETURN(const std::string record, encode_account(account, *secrets_));
  FRESHET_RETURN_IF_ERROR(storage_->put_record(kAccountKind, record_key(account.name), record));
  auto changed = std::make_shared<AccountBook>(*book());
  changed->accounts[account.name] = account;
  publish(std::move(changed));
  return Status::OK();
}

Status Users::create(const Account& account) {
  FRESHET_RETURN_IF_ERROR(check_account_name(account.name));
  const std::lock_guard lock(changes_);
  if (account.name.user == kRootUser || book()->accounts.contains(account.name)) {
    return Status::AlreadyExists("Operation CREATE USER failed for {}: it exists", account.name.to_string());
  }
  return store(account);
}

Status Users::change(const AccountName& name, std::string_view operation, const std::function<Status(Account&)>& edit) {
  FRESHET_RETURN_IF_ERROR(check_not_root(name));
  const std::lock_guard lock(changes_);
  const std::shared_ptr<const AccountBook> accounts = book();
  const auto found = accounts->accounts.find(name);
  if (found == accounts->accounts.end()) return failed(operation, name.to_string());
  Account account = found->second;
  FRESHET_RETURN_IF_ERROR(edit(account));
  return store(account);
}

Status Users::drop(const AccountName& name) {
  FRESHET_RETURN_IF_ERROR(check_not_root(name));
  const std::lock_guard lock(changes_);
  auto changed = std::make_shared<AccountBook>(*book());
  if (changed->accounts.erase(name) == 0) return failed("DROP USER", name.to_string());
  FRESHET_RETURN_IF_ERROR(storage_->erase_record(kAccountKind, record_key(name)));
  publish(std::move(changed));
  return Status::OK();
}

Status Users::rename(const AccountName& from, const AccountName& to) {
  const std::shared_ptr<const AccountBook> accounts = book();
  const auto found = accounts->accounts.find(from);
  if (found == accounts->accounts.end()) {
    FRESHET_RETURN_IF_ERROR(check_not_root(from));
    return failed("RENAME USER", from.to_string());
  }
  Account renamed = found->second;
  renamed.name = to;
  FRESHET_RETURN_IF_ERROR(create(renamed));
  return drop(from);
}

Status Users::create_role(const Role& role) {
  FRESHET_RETURN_IF_ERROR(check_account_name({role.name, "%"}));
  if (storage_ == nullptr) return Status::Unsupported("roles are not stored here");
  const std::lock_guard lock(changes_);
  auto changed = std::make_shared<AccountBook>(*book());
  if (!changed->roles.emplace(role.name, role).second) {
    return Status::AlreadyExists("Operation CREATE ROLE failed for {}: it exists", role_text(role.name));
  }
  FRESHET_RETURN_IF_ERROR(storage_->put_record(kRoleKind, role.name, encode_role(role)));
  publish(std::move(changed));
  return Status::OK();
}

Status Users::change_role(const std::string& name, std::string_view operation, const std::function<Status(Role&)>& edit) {
  const std::lock_guard lock(changes_);
  auto changed = std::make_shared<AccountBook>(*book());
  const auto found = changed->roles.find(name);
  if (found == changed->roles.end()) return failed(operation, role_text(name));
  FRESHET_RETURN_IF_ERROR(edit(found->second));
  FRESHET_RETURN_IF_ERROR(storage_->put_record(kRoleKind, name, encode_role(found->second)));
  publish(std::move(changed));
  return Status::OK();
}

Status Users::drop_role(const std::string& name) {
  const std::lock_guard lock(changes_);
  const std::shared_ptr<const AccountBook> before = book();
  if (!before->roles.contains(name)) return failed("DROP ROLE", role_text(name));
  // First of all from the accounts: else a later role of this name would be theirs.
  for (const auto& [account_name, account] : before->accounts) {
    if (!account.roles.contains(name)) continue;
    Account without = account;
    without.roles.erase(name);
    FRESHET_RETURN_IF_ERROR(store(without));
  }
  FRESHET_RETURN_IF_ERROR(storage_->erase_record(kRoleKind, name));
  auto changed = std::make_shared<AccountBook>(*book());
  changed->roles.erase(name);
  publish(std::move(changed));
  return Status::OK();
}

Status SessionRights::refresh(std::shared_ptr<const Rights>& rights) {
  const uint64_t version = users_ == nullptr ? 1 : users_->version();
  if (version != version_) {
    rights = users_ == nullptr ? std::make_shared<const Rights>(Rights::everything()) : users_->rights_of(account_);
    version_ = version;
  }
  if (rights != nullptr) return Status::OK();
  return Status::NotAuthorized("Access denied for user {}: the account is gone", account_.to_string());
}

}  // namespace freshet::query
