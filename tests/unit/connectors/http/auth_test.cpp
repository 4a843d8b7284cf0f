#include "connectors/http/auth.h"

#include <gtest/gtest.h>

namespace freshet::connectors::http {
namespace {

TEST(BasicAuthorization, ReadsUserAndPassword) {
  const auto plain = parse_basic_authorization("Basic cm9vdDpzZWNyZXQ=");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->user, "root");
  EXPECT_EQ(plain->password, "secret");

  const auto colons = parse_basic_authorization("bASIC   cm9vdDphOmI6Yw==");
  ASSERT_TRUE(colons);
  EXPECT_EQ(colons->password, "a:b:c");

  const auto unpadded = parse_basic_authorization("Basic cm9vdDo");
  ASSERT_TRUE(unpadded);
  EXPECT_EQ(unpadded->user, "root");
  EXPECT_EQ(unpadded->password, "");
}

TEST(BasicAuthorization, RefusesAllElse) {
  for (const char* header : {"", "Basic", "Basic ", "Bearer cm9vdDo=", "Basic cm9vd", "Basic cm9vdA==", "Basic cm9v=Do=",
                             "Basic cm9vdDo=\n", "Basic !!!!", "Basiccm9vdDo=", "Basic c", "Basic ===="}) {
    EXPECT_FALSE(parse_basic_authorization(header)) << header;
  }
  EXPECT_FALSE(parse_basic_authorization("Basic " + std::string(kMaxAuthorizationBytes, 'A')));
}

TEST(BasicAuthorization, ChecksUsers) {
  const query::Users users("secret");
  const std::string good = "Basic cm9vdDpzZWNyZXQ=";
  const std::string with_cluster = "Basic cm9vdEBjMTpzZWNyZXQ=";
  const std::string wrong = "Basic cm9vdDp3cm9uZw==";
  EXPECT_TRUE(check_authorization(&good, users).ok());
  EXPECT_TRUE(check_authorization(&with_cluster, users).ok());
  EXPECT_EQ(check_authorization(&wrong, users).message(), "no valid Basic authorization: access denied for user 'root'");
  EXPECT_EQ(check_authorization(nullptr, users).message(), "no valid Basic authorization");
  EXPECT_EQ(check_authorization(nullptr, users).code(), StatusCode::kNotAuthorized);
}

}  // namespace
}  // namespace freshet::connectors::http
