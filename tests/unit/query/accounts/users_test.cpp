#include "query/accounts/users.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "support/storage_server.h"
#include "support/temp_dir.h"

namespace freshet::query {
namespace {

using test::must;

/// Users over a storage that can be closed and opened again.
class UsersTest : public testing::Test {
 protected:
  void reopen() {
    users_.reset();
    server_.close();
    server_.open();
    open();
  }
  void open() { users_ = must(Users::open(*server_, box_, "root password")); }
  void SetUp() override { open(); }

  static Account account(const std::string& user, const std::string& host, const std::string& password) {
    Account made;
    made.name = {user, host};
    made.credential = Credential::of_password(password);
    return made;
  }
  bool enters(const std::string& user, const std::string& address, const std::string& password,
              const std::string& as) const {
    const auto found = users_->log_in_plain({user, address}, password);
    return found.ok() && found->to_string() == as;
  }
  void give(const AccountName& name, const GrantLevel& level, Privileges privileges) {
    must(users_->change(name, "GRANT", [&](Account& changed) {
      changed.rights.grant(level, privileges);
      return Status::OK();
    }));
  }

  const test::TempDir folder_;
  test::StorageServer server_{folder_.path()};
  SecretBox box_{SecretBox::Key{7}};
  std::unique_ptr<Users> users_;
};

TEST_F(UsersTest, AccountsRolesAndRightsAreThereAfterAReopen) {
  must(users_->create_role({"reader", {}, "reads"}));
  must(users_->change_role("reader", "GRANT", [](Role& role) {
    role.rights.grant({"shop", {}}, Privilege::kSelect);
    return Status::OK();
  }));
  Account made = account("ann", "%", "one");
  made.roles = {"reader"};
  made.comment = "of the shop";
  must(users_->create(made));
  give({"ann", "%"}, {"shop", "orders"}, kLoad);
  const Rights before = *users_->rights_of({"ann", "%"});
  reopen();
  EXPECT_EQ(*users_->rights_of({"ann", "%"}), before);
  EXPECT_TRUE(before.may("shop", "orders", Privilege::kSelect | kLoad));
  EXPECT_FALSE(before.may("shop", "items", kLoad));
  EXPECT_TRUE(enters("ann", "10.0.0.1", "one", "'ann'@'%'"));
  EXPECT_FALSE(enters("ann", "10.0.0.1", "two", "'ann'@'%'"));
  EXPECT_EQ(users_->book()->accounts.at({"ann", "%"}).comment, "of the shop");
  must(users_->drop({"ann", "%"}));
  reopen();
  EXPECT_EQ(users_->rights_of({"ann", "%"}), nullptr);
  EXPECT_TRUE(users_->book()->roles.contains("reader"));
}

TEST_F(UsersTest, TheNarrowestHostCounts) {
  must(users_->create(account("ann", "%", "wide")));
  must(users_->create(account("ann", "10.1.%", "wild")));
  must(users_->create(account("ann", "10.1.2.0/24", "net")));
  must(users_->create(account("ann", "10.1.2.3", "one")));
  EXPECT_TRUE(enters("ann", "10.1.2.3", "one", "'ann'@'10.1.2.3'"));
  EXPECT_FALSE(enters("ann", "10.1.2.3", "net", "'ann'@'10.1.2.0/24'")) << "a narrower account is there";
  EXPECT_TRUE(enters("ann", "10.1.2.4", "net", "'ann'@'10.1.2.0/24'"));
  EXPECT_TRUE(enters("ann", "10.1.9.4", "wild", "'ann'@'10.1.%'"));
  EXPECT_TRUE(enters("ann", "11.1.9.4", "wide", "'ann'@'%'"));
}

TEST_F(UsersTest, RefusesNamesThatAreTakenOrMissing) {
  must(users_->create(account("ann", "%", "one")));
  EXPECT_EQ(users_->create(account("ann", "%", "two")).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(users_->create(account("ann", "10.%", "two")).ok());
  EXPECT_EQ(users_->create(account("root", "10.%", "two")).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(users_->drop({"bob", "%"}).code(), StatusCode::kNotFound);
  EXPECT_EQ(users_->drop({"root", "%"}).code(), StatusCode::kUnsupported);
  EXPECT_EQ(users_->rename({"bob", "%"}, {"cid", "%"}).code(), StatusCode::kNotFound);
  EXPECT_EQ(users_->rename({"ann", "%"}, {"ann", "10.%"}).code(), StatusCode::kAlreadyExists);
  must(users_->rename({"ann", "%"}, {"anna", "%"}));
  EXPECT_TRUE(enters("anna", "10.0.0.1", "one", "'anna'@'%'"));
  EXPECT_EQ(users_->rights_of({"ann", "%"}), nullptr);
}

TEST_F(UsersTest, ADroppedRoleIsGoneForItsMembersForGood) {
  must(users_->create_role({"writer", {}, ""}));
  must(users_->change_role("writer", "GRANT", [](Role& role) {
    role.rights.grant({}, kLoad);
    return Status::OK();
  }));
  Account made = account("ann", "%", "one");
  made.roles = {"writer"};
  must(users_->create(made));
  EXPECT_TRUE(users_->rights_of({"ann", "%"})->may(kLoad));
  must(users_->drop_role("writer"));
  must(users_->create_role({"writer", Rights::everything(), ""}));
  EXPECT_FALSE(users_->rights_of({"ann", "%"})->may(kLoad)) << "a role of the same name is another one";
  reopen();
  EXPECT_FALSE(users_->rights_of({"ann", "%"})->may(kLoad));
}

TEST_F(UsersTest, ChangesCountAtOnceForOpenSessions) {
  must(users_->create(account("ann", "%", "one")));
  SessionRights session(users_.get(), {"ann", "%"});
  std::shared_ptr<const Rights> rights;
  must(session.refresh(rights));
  EXPECT_FALSE(rights->may("shop", Privilege::kSelect));
  give({"ann", "%"}, {"shop", {}}, Privilege::kSelect);
  must(session.refresh(rights));
  EXPECT_TRUE(rights->may("shop", Privilege::kSelect));
  must(users_->drop({"ann", "%"}));
  EXPECT_EQ(session.refresh(rights).code(), StatusCode::kNotAuthorized);
  EXPECT_EQ(session.refresh(rights).code(), StatusCode::kNotAuthorized) << "again";
}

TEST_F(UsersTest, WithoutTheKeyNobodyLogsInButRoot) {
  must(users_->create(account("ann", "%", "one")));
  must(users_->create(account("empty", "%", "")));
  EXPECT_TRUE(enters("empty", "127.0.0.1", "", "'empty'@'%'"));
  box_ = SecretBox(SecretBox::Key{8});
  reopen();
  EXPECT_FALSE(enters("ann", "127.0.0.1", "one", "'ann'@'%'"));
  EXPECT_FALSE(enters("empty", "127.0.0.1", "", "'empty'@'%'"));
  EXPECT_TRUE(enters("root", "127.0.0.1", "root password", "'root'@'%'"));
  must(users_->change({"ann", "%"}, "ALTER USER", [](Account& changed) {
    changed.credential = Credential::of_password("two");
    changed.can_log_in = true;
    return Status::OK();
  }));
  EXPECT_TRUE(enters("ann", "127.0.0.1", "two", "'ann'@'%'"));
}

TEST_F(UsersTest, PasswordsDoNotLieReadableInTheStorage) {
  must(users_->create(account("ann", "%", "kX9correcthorse")));
  for (const auto& [key, bytes] : must(server_->list_records("account"))) {
    EXPECT_EQ(bytes.find("kX9correcthorse"), std::string::npos);
    EXPECT_EQ(bytes.find(Credential::of_password("kX9correcthorse").serialize()), std::string::npos);
  }
}

TEST_F(UsersTest, GuessingIsSlowedDownForThatUserAndAddressAlone) {
  must(users_->create(account("ann", "%", "one")));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(enters("ann", "10.0.0.1", "guess", "'ann'@'%'"));
  const auto refused = users_->log_in_plain({"ann", "10.0.0.1"}, "one");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("too many failed logins"), std::string::npos);
  EXPECT_TRUE(enters("ann", "10.0.0.2", "one", "'ann'@'%'"));
}

TEST(AccountRecord, DamagedBytesAreCorruption) {
  const SecretBox box{SecretBox::Key{7}};
  Account account;
  account.name = {"ann", "%"};
  account.credential = Credential::of_password("one");
  account.roles = {"a", "b"};
  account.rights.grant({"shop", "orders"}, kLoad);
  const std::string bytes = must(encode_account(account, box));
  EXPECT_EQ(must(decode_account(bytes, box)).rights, account.rights);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] ^= 0x40;
    EXPECT_EQ(decode_account(changed, box).status().code(), StatusCode::kCorruption) << i;
    EXPECT_FALSE(decode_account(std::string_view(bytes).substr(0, i), box).ok()) << i;
  }
}

TEST(Credential, NobodyIsRefusedByTheSameStepsAsSomebody) {
  const Credential somebody = Credential::of_password("secret");
  const Credential& nobody = Credential::of_nobody();
  // What is there decides what is computed: with the same hashes there, the same is.
  EXPECT_EQ(nobody.has_password(), somebody.has_password());
  EXPECT_EQ(nobody.has_sha256(), somebody.has_sha256());
  EXPECT_EQ(nobody.serialize().size(), somebody.serialize().size());
  const std::array<uint8_t, 20> scramble{1, 2, 3};
  const std::array<uint8_t, 32> wrong{4, 5, 6};
  for (const Credential& credential : {somebody, nobody}) {
    EXPECT_FALSE(credential.knows_native(scramble, std::span(wrong).first(20)));
    EXPECT_FALSE(credential.knows_caching_sha2(scramble, wrong));
    EXPECT_FALSE(credential.knows_plain("guess"));
    EXPECT_FALSE(credential.knows_plain(""));
    EXPECT_FALSE(credential.knows_native(scramble, {}));
    EXPECT_FALSE(credential.knows_caching_sha2(scramble, {}));
  }
}

TEST(Credential, ANativeHashServesTheNativeWayAlone) {
  // SELECT PASSWORD('secret') of MySQL 5.7.
  const auto credential = Credential::of_native_hash("*14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
  ASSERT_TRUE(credential.ok());
  EXPECT_TRUE(credential->knows_plain("secret"));
  EXPECT_FALSE(credential->knows_plain("Secret"));
  EXPECT_FALSE(credential->has_sha256());
  EXPECT_FALSE(Credential::of_native_hash("*14E6").ok());
  EXPECT_FALSE(Credential::of_native_hash("14E65567ABDB5135D0CFD9A70B3032C179A49EE7*").ok());
  const auto read_back = Credential::deserialize(credential->serialize());
  ASSERT_TRUE(read_back.ok());
  EXPECT_TRUE(read_back->knows_plain("secret"));
}

}  // namespace
}  // namespace freshet::query
