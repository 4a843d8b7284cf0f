#include <algorithm>

#include "query/ddl/parser_rules.h"

namespace freshet::query {
namespace {

constexpr std::string_view kAnyHost = "%";
constexpr std::string_view kInternalCatalog = "internal";

/// Without the piece of the statement that a syntax error repeats: it may hold a password.
Status without_excerpt(const Status& error) {
  const size_t near = error.message().find(" near '");
  return near == std::string::npos ? error : Status(error.code(), error.message().substr(0, near) + " (not repeated here)");
}

/// The host behind a user's name: `@'%'`, `@localhost`; '%' when there is none.
Result<std::string> parse_host(TokenCursor& cursor) {
  if (cursor.peek().kind != TokenKind::kVariable) return std::string(kAnyHost);
  std::string_view text = cursor.peek().text.substr(1);
  const bool is_quoted = text.size() >= 2 && (text[0] == '\'' || text[0] == '"' || text[0] == '`') && text.back() == text[0];
  if (is_quoted) text = text.substr(1, text.size() - 2);
  if (text.empty() || text.find_first_of("'\"`\\@") != std::string_view::npos) return cursor.error("a host");
  cursor.take();
  return std::string(text);
}

Result<AccountName> parse_account(TokenCursor& cursor) {
  AccountName name;
  FRESHET_ASSIGN_OR_RETURN(name.user, cursor.word_or_string("a user like 'name'@'host'"));
  FRESHET_ASSIGN_OR_RETURN(name.host, parse_host(cursor));
  return name;
}

bool accept_call(TokenCursor& cursor, std::string_view word) {
  const bool has_parentheses = cursor.peek(1).is_operator("(") && cursor.peek(2).is_operator(")");
  if (!cursor.at(word) || (word == "USER" && !has_parentheses)) return false;
  for (int i = has_parentheses ? 3 : 1; i > 0; --i) cursor.take();
  return true;
}

Result<NamedAccount> parse_named_account(TokenCursor& cursor) {
  NamedAccount account;
  account.is_current = accept_call(cursor, "CURRENT_USER") || accept_call(cursor, "USER");
  if (account.is_current) return account;
  FRESHET_ASSIGN_OR_RETURN(account.name, parse_account(cursor));
  return account;
}

/// `item, item ...`
template <typename Item, typename Parse>
Result<std::vector<Item>> parse_list(TokenCursor& cursor, Parse parse) {
  std::vector<Item> items;
  do {
    FRESHET_ASSIGN_OR_RETURN(Item item, parse(cursor));
    items.push_back(std::move(item));
  } while (cursor.accept_operator(","));
  return items;
}

/// A role's name; MySQL writes 'role'@'%' too.
Result<std::string> parse_role(TokenCursor& cursor) {
  FRESHET_ASSIGN_OR_RETURN(AccountName name, parse_account(cursor));
  if (name.host != kAnyHost) return Status::InvalidArgument("roles have no hosts: '{}'@'{}'", name.user, name.host);
  return std::move(name.user);
}

Result<Credential> parse_hash(TokenCursor& cursor) {
  FRESHET_ASSIGN_OR_RETURN(const std::string hash, cursor.string("a hash in quotes"));
  return Credential::of_native_hash(hash);
}

Result<Credential> parse_password(TokenCursor& cursor) {
  FRESHET_ASSIGN_OR_RETURN(const std::string password, cursor.string("a password in quotes"));
  return Credential::of_password(password);
}

/// [IDENTIFIED [WITH plugin] BY 'password' | BY PASSWORD 'hash' | AS 'hash'].
Result<std::optional<Credential>> parse_identified(TokenCursor& cursor) {
  if (!cursor.accept("IDENTIFIED")) return std::optional<Credential>();
  const bool names_plugin = cursor.accept("WITH");
  if (names_plugin) {
    FRESHET_ASSIGN_OR_RETURN(const std::string plugin, cursor.word_or_string("a plugin"));
    if (plugin != "mysql_native_password" && plugin != "caching_sha2_password") {
      return Status::Unsupported("The plugin '{}' is not offered: mysql_native_password and caching_sha2_password are",
                                 plugin);
    }
    if (!cursor.at("BY") && !cursor.at("AS") && !cursor.at("USING")) return std::optional(Credential());
  }
  const bool is_hash = cursor.accept("BY PASSWORD") || cursor.accept("AS") || cursor.accept("USING");
  if (!is_hash) FRESHET_RETURN_IF_ERROR(cursor.expect("BY"));
  FRESHET_ASSIGN_OR_RETURN(Credential credential, is_hash ? parse_hash(cursor) : parse_password(cursor));
  return std::optional(std::move(credential));
}

Status parse_comment(TokenCursor& cursor, std::string& comment) {
  if (!cursor.accept("COMMENT")) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(comment, cursor.string("a comment in quotes"));
  return Status::OK();
}

/// What a statement about an account ends with: options that are what is so anyway.
Status expect_no_options(TokenCursor& cursor) {
  cursor.accept("REQUIRE NONE");
  cursor.accept("ACCOUNT UNLOCK");
  cursor.accept("PASSWORD EXPIRE NEVER");
  if (cursor.at_end()) return cursor.expect_end();
  if (cursor.at("REQUIRE")) return Status::Unsupported("TLS is required of all users or none: mysql.require_tls");
  const Token& other = cursor.peek();
  return Status::Unsupported("options of accounts are IDENTIFIED, DEFAULT ROLE and COMMENT, not {}",
                             other.kind == TokenKind::kWord ? other.text : "this");
}

Result<Statement> parse_create_user_text(TokenCursor& cursor) {
  CreateUser create;
  create.if_not_exists = cursor.accept("IF NOT EXISTS");
  do {
    CreateUser::User user;
    FRESHET_ASSIGN_OR_RETURN(user.name, parse_account(cursor));
    FRESHET_ASSIGN_OR_RETURN(const auto credential, parse_identified(cursor));
    user.credential = credential.value_or(Credential());
    create.users.push_back(std::move(user));
  } while (cursor.accept_operator(","));
  if (cursor.accept("DEFAULT ROLE")) {
    FRESHET_ASSIGN_OR_RETURN(create.roles, parse_list<std::string>(cursor, parse_role));
  }
  FRESHET_RETURN_IF_ERROR(parse_comment(cursor, create.comment));
  FRESHET_RETURN_IF_ERROR(expect_no_options(cursor));
  return Statement(AccountStatement{std::move(create)});
}

Result<Statement> parse_alter_user_text(TokenCursor& cursor) {
  AlterUser alter;
  alter.if_exists = cursor.accept("IF EXISTS");
  FRESHET_ASSIGN_OR_RETURN(alter.account, parse_named_account(cursor));
  FRESHET_ASSIGN_OR_RETURN(alter.credential, parse_identified(cursor));
  if (cursor.at("COMMENT")) FRESHET_RETURN_IF_ERROR(parse_comment(cursor, alter.comment.emplace()));
  FRESHET_RETURN_IF_ERROR(expect_no_options(cursor));
  return Statement(AccountStatement{std::move(alter)});
}

/// SET PASSWORD [FOR user] = PASSWORD('password') | 'password' | 'hash', behind PASSWORD.
Result<Statement> parse_set_password_text(TokenCursor& cursor) {
  AlterUser alter;
  alter.account.is_current = true;
  if (cursor.accept("FOR")) {
    FRESHET_ASSIGN_OR_RETURN(alter.account, parse_named_account(cursor));
  }
  if (!cursor.accept_operator("=")) FRESHET_RETURN_IF_ERROR(cursor.expect("TO"));
  const bool is_call = cursor.accept("PASSWORD");
  if (is_call) FRESHET_RETURN_IF_ERROR(cursor.expect_operator("("));
  FRESHET_ASSIGN_OR_RETURN(const std::string text, cursor.string("a password in quotes"));
  if (is_call) FRESHET_RETURN_IF_ERROR(cursor.expect_operator(")"));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  if (!is_call && Credential::is_native_hash(text)) {
    FRESHET_ASSIGN_OR_RETURN(alter.credential, Credential::of_native_hash(text));
  } else {
    alter.credential = Credential::of_password(text);
  }
  return Statement(AccountStatement{std::move(alter)});
}

Result<Statement> guarded(Result<Statement> parsed) {
  return parsed.ok() ? std::move(parsed) : Result<Statement>(without_excerpt(parsed.status()));
}

/// What stands in the list behind GRANT or REVOKE: the words of a privilege, or a role.
struct GrantItem {
  std::string words;  ///< upper case
  std::string role;
};

Result<GrantItem> parse_grant_item(TokenCursor& cursor) {
  GrantItem item;
  const TokenKind kind = cursor.peek().kind;
  if (kind == TokenKind::kString || kind == TokenKind::kQuotedName || cursor.peek(1).kind == TokenKind::kVariable) {
    FRESHET_ASSIGN_OR_RETURN(item.role, parse_role(cursor));
    return item;
  }
  while (cursor.peek().kind == TokenKind::kWord && !cursor.at("ON") && !cursor.at("TO") && !cursor.at("FROM")) {
    item.role = cursor.peek().text;
    item.words += (item.words.empty() ? "" : " ") + to_upper(cursor.take().text);
  }
  if (item.words.empty()) return cursor.error("a privilege or a role");
  if (cursor.at_operator("(")) return Status::Unsupported("privileges are given for tables, not for columns");
  return item;
}

/// A name of a level; '*' is empty. `\_` and `\%` are MySQL's for names, not patterns.
Result<std::string> parse_level_part(TokenCursor& cursor) {
  if (cursor.accept_operator("*")) return std::string();
  FRESHET_ASSIGN_OR_RETURN(const std::string written, cursor.name("a name or *"));
  std::string name;
  for (size_t i = 0; i < written.size(); ++i) {
    const bool is_escape = written[i] == '\\' && i + 1 < written.size() && (written[i + 1] == '_' || written[i + 1] == '%');
    if (is_escape) ++i;
    if (!is_escape && written[i] == '%')
      return Status::Unsupported("privileges are given for names, not for patterns: {}", written);
    name += written[i];
  }
  return name;
}

/// `*.*`, `db.*`, `db.t`, `t`, or with Doris's catalog before them.
Status parse_level(TokenCursor& cursor, ChangePrivileges& change) {
  for (std::string_view kind :
       {"RESOURCE", "WORKLOAD GROUP", "COMPUTE GROUP", "CLUSTER", "STORAGE VAULT", "STAGE", "FUNCTION", "PROCEDURE"}) {
    const size_t words = static_cast<size_t>(std::count(kind.begin(), kind.end(), ' ')) + 1;
    const Token& next = cursor.peek(words);
    if (cursor.at(kind) && (next.is_name() || next.kind == TokenKind::kString) && !next.is_word("TO") &&
        !next.is_word("FROM")) {
      return Status::Unsupported("privileges are given for databases and tables; a {} needs none", kind);
    }
  }
  if (cursor.at("TABLE") && !cursor.peek(1).is_operator(".")) cursor.take();
  std::vector<std::string> parts;
  do {
    FRESHET_ASSIGN_OR_RETURN(std::string part, parse_level_part(cursor));
    parts.push_back(std::move(part));
  } while (cursor.accept_operator(".") && parts.size() < 3);
  const auto is_wrong = [&] { return cursor.error("*.*, database.* or database.table"); };
  if (parts.size() == 3) {
    if (!parts[0].empty() && parts[0] != kInternalCatalog) return Status::NotFound("Unknown catalog '{}'", parts[0]);
    if (parts[0].empty() && !(parts[1].empty() && parts[2].empty())) return is_wrong();
    parts.erase(parts.begin());
  }
  change.in_current_database = parts.size() == 1;
  change.level = change.in_current_database ? GrantLevel{{}, parts[0]} : GrantLevel{parts[0], parts[1]};
  if (!change.in_current_database && parts[0].empty() && !parts[1].empty()) return is_wrong();
  return Status::OK();
}

Status parse_grantees(TokenCursor& cursor, std::vector<Grantee>& grantees) {
  do {
    Grantee grantee;
    grantee.is_role = cursor.accept("ROLE");
    FRESHET_ASSIGN_OR_RETURN(grantee.account, parse_account(cursor));
    grantees.push_back(std::move(grantee));
  } while (cursor.accept_operator(","));
  if (cursor.at("IDENTIFIED")) return Status::Unsupported("GRANT makes no accounts and sets no passwords: CREATE USER does");
  return Status::OK();
}

Status find_privileges(const std::vector<GrantItem>& items, ChangePrivileges& change) {
  const bool for_the_server = change.level.is_server() && !change.in_current_database;
  for (const GrantItem& item : items) {
    if (item.words.empty()) return Status::InvalidArgument("'{}' is not a privilege", item.role);
    FRESHET_ASSIGN_OR_RETURN(const Privileges privileges, privileges_of_name(item.words, for_the_server));
    if (!for_the_server && privileges.has_any(kServerPrivileges)) {
      return Status::InvalidArgument("Incorrect usage of DB GRANT and GLOBAL PRIVILEGES: {} is given ON *.*", item.words);
    }
    change.privileges |= privileges;
  }
  return Status::OK();
}

Result<Statement> parse_privileges(TokenCursor& cursor, const std::vector<GrantItem>& items, bool revokes) {
  ChangePrivileges change;
  change.revokes = revokes;
  FRESHET_RETURN_IF_ERROR(parse_level(cursor, change));
  FRESHET_RETURN_IF_ERROR(find_privileges(items, change));
  FRESHET_RETURN_IF_ERROR(cursor.expect(revokes ? "FROM" : "TO"));
  FRESHET_RETURN_IF_ERROR(parse_grantees(cursor, change.grantees));
  if (!revokes && cursor.accept("WITH GRANT OPTION")) change.privileges |= Privilege::kGrant;
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(AccountStatement{std::move(change)});
}

bool is_all_and_grant_option(const std::vector<GrantItem>& items) {
  return items.size() == 2 && (items[0].words == "ALL" || items[0].words == "ALL PRIVILEGES") &&
         items[1].words == "GRANT OPTION";
}

Result<Statement> parse_change(TokenCursor& cursor, bool revokes) {
  FRESHET_ASSIGN_OR_RETURN(const std::vector<GrantItem> items, parse_list<GrantItem>(cursor, parse_grant_item));
  if (cursor.accept("ON")) return parse_privileges(cursor, items, revokes);
  FRESHET_RETURN_IF_ERROR(cursor.expect(revokes ? "FROM" : "TO"));
  if (revokes && is_all_and_grant_option(items)) {
    ChangePrivileges change;
    change.revokes = change.everywhere = true;
    FRESHET_RETURN_IF_ERROR(parse_grantees(cursor, change.grantees));
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(AccountStatement{std::move(change)});
  }
  ChangeRoles change;
  change.revokes = revokes;
  for (const GrantItem& item : items) {
    if (item.words.find(' ') != std::string::npos) return cursor.error("ON and a database or table");
    change.roles.push_back(item.role);
  }
  FRESHET_ASSIGN_OR_RETURN(change.accounts, parse_list<AccountName>(cursor, parse_account));
  if (cursor.at("WITH"))
    return Status::Unsupported("roles are given by who may grant all that they allow, WITH nothing else");
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(AccountStatement{std::move(change)});
}

Result<std::pair<AccountName, AccountName>> parse_renaming(TokenCursor& cursor) {
  std::pair<AccountName, AccountName> names;
  FRESHET_ASSIGN_OR_RETURN(names.first, parse_account(cursor));
  FRESHET_RETURN_IF_ERROR(cursor.expect("TO"));
  FRESHET_ASSIGN_OR_RETURN(names.second, parse_account(cursor));
  return names;
}

}  // namespace

Result<Statement> parse_create_user(TokenCursor& cursor) { return guarded(parse_create_user_text(cursor)); }
Result<Statement> parse_alter_user(TokenCursor& cursor) { return guarded(parse_alter_user_text(cursor)); }
Result<Statement> parse_set_password(TokenCursor& cursor) { return guarded(parse_set_password_text(cursor)); }
Result<Statement> parse_grant(TokenCursor& cursor) { return guarded(parse_change(cursor, false)); }
Result<Statement> parse_revoke(TokenCursor& cursor) { return guarded(parse_change(cursor, true)); }

Result<Statement> parse_drop_user(TokenCursor& cursor) {
  DropUser drop;
  drop.if_exists = cursor.accept("IF EXISTS");
  FRESHET_ASSIGN_OR_RETURN(drop.names, parse_list<AccountName>(cursor, parse_account));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(AccountStatement{std::move(drop)});
}

Result<Statement> parse_rename_user(TokenCursor& cursor) {
  RenameUser rename;
  FRESHET_ASSIGN_OR_RETURN(rename.names, (parse_list<std::pair<AccountName, AccountName>>(cursor, parse_renaming)));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(AccountStatement{std::move(rename)});
}

Result<Statement> parse_create_role(TokenCursor& cursor) {
  CreateRole create;
  create.if_not_exists = cursor.accept("IF NOT EXISTS");
  FRESHET_ASSIGN_OR_RETURN(create.names, parse_list<std::string>(cursor, parse_role));
  FRESHET_RETURN_IF_ERROR(parse_comment(cursor, create.comment));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(AccountStatement{std::move(create)});
}

Result<Statement> parse_alter_role(TokenCursor& cursor) {
  AlterRole alter;
  FRESHET_ASSIGN_OR_RETURN(alter.name, parse_role(cursor));
  if (!cursor.at("COMMENT")) return cursor.error("COMMENT");
  FRESHET_RETURN_IF_ERROR(parse_comment(cursor, alter.comment));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(AccountStatement{std::move(alter)});
}

Result<Statement> parse_drop_role(TokenCursor& cursor) {
  DropRole drop;
  drop.if_exists = cursor.accept("IF EXISTS");
  FRESHET_ASSIGN_OR_RETURN(drop.names, parse_list<std::string>(cursor, parse_role));
  FRESHET_RETURN_IF_ERROR(cursor.expect_end());
  return Statement(AccountStatement{std::move(drop)});
}

std::optional<Result<Statement>> parse_show_accounts(TokenCursor& cursor) {
  ShowAccounts show;
  const auto parse = [&]() -> Result<Statement> {
    const bool names_account =
        show.kind == ShowAccounts::Kind::kGrants ? cursor.accept("FOR") : show.kind == ShowAccounts::Kind::kCreateUser;
    if (names_account) {
      FRESHET_ASSIGN_OR_RETURN(show.account, parse_named_account(cursor));
    }
    FRESHET_RETURN_IF_ERROR(cursor.expect_end());
    return Statement(AccountStatement{show});
  };
  if (cursor.accept("ALL GRANTS")) {
    show.kind = ShowAccounts::Kind::kAllGrants;
  } else if (cursor.accept("ROLES")) {
    show.kind = ShowAccounts::Kind::kRoles;
  } else if (cursor.accept("CREATE USER")) {
    show.kind = ShowAccounts::Kind::kCreateUser;
  } else if (!cursor.accept("GRANTS")) {
    return std::nullopt;
  }
  return parse();
}

}  // namespace freshet::query
