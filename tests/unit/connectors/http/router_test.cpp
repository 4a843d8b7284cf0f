#include "connectors/http/router.h"

#include <gtest/gtest.h>

#include <tuple>

namespace freshet::connectors::http {
namespace {

Route route(std::string_view method, std::string_view target) {
  auto found = find_route(method, target);
  EXPECT_TRUE(found.ok()) << target << ": " << found.status().to_string();
  return found.ok() ? *found : Route{};
}

TEST(Router, FindsLoadsAndDecodesTheirNames) {
  const Route load = route("PUT", "/api/shop/orders/_stream_load");
  EXPECT_EQ(load.endpoint, Endpoint::kStreamLoad);
  EXPECT_TRUE(load.is_method_allowed);
  EXPECT_EQ(load.database, "shop");
  EXPECT_EQ(load.table, "orders");

  const Route alias = route("PUT", "/api/my%20shop/caf%C3%A9+1/_load?x=1");
  EXPECT_EQ(alias.endpoint, Endpoint::kStreamLoad);
  EXPECT_EQ(alias.database, "my shop");
  EXPECT_EQ(alias.table, "caf\xC3\xA9+1");
}

TEST(Router, FindsTheFixedPaths) {
  const std::pair<const char*, Endpoint> paths[] = {
      {"/", Endpoint::kIndex},
      {"/metrics", Endpoint::kMetrics},
      {"/api/health", Endpoint::kHealth},
      {"/api/bootstrap?cluster_id=1&token=x", Endpoint::kBootstrap},
      {"/api/backends?is_alive=true", Endpoint::kBackends},
      {"/api/_load_error_log?file=a", Endpoint::kLoadErrorLog},
  };
  for (const auto& [path, endpoint] : paths) {
    EXPECT_EQ(route("GET", path).endpoint, endpoint) << path;
    EXPECT_TRUE(route("HEAD", path).is_method_allowed) << path;
    EXPECT_FALSE(route("POST", path).is_method_allowed) << path;
  }
}

TEST(Router, FindsBothFormsOfTheSecondPhase) {
  for (const char* path : {"/api/shop/_stream_load_2pc", "/api/shop/orders/_stream_load_2pc"}) {
    EXPECT_EQ(route("PUT", path).endpoint, Endpoint::kTransaction) << path;
    EXPECT_EQ(route("PUT", path).database, "shop") << path;
    EXPECT_FALSE(route("GET", path).is_method_allowed) << path;
    EXPECT_FALSE(is_load_target(path)) << path;
  }
  EXPECT_EQ(route("GET", "/api/my%20shop/get_load_state?label=x").endpoint, Endpoint::kLoadState);
  EXPECT_EQ(route("GET", "/api/my%20shop/get_load_state?label=x").database, "my shop");
}

TEST(Router, FindsWhatConnectorsAskFor) {
  const std::tuple<const char*, const char*, Endpoint> requests[] = {
      {"GET", "/api/shop/orders/_schema", Endpoint::kSchema},
      {"GET", "/api/internal/shop/orders/_schema", Endpoint::kSchema},
      {"GET", "/api/shop/orders/_count", Endpoint::kCount},
      {"POST", "/api/shop/orders/_query_plan", Endpoint::kQueryPlan},
      {"GET", "/api/enable_light_schema_change/shop/orders", Endpoint::kLightSchemaChange},
  };
  for (const auto& [method, path, endpoint] : requests) {
    const Route found = route(method, path);
    EXPECT_EQ(found.endpoint, endpoint) << path;
    EXPECT_TRUE(found.is_method_allowed) << path;
    EXPECT_EQ(found.database, "shop") << path;
    EXPECT_EQ(found.table, "orders") << path;
    EXPECT_FALSE(route("PUT", path).is_method_allowed) << path;
  }
  EXPECT_EQ(route("POST", "/api/query/default_cluster/shop").database, "shop");
  EXPECT_FALSE(route("GET", "/api/query/default_cluster/shop").is_method_allowed);
}

TEST(Router, EscapesWhatAnAddressMayNotHold) {
  EXPECT_EQ(percent_encode("a-Z_0.~"), "a-Z_0.~");
  EXPECT_EQ(percent_encode("p@ss:w/d %\xC3\xA9"), "p%40ss%3Aw%2Fd%20%25%C3%A9");
}

TEST(Router, KnowsWhatIsNotThere) {
  for (const char* path : {"", "x", "/api", "/api/", "/api/shop/_stream_load", "/api//orders/_stream_load",
                           "/api/shop//_stream_load", "/api/shop/orders/_stream_load/", "/api/shop/orders/x/_stream_load",
                           "/api/health/", "/API/health", "http://other/api/health"}) {
    EXPECT_EQ(route("PUT", path).endpoint, Endpoint::kUnknown) << path;
    EXPECT_FALSE(is_load_target(path)) << path;
  }
  EXPECT_FALSE(route("POST", "/api/shop/orders/_stream_load").is_method_allowed);
}

TEST(Router, RefusesBrokenEscapes) {
  for (const char* target : {"/api/a%/b/_stream_load", "/api/a%2/b/_stream_load", "/api/a/b%zz/_load",
                             "/api/a%00/b/_stream_load", "/api/health?x=%", "/?%g0=1"}) {
    const auto found = find_route("GET", target);
    ASSERT_FALSE(found.ok()) << target;
    EXPECT_EQ(found.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(Router, ReadsQueries) {
  const Route found = route("GET", "/api/_load_error_log?&a&file=x%2By+z&file=second&=&b=1=2");
  EXPECT_EQ(found.query_value("file"), "x+y z");
  EXPECT_EQ(found.query_value("a"), "");
  EXPECT_EQ(found.query_value("b"), "1=2");
  EXPECT_EQ(found.query_value("absent"), "");
  EXPECT_EQ(found.query.size(), 5u);
}

}  // namespace
}  // namespace freshet::connectors::http
