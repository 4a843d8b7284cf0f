#include "query/access/account_access.h"

#include <algorithm>

#include "query/accounts/denied.h"
#include "query/accounts/users.h"
#include "query/value_cells.h"

namespace freshet::query {
namespace {

using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<TextCell>>;

constexpr std::string_view kGrantPrivilege = "GRANT_PRIV";
constexpr std::string_view kMaskedPassword = "'***'";

bool is_missing(const Status& status) { return status.code() == StatusCode::kNotFound; }
bool exists(const Status& status) { return status.code() == StatusCode::kAlreadyExists; }

class AccountRunner {
 public:
  AccountRunner(const SessionState& session, Users& users, ResultWriter& out)
      : session_(session), users_(users), rights_(*session.rights), out_(out) {}

  Status operator()(const CreateUser& create) const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    FRESHET_RETURN_IF_ERROR(check_covers_roles(create.roles));
    for (const CreateUser::User& user : create.users) {
      Account account;
      account.name = user.name;
      account.credential = user.credential;
      account.roles.insert(create.roles.begin(), create.roles.end());
      account.comment = create.comment;
      const Status created = users_.create(account);
      if (!created.ok() && !(create.if_not_exists && exists(created))) return created;
    }
    return out_.ok({});
  }

  Status operator()(const AlterUser& alter) const {
    const AccountName name = name_of(alter.account);
    const bool is_own_password = name == session_.identity.account && !alter.comment;
    if (!is_own_password) {
      FRESHET_RETURN_IF_ERROR(check_manages());
      FRESHET_RETURN_IF_ERROR(check_covers(name));
    }
    const Status changed = users_.change(name, "ALTER USER", [&](Account& account) {
      if (alter.credential) {
        account.credential = *alter.credential;
        account.can_log_in = true;
      }
      account.comment = alter.comment.value_or(account.comment);
      return Status::OK();
    });
    return changed.ok() || (alter.if_exists && is_missing(changed)) ? out_.ok({}) : changed;
  }

  Status operator()(const DropUser& drop) const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    for (const AccountName& name : drop.names) {
      FRESHET_RETURN_IF_ERROR(check_covers(name));
      const Status dropped = users_.drop(name);
      if (!dropped.ok() && !(drop.if_exists && is_missing(dropped))) return dropped;
    }
    return out_.ok({});
  }

