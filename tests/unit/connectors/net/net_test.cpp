#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connectors/net/host_port.h"
#include "connectors/net/tcp_listener.h"

namespace freshet::connectors {
namespace {

TEST(HostPort, ReadsNamesAndAddressesOfBothFamilies) {
  EXPECT_EQ(parse_host_port("127.0.0.1:9030").value(), (HostPort{"127.0.0.1", 9030}));
  EXPECT_EQ(parse_host_port("localhost:0").value(), (HostPort{"localhost", 0}));
  EXPECT_EQ(parse_host_port("[::1]:65535").value(), (HostPort{"::1", 65535}));
  EXPECT_EQ(parse_host_port("[::1]:8030").value().to_string(), "[::1]:8030");
  EXPECT_EQ(parse_host_port("db:8030").value().to_string(), "db:8030");
}

TEST(HostPort, SaysWhatIsWrong) {
  for (const char* text : {"", "9030", "localhost", ":9030", "localhost:", "localhost:65536", "localhost:-1",
                           "localhost:90x", "::1:9030", "[]:1"}) {
    const auto result = parse_host_port(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find("HOST:PORT"), std::string::npos);
  }
}

TEST(TcpListener, PortZeroGivesTheChosenPort) {
  auto listener = TcpListener::bind({"127.0.0.1", 0}, "--mysql-address");
  ASSERT_TRUE(listener.ok()) << listener.status().to_string();
  ASSERT_NE(listener->port(), 0);

  const int client = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(listener->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(client);
}

TEST(TcpListener, TakenPortNamesAddressAndOption) {
  auto first = TcpListener::bind({"127.0.0.1", 0}, "--mysql-address");
  ASSERT_TRUE(first.ok());
  const auto second = TcpListener::bind({"127.0.0.1", first->port()}, "--mysql-address");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            fmt::format("address already in use: another program listens on 127.0.0.1:{}; choose another port with "
                        "--mysql-address",
                        first->port()));
}

TEST(TcpListener, RefusesAnAddressThatIsNotOurs) {
  const auto listener = TcpListener::bind({"192.0.2.1", 0}, "--http-address");
  ASSERT_FALSE(listener.ok());
  EXPECT_NE(listener.status().message().find("this machine does not have that address"), std::string::npos);
}

}  // namespace
}  // namespace freshet::connectors
