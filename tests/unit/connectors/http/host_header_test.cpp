#include "connectors/http/host_header.h"

#include <gtest/gtest.h>

namespace freshet::connectors::http {
namespace {

std::string authority(const std::string& host) {
  RequestHead head;
  head.headers.emplace_back("hOST", host);
  return link_authority(head, {"127.0.0.1", 8030});
}

TEST(LinkAuthority, RepeatsAWellFormedHost) {
  for (const char* host : {"db.example.org:8030", "localhost", "10.0.0.7:1", "[::1]:8030", "[fe80::1]", "a_b-c:65535"}) {
    EXPECT_EQ(authority(host), host);
  }
}

TEST(LinkAuthority, FallsBackToTheOwnAddress) {
  for (const char* host : {"", ":80", "a b", "evil.com/path", "user@evil.com", "a:", "a:x", "a:65536", "a:1:2", "[::1",
                           "[]:80", "[::1]x", "[evil]:80", "a\"b", "a\\b", "h?x", "h#x", "::1"}) {
    EXPECT_EQ(authority(host), "127.0.0.1:8030") << host;
  }
  EXPECT_EQ(authority(std::string(300, 'a')), "127.0.0.1:8030");
  EXPECT_EQ(link_authority({}, {"::1", 7}), "[::1]:7");
}

}  // namespace
}  // namespace freshet::connectors::http
