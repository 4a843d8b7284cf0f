#include "query/accounts/account_name.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

TEST(AccountName, HostPatterns) {
  const struct {
    const char* pattern;
    const char* address;
    bool matches;
  } cases[] = {
      {"%", "10.1.2.3", true},
      {"%", "fd00::1", true},
      {"localhost", "127.0.0.1", true},
      {"localhost", "127.8.9.10", true},
      {"localhost", "::1", true},
      {"localhost", "::ffff:127.0.0.1", true},
      {"localhost", "10.0.0.1", false},
      {"10.1.2.3", "10.1.2.3", true},
      {"10.1.2.3", "::ffff:10.1.2.3", true},
      {"10.1.2.3", "10.1.2.30", false},
      {"10.1.%", "10.1.2.3", true},
      {"10.1.%", "10.10.2.3", false},
      {"10.1.2._", "10.1.2.3", true},
      {"10.1.2._", "10.1.2.33", false},
      {"10.0.0.0/8", "10.200.1.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.0/8", "fd00::1", false},
      {"10.4.0.0/255.252.0.0", "10.7.1.1", true},
      {"10.4.0.0/255.252.0.0", "10.8.1.1", false},
      {"10.0.0.0/0", "192.168.1.1", true},
      {"10.0.0.1/32", "10.0.0.1", true},
      {"10.0.0.1/32", "10.0.0.2", false},
      {"fd00::/8", "fd12::5", true},
      {"fd00::/8", "fe80::5", false},
      {"%", "unknown", true},
      {"localhost", "unknown", false},
      {"10.0.0.0/8", "unknown", false},
  };
  for (const auto& wanted : cases) {
    EXPECT_EQ(host_matches(wanted.pattern, wanted.address), wanted.matches) << wanted.pattern << " and " << wanted.address;
  }
}

TEST(AccountName, NarrowerPatternsComeFirst) {
  const char* narrow_to_wide[] = {"10.1.2.3", "10.1.2.0/24", "10.0.0.0/8", "10.1.2.%", "10.%", "%"};
  for (size_t i = 1; i < std::size(narrow_to_wide); ++i) {
    EXPECT_GT(host_precision(narrow_to_wide[i - 1]), host_precision(narrow_to_wide[i])) << narrow_to_wide[i];
  }
}

TEST(AccountName, RefusesWhatIsNoNameOrHost) {
  for (const char* host : {"%", "localhost", "10.0.0.1", "10.%", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "fd00::/8", "::1"}) {
    EXPECT_TRUE(check_account_name({"u", host}).ok()) << host;
  }
  for (const char* host :
       {"", "db.example.org", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0", "%'; --", "fd00::/200", "x%"}) {
    EXPECT_FALSE(check_account_name({"u", host}).ok()) << host;
  }
  for (const char* user : {"", "a@b", "a'b", "a\"b", "a`b", "a\nb", "a\tb"})
    EXPECT_FALSE(check_account_name({user}).ok()) << user;
  EXPECT_FALSE(check_account_name({std::string("a\0b", 3)}).ok());
  EXPECT_TRUE(check_account_name({std::string(64, 'a')}).ok());
  EXPECT_FALSE(check_account_name({std::string(65, 'a')}).ok());
}

TEST(AccountName, ShortTextReadsBack) {
  for (const AccountName& name : {AccountName{"u", "%"}, AccountName{"u", "10.%"}}) {
    EXPECT_EQ(account_of_short_text(to_short_text(name)), name);
  }
}

}  // namespace
}  // namespace freshet::query
