#include "query/accounts/rights.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

TEST(Rights, HoldForAllBelowTheirLevel) {
  Rights rights;
  rights.grant({"shop", "orders"}, Privilege::kSelect);
  rights.grant({"shop", {}}, Privilege::kInsert);
  EXPECT_TRUE(rights.may("shop", "orders", Privilege::kSelect | Privilege::kInsert));
  EXPECT_FALSE(rights.may("shop", "items", Privilege::kSelect));
  EXPECT_TRUE(rights.may("shop", "items", Privilege::kInsert));
  EXPECT_TRUE(rights.may("shop", Privilege::kInsert));
  EXPECT_FALSE(rights.may("shop", Privilege::kSelect));
  EXPECT_FALSE(rights.may(Privilege::kInsert));
  EXPECT_FALSE(rights.may("Shop", "orders", Privilege::kSelect)) << "names compare exactly";
  rights.grant({}, Privilege::kSelect);
  EXPECT_TRUE(rights.may("other", "t", Privilege::kSelect));
  EXPECT_FALSE(rights.may("other", "t", Privilege::kDelete));
  rights.grant({}, Privilege::kAdmin);
  EXPECT_TRUE(rights.may("other", "t", Privilege::kDelete | Privilege::kGrant));
}

TEST(Rights, SeeWhatSomethingIsAllowedIn) {
  Rights rights;
  rights.grant({"shop", "orders"}, Privilege::kSelect);
  EXPECT_TRUE(rights.sees("shop"));
  EXPECT_TRUE(rights.sees("shop", "orders"));
  EXPECT_FALSE(rights.sees("shop", "items"));
  EXPECT_FALSE(rights.sees("sho"));
  EXPECT_FALSE(rights.sees("shop2"));
  rights.grant({}, Privilege::kProcess);
  EXPECT_FALSE(rights.sees("shop2")) << "PROCESS is not about tables";
  rights.grant({"shop2", {}}, Privilege::kDrop);
  EXPECT_TRUE(rights.sees("shop2", "any"));
  EXPECT_TRUE(rights.may_somewhere("shop", Privilege::kSelect));
  EXPECT_FALSE(rights.may_somewhere("shop", Privilege::kInsert));
  EXPECT_FALSE(rights.may_somewhere("shop2", Privilege::kSelect));
}

TEST(Rights, RevokeTakesFromThatVeryLevel) {
  Rights rights;
  rights.grant({}, Privilege::kSelect | Privilege::kInsert);
  EXPECT_FALSE(rights.revoke({"shop", {}}, Privilege::kSelect));
  EXPECT_TRUE(rights.may("shop", "t", Privilege::kSelect));
  EXPECT_TRUE(rights.revoke({}, Privilege::kSelect | Privilege::kDrop));
  EXPECT_FALSE(rights.may("shop", "t", Privilege::kSelect));
  EXPECT_TRUE(rights.may("shop", "t", Privilege::kInsert));
  EXPECT_TRUE(rights.revoke({}, Privilege::kInsert));
  EXPECT_TRUE(rights.levels().empty());
}

TEST(Rights, CoverOnlyWhatTheyAllowThemselves) {
  Rights owner, other;
  owner.grant({"shop", {}}, Privilege::kSelect | Privilege::kInsert);
  other.grant({"shop", "orders"}, Privilege::kSelect);
  EXPECT_TRUE(owner.covers(other));
  EXPECT_FALSE(other.covers(owner));
  other.grant({}, Privilege::kProcess);
  EXPECT_FALSE(owner.covers(other));
  EXPECT_TRUE(Rights::everything().covers(other));
  EXPECT_FALSE(owner.covers(Rights::everything()));
}

TEST(Privileges, NamesOfDorisAndMySql) {
  EXPECT_EQ(*privileges_of_name("LOAD_PRIV", false), kLoad);
  EXPECT_EQ(*privileges_of_name("INSERT", false), Privileges(Privilege::kInsert));
  EXPECT_EQ(*privileges_of_name("SHOW VIEW", false), Privileges(Privilege::kShowView));
  EXPECT_TRUE(privileges_of_name("USAGE", true)->is_empty());
  EXPECT_EQ(privileges_of_name("SUPER", true).status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(privileges_of_name("FILE", true).status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(privileges_of_name("FLY", true).status().code(), StatusCode::kInvalidArgument);
  for (const bool for_the_server : {false, true}) {
    const Privileges all = *privileges_of_name("ALL", for_the_server);
    EXPECT_FALSE(all.has_any(Privilege::kAdmin | Privilege::kGrant));
    EXPECT_EQ(all.has_all(Privilege::kProcess), for_the_server);
  }
  EXPECT_EQ(doris_names(kLoad | Privilege::kSelect), "Select_priv,Load_priv");
  EXPECT_EQ(doris_names(Privilege::kInsert), "Insert");
  EXPECT_EQ(mysql_names(kLoad | Privilege::kSelect), "SELECT, INSERT, UPDATE, DELETE");
}

}  // namespace
}  // namespace freshet::query
