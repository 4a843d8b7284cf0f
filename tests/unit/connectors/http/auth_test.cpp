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

RequestHead head_with(const char* authorization) {
  RequestHead head;
  head.client_host = "127.0.0.1";
  if (authorization != nullptr) head.headers.emplace_back("Authorization", authorization);
  return head;
}

TEST(BasicAuthorization, ChecksUsers) {
  const query::Users users("secret");
  const auto good = caller_of(head_with("Basic cm9vdDpzZWNyZXQ="), users);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->user, "root");
  EXPECT_TRUE(good->rights->is_admin());
  EXPECT_TRUE(caller_of(head_with("Basic cm9vdEBjMTpzZWNyZXQ="), users).ok());
  EXPECT_EQ(caller_of(head_with("Basic cm9vdDp3cm9uZw=="), users).status().message(),
            "no valid Basic authorization: access denied for user 'root'");
  EXPECT_EQ(caller_of(head_with("Basic !"), users).status().message(), "no valid Basic authorization");
  EXPECT_NE(caller_of(head_with(nullptr), users).status().message().find("--location-trusted"), std::string::npos);
  EXPECT_EQ(caller_of(head_with(nullptr), users).status().code(), StatusCode::kNotAuthorized);
}

TEST(BasicAuthorization, NoOtherHeaderIsALogin) {
  const query::Users users("secret");
  for (const char* name : {"token", "Auth-Token", "auth_code", "X-Forwarded-User", "Proxy-Authorization", "Cookie"}) {
    RequestHead head = head_with(nullptr);
    for (const char* value : {"0", "root", "Basic cm9vdDpzZWNyZXQ=", "secret"}) head.headers.emplace_back(name, value);
    EXPECT_FALSE(caller_of(head, users).ok()) << name;
  }
}

/// What a caller with these rights may do at a path.
bool may(const query::Rights& rights, const char* method, const char* path) {
  const Caller caller{"u", {"u", "%"}, std::make_shared<query::Rights>(rights)};
  const auto route = find_route(method, path);
  return route.ok() && check_access(caller, *route).ok();
}

TEST(CheckAccess, EachRouteNeedsItsPrivilege) {
  using query::Privilege;
  query::Rights none, reader, loader, process;
  reader.grant({"shop", "orders"}, Privilege::kSelect);
  loader.grant({"shop", "orders"}, query::kLoad);
  process.grant({}, Privilege::kProcess);
  const struct {
    const char* method;
    const char* path;
    bool none, reader, loader, process;
  } cases[] = {
      {"PUT", "/api/shop/orders/_stream_load", false, false, true, false},
      {"PUT", "/api/shop/items/_stream_load", false, false, false, false},
      {"PUT", "/api/shop/orders/_load", false, false, true, false},
      {"PUT", "/api/shop/_stream_load_2pc", false, false, true, false},
      {"PUT", "/api/other/_stream_load_2pc", false, false, false, false},
      {"GET", "/api/shop/get_load_state?label=x", false, false, true, false},
      {"GET", "/api/shop/orders/_schema", false, true, false, false},
      {"GET", "/api/shop/items/_schema", false, false, false, false},
      {"GET", "/api/internal/shop/orders/_schema", false, true, false, false},
      {"GET", "/api/shop/orders/_count", false, true, false, false},
      {"GET", "/api/shop/orders/_query_plan", false, true, false, false},
      {"GET", "/api/enable_light_schema_change/shop/orders", false, true, true, false},
      {"GET", "/metrics", false, false, false, true},
      {"POST", "/api/compaction/run", false, false, false, false},
      {"GET", "/api/compaction/show", false, false, false, false},
      {"GET", "/api/compaction/run_status", false, false, false, false},
      {"GET", "/api/backends", true, true, true, true},
      {"GET", "/api/health", true, true, true, true},
  };
  for (const auto& wanted : cases) {
    EXPECT_EQ(may(none, wanted.method, wanted.path), wanted.none) << wanted.path;
    EXPECT_EQ(may(reader, wanted.method, wanted.path), wanted.reader) << wanted.path;
    EXPECT_EQ(may(loader, wanted.method, wanted.path), wanted.loader) << wanted.path;
    EXPECT_EQ(may(process, wanted.method, wanted.path), wanted.process) << wanted.path;
    EXPECT_TRUE(may(query::Rights::everything(), wanted.method, wanted.path)) << wanted.path;
  }
}

}  // namespace
}  // namespace freshet::connectors::http