  Status operator()(const RenameUser& rename) const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    for (const auto& [from, to] : rename.names) {
      FRESHET_RETURN_IF_ERROR(check_covers(from));
      FRESHET_RETURN_IF_ERROR(users_.rename(from, to));
    }
    return out_.ok({});
  }

  Status operator()(const CreateRole& create) const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    for (const std::string& name : create.names) {
      const Status created = users_.create_role({name, {}, create.comment});
      if (!created.ok() && !(create.if_not_exists && exists(created))) return created;
    }
    return out_.ok({});
  }

  Status operator()(const AlterRole& alter) const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    FRESHET_RETURN_IF_ERROR(check_covers_roles({alter.name}));
    FRESHET_RETURN_IF_ERROR(users_.change_role(alter.name, "ALTER ROLE", [&](Role& role) {
      role.comment = alter.comment;
      return Status::OK();
    }));
    return out_.ok({});
  }

  Status operator()(const DropRole& drop) const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    for (const std::string& name : drop.names) {
      const Status covered = check_covers_roles({name});
      const Status dropped = covered.ok() ? users_.drop_role(name) : covered;
      if (!dropped.ok() && !(drop.if_exists && is_missing(dropped))) return dropped;
    }
    return out_.ok({});
  }

  Status operator()(const ChangePrivileges& change) const {
    GrantLevel level = change.level;
    if (change.in_current_database) {
      FRESHET_ASSIGN_OR_RETURN(level.database, database_of(session_, {}));
    }
    if (change.everywhere) {
      FRESHET_RETURN_IF_ERROR(check_manages());
    } else if (!rights_.may(level, Privilege::kGrant) || !rights_.may(level, change.privileges)) {
      return denied_operation(
          fmt::format("{} and {}, for {},", kGrantPrivilege, doris_names(change.privileges), level.to_string()));
    }
    for (const Grantee& grantee : change.grantees) FRESHET_RETURN_IF_ERROR(change_rights(change, level, grantee));
    return out_.ok({});
  }

  Status operator()(const ChangeRoles& change) const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    FRESHET_RETURN_IF_ERROR(check_covers_roles(change.roles));
    for (const AccountName& name : change.accounts) {
      FRESHET_RETURN_IF_ERROR(check_covers(name));
      FRESHET_RETURN_IF_ERROR(users_.change(name, change.revokes ? "REVOKE" : "GRANT", [&](Account& account) {
        for (const std::string& role : change.roles) {
          if (!change.revokes) {
            account.roles.insert(role);
          } else if (account.roles.erase(role) == 0) {
            return Status::NotFound("{} does not have the role '{}'", name.to_string(), role);
          }
        }
        return Status::OK();
      }));
    }
    return out_.ok({});
  }

  Status operator()(const ShowAccounts& show) const {
    switch (show.kind) {
      case ShowAccounts::Kind::kGrants: return show_grants(name_of(show.account), false);
      case ShowAccounts::Kind::kAllGrants: return show_grants({}, true);
      case ShowAccounts::Kind::kRoles: return show_roles();
      case ShowAccounts::Kind::kCreateUser: return show_create_user(name_of(show.account));
    }
    return Status::Internal("an unknown kind of SHOW");
  }

 private:
  AccountName name_of(const NamedAccount& named) const { return named.is_current ? session_.identity.account : named.name; }

  Status check_manages() const { return rights_.may(Privilege::kGrant) ? Status::OK() : denied_operation(kGrantPrivilege); }

  /// Else one could come to rights that one does not have by another account.
  Status check_covers(const AccountName& name) const {
    const std::shared_ptr<const Rights> others = users_.rights_of(name);
    return others == nullptr || rights_.covers(*others) ? Status::OK() : denied_operation("ADMIN_PRIV");
  }
  Status check_covers_roles(const std::vector<std::string>& names) const {
    const std::shared_ptr<const AccountBook> book = users_.book();
    for (const std::string& name : names) {
      const auto role = book->roles.find(name);
      if (role == book->roles.end()) return Status::NotFound("Unknown role '{}'", name);
      if (!rights_.covers(role->second.rights)) return denied_operation("ADMIN_PRIV");
    }
    return Status::OK();
  }

  /// As in MySQL a role may stand where a user does.
  bool is_role(const Grantee& grantee) const {
    if (grantee.is_role) return true;
    const std::shared_ptr<const AccountBook> book = users_.book();
    return grantee.account.host == "%" && !book->accounts.contains(grantee.account) &&
           book->roles.contains(grantee.account.user);
  }

  Status change_rights(const ChangePrivileges& change, const GrantLevel& level, const Grantee& grantee) const {
    const auto edit = [&](Rights& rights) {
      if (change.everywhere) {
        if (!rights_.covers(rights)) return denied_operation("ADMIN_PRIV");
        rights = Rights();
      } else if (!change.revokes) {
        rights.grant(level, change.privileges);
      } else if (!change.privileges.is_empty() && !rights.revoke(level, change.privileges)) {
        return Status::NotFound("There is no such grant defined for {} on {}", grantee.account.to_string(),
                                level.to_string());
      }
      return Status::OK();
    };
    const std::string_view operation = change.revokes ? "REVOKE" : "GRANT";
    if (is_role(grantee)) {
      return users_.change_role(grantee.account.user, operation, [&](Role& role) { return edit(role.rights); });
    }
    return users_.change(grantee.account, operation, [&](Account& account) { return edit(account.rights); });
  }

  Status check_sees(const AccountName& name) const {
    return name == session_.identity.account ? Status::OK() : check_manages();
  }

  /// "internal.db: Select_priv,Load_priv; internal.db2: ..." of the levels that `is_wanted`.
  template <typename Wanted>
  static TextCell privileges_cell(const Rights& rights, Wanted is_wanted) {
    std::string text;
    for (const auto& [level, privileges] : rights.levels()) {
      if (!is_wanted(level)) continue;
      if (!text.empty()) text += "; ";
      if (!level.is_server()) text += "internal." + level.database;
      if (!level.table.empty()) text += "." + level.table;
      text += (level.is_server() ? "" : ": ") + doris_names(privileges);
    }
    return text.empty() ? TextCell() : text;
  }
  static TextCell server_cell(const Rights& rights) {
    return privileges_cell(rights, [](const GrantLevel& level) { return level.is_server(); });
  }
  static TextCell database_cell(const Rights& rights) {
    return privileges_cell(rights, [](const GrantLevel& level) { return !level.is_server() && level.table.empty(); });
  }
  static TextCell table_cell(const Rights& rights) {
    return privileges_cell(rights, [](const GrantLevel& level) { return !level.table.empty(); });
  }

  static std::vector<TextCell> grants_line(const Account& account, const Rights& rights) {
    std::string roles;
    for (const std::string& role : account.roles) roles += (roles.empty() ? "" : ",") + role;
    return {account.name.to_string(),
            account.comment,
            account.credential.has_password() ? "Yes" : "No",
            roles,
            server_cell(rights),
            std::nullopt,
            database_cell(rights),
            table_cell(rights),
            std::nullopt,
            std::nullopt};
  }

  Status show_grants(const AccountName& name, bool all) const {
    FRESHET_RETURN_IF_ERROR(all ? check_manages() : check_sees(name));
    Rows rows;
    const std::shared_ptr<const AccountBook> book = users_.book();
    if (all || name.user == kRootUser) {
      Account root = users_.root();
      rows.push_back(grants_line(root, *users_.rights_of(root.name)));
    }
    for (const auto& [known, account] : book->accounts) {
      if (all || known == name) rows.push_back(grants_line(account, book->rights_of(account)));
    }
    if (rows.empty()) return Status::NotFound("There is no such grant defined for {}", name.to_string());
    return write_text_rows(Names{"UserIdentity", "Comment", "Password", "Roles", "GlobalPrivs", "CatalogPrivs",
                                 "DatabasePrivs", "TablePrivs", "ColPrivs", "ResourcePrivs"},
                           rows, out_);
  }

  Status show_roles() const {
    FRESHET_RETURN_IF_ERROR(check_manages());
    Rows rows;
    const std::shared_ptr<const AccountBook> book = users_.book();
    for (const auto& [name, role] : book->roles) {
      std::string users;
      for (const auto& [known, account] : book->accounts) {
        if (account.roles.contains(name)) users += (users.empty() ? "" : ", ") + known.to_string();
      }
      rows.push_back({name, role.comment, users, server_cell(role.rights), std::nullopt, database_cell(role.rights),
                      table_cell(role.rights), std::nullopt});
    }
    return write_text_rows(
        Names{"Name", "Comment", "Users", "GlobalPrivs", "CatalogPrivs", "DatabasePrivs", "TablePrivs", "ResourcePrivs"},
        rows, out_);
  }

  Status show_create_user(const AccountName& name) const {
    FRESHET_RETURN_IF_ERROR(check_sees(name));
    const std::shared_ptr<const AccountBook> book = users_.book();
    const auto found = book->accounts.find(name);
    if (found == book->accounts.end()) return Status::NotFound("There is no user {}", name.to_string());
    std::string text = "CREATE USER " + name.to_string();
    if (found->second.credential.has_password()) text += fmt::format(" IDENTIFIED BY {}", kMaskedPassword);
    return write_text_rows(Names{"User Identity", "Create Stmt"}, Rows{{name.to_string(), text}}, out_);
  }

  const SessionState& session_;
  Users& users_;
  const Rights& rights_;
  ResultWriter& out_;
};

}  // namespace

Status run_account_statement(const AccountStatement& statement, const SessionState& session, const QueryServices& services,
                             ResultWriter& out) {
  if (services.users == nullptr) return Status::Unsupported("accounts are not offered here");
  return std::visit(AccountRunner(session, *services.users, out), statement.kind);
}

}  // namespace freshet::query
