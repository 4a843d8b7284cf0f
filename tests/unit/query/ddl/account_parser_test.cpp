#include <gtest/gtest.h>

#include "query/ddl/parser.h"

namespace freshet::query {
namespace {

template <typename Kind>
Kind parsed(std::string_view text) {
  auto statement = parse_statement(text);
  EXPECT_TRUE(statement.ok()) << text << ": " << statement.status().message();
  const auto* account = statement.ok() ? std::get_if<AccountStatement>(&*statement) : nullptr;
  const Kind* kind = account == nullptr ? nullptr : std::get_if<Kind>(&account->kind);
  EXPECT_NE(kind, nullptr) << text;
  return kind == nullptr ? Kind() : *kind;
}

/// "SELECT, INSERT ON `db`.* TO 'u'@'%'"
std::string shown(std::string_view text) {
  const auto change = parsed<ChangePrivileges>(text);
  std::string out = mysql_names(change.privileges) + " ON " + (change.in_current_database ? "current " : "") +
                    (change.in_current_database ? change.level.table : change.level.to_string());
  for (const Grantee& grantee : change.grantees) out += (grantee.is_role ? " ROLE " : " ") + grantee.account.to_string();
  return out;
}

TEST(AccountParser, Users) {
  const auto made = parsed<CreateUser>("CREATE USER IF NOT EXISTS 'ann'@'10.%' IDENTIFIED BY 'pw', bob COMMENT 'two'");
  ASSERT_EQ(made.users.size(), 2u);
  EXPECT_TRUE(made.if_not_exists);
  EXPECT_EQ(made.users[0].name.to_string(), "'ann'@'10.%'");
  EXPECT_TRUE(made.users[0].credential.knows_plain("pw"));
  EXPECT_EQ(made.users[1].name.to_string(), "'bob'@'%'");
  EXPECT_FALSE(made.users[1].credential.has_password());
  EXPECT_EQ(made.comment, "two");
  EXPECT_EQ(parsed<CreateUser>("create user ann@localhost identified by 'x' default role 'r', s").roles,
            (std::vector<std::string>{"r", "s"}));
  EXPECT_EQ(parsed<CreateUser>("CREATE USER `ann`@`127.0.0.1`").users[0].name.to_string(), "'ann'@'127.0.0.1'");
  for (const char* text :
       {"CREATE USER u IDENTIFIED BY PASSWORD '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'",
        "CREATE USER u IDENTIFIED WITH mysql_native_password AS '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'",
        "CREATE USER u IDENTIFIED WITH caching_sha2_password BY 'secret' REQUIRE NONE"}) {
    EXPECT_TRUE(parsed<CreateUser>(text).users[0].credential.knows_plain("secret")) << text;
  }
  EXPECT_TRUE(parsed<AlterUser>("ALTER USER USER() IDENTIFIED BY 'x'").account.is_current);
  EXPECT_TRUE(parsed<AlterUser>("SET PASSWORD = PASSWORD('x')").account.is_current);
  EXPECT_TRUE(parsed<AlterUser>("SET PASSWORD FOR 'u'@'%' = 'x'").credential->knows_plain("x"));
  EXPECT_TRUE(parsed<AlterUser>("SET PASSWORD FOR u = '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'")
                  .credential->knows_plain("secret"));
  EXPECT_EQ(parsed<DropUser>("DROP USER IF EXISTS a, 'b'@'10.%'").names.size(), 2u);
  EXPECT_EQ(parsed<RenameUser>("RENAME USER a TO b, c TO 'd'@'::1'").names[1].second.to_string(), "'d'@'::1'");
  EXPECT_EQ(parsed<DropRole>("DROP ROLE r").names[0], "r");
  EXPECT_EQ(parsed<ShowAccounts>("SHOW GRANTS FOR u").account.name.user, "u");
  EXPECT_TRUE(parsed<ShowAccounts>("SHOW GRANTS").account.is_current);
  EXPECT_TRUE(parsed<ShowAccounts>("SHOW GRANTS FOR CURRENT_USER()").account.is_current);
  EXPECT_EQ(parsed<ShowAccounts>("SHOW ALL GRANTS").kind, ShowAccounts::Kind::kAllGrants);
  EXPECT_EQ(parsed<ShowAccounts>("SHOW ROLES").kind, ShowAccounts::Kind::kRoles);
}

TEST(AccountParser, Privileges) {
  EXPECT_EQ(shown("GRANT SELECT_PRIV ON *.*.* TO 'u'@'%'"), "SELECT ON *.* 'u'@'%'");
  EXPECT_EQ(shown("GRANT SELECT, INSERT ON *.* TO u, v"), "SELECT, INSERT ON *.* 'u'@'%' 'v'@'%'");
  EXPECT_EQ(shown("GRANT LOAD_PRIV ON internal.db.* TO ROLE 'r'"), "INSERT, UPDATE, DELETE ON `db`.* ROLE 'r'@'%'");
  EXPECT_EQ(shown("GRANT ALTER ON `db`.`t` TO u WITH GRANT OPTION"), "ALTER, GRANT OPTION ON `db`.`t` 'u'@'%'");
  EXPECT_EQ(shown("GRANT SHOW VIEW ON TABLE db.t TO u"), "SHOW VIEW ON `db`.`t` 'u'@'%'");
  EXPECT_EQ(shown("GRANT SELECT ON t TO u"), "SELECT ON current t 'u'@'%'");
  EXPECT_EQ(shown("GRANT SELECT ON `my\\_db`.* TO u"), "SELECT ON `my_db`.* 'u'@'%'");
  EXPECT_EQ(shown("GRANT ALL PRIVILEGES ON db.* TO u"),
            "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, SHOW VIEW ON `db`.* 'u'@'%'");
  EXPECT_EQ(shown("REVOKE SELECT_PRIV ON db.* FROM ROLE r"), "SELECT ON `db`.* ROLE 'r'@'%'");
  EXPECT_TRUE(parsed<ChangePrivileges>("REVOKE ALL PRIVILEGES, GRANT OPTION FROM u").everywhere);
  const auto roles = parsed<ChangeRoles>("GRANT 'a', b TO 'u'@'10.%', v");
  EXPECT_EQ(roles.roles, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(roles.accounts.size(), 2u);
  EXPECT_TRUE(parsed<ChangeRoles>("REVOKE a FROM u").revokes);
}

TEST(AccountParser, RefusesWithoutRepeatingPasswords) {
  for (const char* text :
       {"CREATE USER u IDENTIFIED 'hunter2'", "CREATE USER u IDENTIFIED WITH sha256_password BY 'hunter2'",
        "CREATE USER u IDENTIFIED BY PASSWORD 'hunter2'", "CREATE USER u 'hunter2'",
        "CREATE USER u FOO IDENTIFIED BY 'hunter2'", "ALTER USER u BY 'hunter2'", "SET PASSWORD FOR u PASSWORD('hunter2')",
        "SET PASSWORD = PASSWORD('a', 'hunter2')", "GRANT SELECT ON *.* TO u IDENTIFIED BY 'hunter2'",
        "CREATE USER u IDENTIFIED BY 'a' REQUIRE SSL 'hunter2'"}) {
    const auto statement = parse_statement(text);
    ASSERT_FALSE(statement.ok()) << text;
    EXPECT_EQ(statement.status().message().find("hunter2"), std::string::npos) << statement.status().message();
  }
  for (const char* text :
       {"GRANT SELECT (a) ON db.t TO u", "GRANT SELECT ON *.t TO u", "GRANT SELECT ON hive.db.t TO u",
        "GRANT ADMIN_PRIV ON db.* TO u", "GRANT SELECT ON `d%`.* TO u", "GRANT FLY ON *.* TO u",
        "GRANT SELECT ON db.* FROM u", "REVOKE SELECT ON db.* TO u", "GRANT SELECT ON RESOURCE 'x' TO u", "GRANT TO u",
        "DROP USER", "RENAME USER a b", "GRANT SELECT ON db.* TO u WITH MAX 1", "CREATE ROLE 'r'@'10.%'", "SHOW GRANTS FOR",
        "GRANT SUPER ON *.* TO u", "GRANT r TO u WITH ADMIN OPTION"}) {
    EXPECT_FALSE(parse_statement(text).ok()) << text;
  }
}

}  // namespace
}  // namespace freshet::query
