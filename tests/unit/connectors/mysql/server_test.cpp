#include "connectors/mysql/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <random>

#include "unit/connectors/mysql/fake_session.h"
#include "unit/connectors/mysql/raw_client.h"

namespace freshet::connectors {
namespace {

using namespace std::string_literals;
using mysql::Command;
using mysql::RawClient;

constexpr auto error_number = &RawClient::error_number;

class MySqlServerTest : public testing::Test {
 protected:
  MySqlServerTest() { options_.address.port = 0; }
  void start(const std::string& password = "") {
    users_ = std::make_unique<query::Users>(password);
    auto server = MySqlServer::start(options_, {sessions_, *users_, registry_});
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }
  RawClient connect() { return RawClient(server_->port()); }
  static bool is_ok(const std::string& packet) { return !packet.empty() && packet[0] == 0; }

  template <typename Condition>
  static bool eventually(Condition condition) {
    for (int i = 0; i < 5000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return condition();
  }

  MySqlServerOptions options_;
  mysql::FakeSessionFactory sessions_;
  std::unique_ptr<query::Users> users_;
  ConnectionRegistry registry_;
  std::unique_ptr<MySqlServer> server_;
};

TEST_F(MySqlServerTest, RightPasswordEntersWrongOneDoesNot) {
  start("secret");
  EXPECT_TRUE(is_ok(connect().log_in("secret")));
  EXPECT_TRUE(is_ok(connect().log_in("secret", "", 0, "caching_sha2_password")));
  EXPECT_EQ(error_number(connect().log_in("guess", "", 0, "caching_sha2_password")), 1045);
  EXPECT_EQ(error_number(connect().log_in("", "", 0, "caching_sha2_password")), 1045);
  EXPECT_TRUE(is_ok(connect().log_in("secret", "", 0, "dialog"))) << "switched to the native plugin";
  EXPECT_TRUE(is_ok(connect().log_in("secret", "shop")));
  const std::string refused = connect().log_in("guess");
  EXPECT_EQ(error_number(refused), 1045);
  EXPECT_NE(refused.find("#28000Access denied for user 'root'@'127.0.0.1' (using password: YES)"), std::string::npos);
  EXPECT_EQ(error_number(connect().log_in()), 1045);
  EXPECT_EQ(error_number(connect().log_in("secret", "missing")), 1049);
  EXPECT_EQ(error_number(connect().log_in("secret", "", mysql::kClientSsl)), 1043) << "no certificate, no TLS";
}

TEST_F(MySqlServerTest, WithoutTheTlsThatIsRequiredNobodyEnters) {
  options_.require_tls = true;
  start();
  EXPECT_EQ(error_number(connect().log_in()), 3159);
}

TEST_F(MySqlServerTest, RowsWithAndWithoutDeprecatedEof) {
  start();
  RawClient old = connect();
  ASSERT_TRUE(is_ok(old.log_in()));
  old.command(Command::kQuery, "SELECT 2;");
  const auto packets = old.read(6);
  EXPECT_EQ(packets[0], "\x01");
  EXPECT_EQ(packets[2], "\xfe\0\0\x02\0"s);
  EXPECT_EQ(packets[3],
            "\x01"
            "1");
  EXPECT_EQ(packets[4],
            "\x01"
            "2");
  EXPECT_EQ(packets[5], "\xfe\0\0\x02\0"s);

  RawClient modern = connect();
  ASSERT_TRUE(is_ok(modern.log_in("", "", mysql::kClientDeprecateEof)));
  modern.command(Command::kQuery, "SELECT 1");
  EXPECT_EQ(modern.read(4).back(), "\xfe\0\0\x02\0\0\0"s);
}

TEST_F(MySqlServerTest, ErrorsLeaveTheConnectionUsable) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in()));
  EXPECT_EQ(error_number(client.query("bad")), 1064);
  EXPECT_EQ(error_number(client.query(" ; ")), 1065);
  EXPECT_EQ(error_number(client.query("EMPTY")), 1105);
  EXPECT_EQ(error_number(client.query("BREAK 10")), 1213) << "rows that were not sent give way to the error";
  client.command(Command::kQuery, "BREAK 100000");
  EXPECT_EQ(client.read(3 + 100000).back(),
            "\x06"
            "100000");
  EXPECT_EQ(error_number(client.read()), 1213) << "after rows that were sent the error ends them";
  client.command(static_cast<Command>(0x55), "");
  EXPECT_EQ(error_number(client.read()), 1047);
  EXPECT_TRUE(is_ok(client.query("still here")));
}

TEST_F(MySqlServerTest, SmallCommands) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in()));
  client.command(Command::kPing, "");
  EXPECT_TRUE(is_ok(client.read()));
  client.command(Command::kInitDb, "shop");
  EXPECT_TRUE(is_ok(client.read()));
  EXPECT_EQ(registry_.list().at(0).database, "shop");
  client.command(Command::kInitDb, "missing");
  EXPECT_EQ(error_number(client.read()), 1049);
  client.command(Command::kStatistics, "");
  EXPECT_TRUE(client.read().starts_with("Uptime: "));
  client.command(Command::kResetConnection, "");
  EXPECT_TRUE(is_ok(client.read()));
  client.command(Command::kFieldList, "t\0"s);
  EXPECT_EQ(client.read(), "\xfe\0\0\x02\0"s);
  client.command(Command::kChangeUser, "root\0\0\0"s);
  EXPECT_TRUE(is_ok(client.read()));
  client.command(Command::kChangeUser, "nobody\0\0\0"s);
  EXPECT_EQ(error_number(client.read()), 1045);
  EXPECT_EQ(client.read(), "") << "a failed change of user ends the connection";
}

TEST_F(MySqlServerTest, ManyStatementsOnlyWhenTheClientAskedForThem) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in()));
  EXPECT_EQ(client.query("a;b"),
            "\0\x01\0\x02\0\0\0\x03"
            "a;b"s);
  client.command(Command::kSetOption, "\0\0"s);
  EXPECT_EQ(client.read()[0], '\xfe');
  EXPECT_EQ(client.query("a;b"),
            "\0\x01\0\x0a\0\0\0\x01"
            "a"s)
      << "more results follow";
  EXPECT_EQ(client.read(),
            "\0\x01\0\x02\0\0\0\x01"
            "b"s);
  EXPECT_EQ(client.query("a;bad;c"),
            "\0\x01\0\x0a\0\0\0\x01"
            "a"s);
  EXPECT_EQ(error_number(client.read()), 1064) << "and nothing after it";
  client.command(Command::kPing, "");
  EXPECT_TRUE(is_ok(client.read()));
}

TEST_F(MySqlServerTest, PreparedStatements) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in("", "", mysql::kClientDeprecateEof)));
  client.command(Command::kStmtPrepare, "SELECT ?, ?");
  const auto prepared = client.read(5);
  EXPECT_EQ(prepared[0], "\0\x01\0\0\0\x02\0\x02\0\0\0\0"s);
  client.command(Command::kStmtSendLongData, "\x01\0\0\0\x01\0long"s);
  client.command(Command::kStmtExecute, "\x01\0\0\0\0\x01\0\0\0\0\x01\x03\0\xfc\0\x07\0\0\0"s);
  EXPECT_EQ(client.read(5)[3],
            "\0\0\x01"
            "7\x04long"s);
  client.command(Command::kStmtReset, "\x01\0\0\0"s);
  EXPECT_TRUE(is_ok(client.read()));
  client.command(Command::kStmtExecute, "\x01\0\0\0\0\x01\0\0\0\0\0\x07"s);
  EXPECT_EQ(error_number(client.read()), 1210) << "parameters cut off";
  client.command(Command::kStmtClose, "\x01\0\0\0"s);
  client.command(Command::kStmtExecute, "\x01\0\0\0\0\x01\0\0\0"s);
  EXPECT_EQ(error_number(client.read()), 1243);
  client.command(Command::kStmtPrepare, "bad");
  EXPECT_EQ(error_number(client.read()), 1146);
  client.command(Command::kStmtFetch, "\x01\0\0\0\x01\0\0\0"s);
  EXPECT_EQ(error_number(client.read()), 1243) << "closed";
}

TEST_F(MySqlServerTest, ACursorGivesItsRowsPieceByPiece) {
  start();
  for (const uint32_t capabilities : {0u, mysql::kClientDeprecateEof}) {
    // EOF has two bytes of warnings before the flags; the OK that stands for it has them behind, after two counts.
    const auto end = [&](char flags) { return "\xfe\0\0"s + flags + (capabilities == 0 ? "\0"s : "\0\0\0"s); };
    RawClient client = connect();
    ASSERT_TRUE(is_ok(client.log_in("", "", capabilities)));
    client.command(Command::kStmtPrepare, "CURSOR 5");
    client.read();
    client.command(Command::kStmtExecute, "\x01\0\0\0\x01\x01\0\0\0"s);
    const auto opened = client.read(3);
    EXPECT_EQ(opened[0], "\x01");
    EXPECT_EQ(opened[2], end('\x42')) << "the cursor's flag, for all clients";
    EXPECT_TRUE(is_ok(client.query("something between")));
    for (const char first : {'\x01', '\x03'}) {
      client.command(Command::kStmtFetch, "\x01\0\0\0\x02\0\0\0"s);
      const auto rows = client.read(3);
      EXPECT_EQ(rows[0], "\0\0"s + first + "\0\0\0\0\0\0\0"s);
      EXPECT_EQ(rows[2], end('\x42'));
    }
    client.command(Command::kStmtFetch, "\x01\0\0\0\x02\0\0\0"s);
    EXPECT_EQ(client.read(2)[1], end('\x82')) << "the last row was sent";
    client.command(Command::kStmtFetch, "\x01\0\0\0\x02\0\0\0"s);
    EXPECT_EQ(error_number(client.read()), 1421);

    client.command(Command::kStmtExecute, "\x01\0\0\0\x01\x01\0\0\0"s);
    client.read(3);
    client.command(Command::kStmtReset, "\x01\0\0\0"s);
    EXPECT_TRUE(is_ok(client.read()));
    client.command(Command::kStmtFetch, "\x01\0\0\0\x02\0\0\0"s);
    EXPECT_EQ(error_number(client.read()), 1421) << "closed with the reset";
    client.command(Command::kStmtFetch, "\x07\0\0\0\x02\0\0\0"s);
    EXPECT_EQ(error_number(client.read()), 1243);
    client.command(Command::kStmtFetch, "\x01\0\0\0"s);
    EXPECT_EQ(error_number(client.read()), 1243) << "cut off";
  }
}

TEST_F(MySqlServerTest, AFetchThatFailsAnswersAnError) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in()));
  client.command(Command::kStmtPrepare, "CURSOR 200");
  client.read();
  client.command(Command::kStmtExecute, "\x01\0\0\0\x01\x01\0\0\0"s);
  client.read(3);
  client.command(Command::kStmtFetch, "\x01\0\0\0\xff\0\0\0"s);
  EXPECT_EQ(error_number(client.read()), 1213) << "no row of it was sent";
  EXPECT_TRUE(is_ok(client.query("still here")));
}

TEST_F(MySqlServerTest, ClientsThatTrackTheSessionAreToldOfItsDatabase) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in("", "", mysql::kClientSessionTrack)));
  client.command(Command::kInitDb, "shop");
  EXPECT_EQ(client.read(), "\0\0\0\x02\x40\0\0\0\x07\x01\x05\x04shop"s);
  EXPECT_EQ(client.query("x"),
            "\0\x01\0\x02\0\0\0\x01"
            "x"s);
}

TEST_F(MySqlServerTest, AnswersTellOfATransaction) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in()));
  EXPECT_EQ(client.query("BEGIN")[3], '\x03');
  client.command(Command::kPing, "");
  EXPECT_EQ(client.read()[3], '\x03');
}

TEST_F(MySqlServerTest, ConnectionsAreBoundedAndComeFree) {
  options_.max_connections = 2;
  start();
  RawClient one = connect();
  ASSERT_TRUE(is_ok(one.log_in()));
  {
    RawClient two = connect();
    ASSERT_TRUE(is_ok(two.log_in()));
    const std::string refused = connect().log_in();
    EXPECT_EQ(error_number(refused), 1040);
    EXPECT_NE(refused.find("Too many connections"), std::string::npos);
  }
  EXPECT_TRUE(eventually([&] { return registry_.size() == 1; }));
  EXPECT_TRUE(is_ok(connect().log_in()));
}

TEST_F(MySqlServerTest, OversizedAndDisorderedPacketsEndTheirConnectionOnly) {
  options_.max_packet_bytes = 100'000;
  start();
  RawClient good = connect();
  ASSERT_TRUE(is_ok(good.log_in()));
  RawClient large = connect();
  ASSERT_TRUE(is_ok(large.log_in()));
  EXPECT_EQ(error_number(large.query(std::string(3'000'000, 'x'))), 1153);
  EXPECT_EQ(large.read(), "");
  RawClient disordered = connect();
  ASSERT_TRUE(is_ok(disordered.log_in()));
  disordered.send_packet("\x03SELECT 1", 5);
  EXPECT_EQ(error_number(disordered.read()), 1156);
  RawClient empty = connect();
  ASSERT_TRUE(is_ok(empty.log_in()));
  empty.send_packet("", 0);
  EXPECT_EQ(error_number(empty.read()), 1835);
  EXPECT_TRUE(is_ok(good.query("still here")));
}

TEST_F(MySqlServerTest, GarbageDoesNoHarm) {
  start();
  RawClient good = connect();
  ASSERT_TRUE(is_ok(good.log_in()));
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    RawClient client = connect();
    if (round % 2 == 0) {
      ASSERT_TRUE(is_ok(client.log_in())) << "seed " << seed;
    }
    for (int i = 0; i < 20; ++i) {
      std::string bytes(random() % 60, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      if (!bytes.empty()) bytes[0] = static_cast<char>(random() % 0x20);
      if (random() % 3 == 0) {
        client.send_bytes(bytes);
      } else {
        client.send_packet(bytes, 0);
      }
    }
    client.close();
  }
  EXPECT_TRUE(is_ok(good.query("still here"))) << "seed " << seed;
  EXPECT_TRUE(eventually([&] { return registry_.size() == 1; })) << "seed " << seed;
}

TEST_F(MySqlServerTest, IdleClientsAreCutOff) {
  sessions_.idle_seconds_max = 1;
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in()));
  EXPECT_EQ(error_number(client.read()), 4031) << "told why";
  EXPECT_EQ(client.read(), "");
  EXPECT_TRUE(eventually([&] { return registry_.size() == 0; }));
}

TEST_F(MySqlServerTest, ALoginByteByByteEndsInTime) {
  options_.login_timeout_seconds = 1;
  start();
  RawClient client = connect();
  client.read();
  EXPECT_TRUE(eventually([&] {
    client.send_bytes("\xff");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return registry_.size() == 0;
  }));
}

TEST_F(MySqlServerTest, KillQueryCancelsAndKillConnectionEnds) {
  start();
  RawClient client = connect();
  ASSERT_TRUE(is_ok(client.log_in()));
  const uint64_t id = registry_.list().at(0).id;
  client.command(Command::kQuery, "SLEEP");
  ASSERT_TRUE(eventually([&] { return registry_.list().at(0).is_running; }));
  EXPECT_EQ(registry_.list().at(0).statement, "SLEEP");
  EXPECT_EQ(registry_.list().at(0).user, "root");
  ASSERT_TRUE(registry_.kill_query(id).ok());
  EXPECT_EQ(error_number(client.read()), 1317);
  ASSERT_TRUE(registry_.kill_query(id).ok()) << "nothing runs";
  EXPECT_TRUE(is_ok(client.query("still here")));

  sessions_.kill = [this](uint64_t wanted) { return registry_.kill_connection(wanted); };
  RawClient killer = connect();
  ASSERT_TRUE(is_ok(killer.log_in()));
  std::string body;
  put_fixed<uint32_t>(body, static_cast<uint32_t>(id));
  killer.command(Command::kProcessKill, body);
  EXPECT_TRUE(is_ok(killer.read()));
  EXPECT_EQ(client.read(), "");
  killer.command(Command::kProcessKill, "\xff\xff\0\0"s);
  EXPECT_EQ(error_number(killer.read()), 1094);
}

TEST_F(MySqlServerTest, AClientThatHangsUpEndsItsStatement) {
  options_.hang_up_check = std::chrono::milliseconds(5);
  start();
  RawClient other = connect();
  ASSERT_TRUE(is_ok(other.log_in()));
  {
    RawClient client = connect();
    ASSERT_TRUE(is_ok(client.log_in("", "", mysql::kClientMultiStatements)));
    client.command(Command::kQuery, "SLEEP;SLEEP");
    ASSERT_TRUE(eventually([&] { return registry_.list().at(1).is_running; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(registry_.list().at(1).is_running) << "it is still there";
  }
  EXPECT_TRUE(eventually([&] { return registry_.size() == 1; }));
  EXPECT_TRUE(is_ok(other.query("still here")));
}

TEST_F(MySqlServerTest, StopEndsRunningStatementsAndIdleClients) {
  start();
  RawClient idle = connect();
  ASSERT_TRUE(is_ok(idle.log_in()));
  RawClient silent = connect();
  RawClient busy = connect();
  ASSERT_TRUE(is_ok(busy.log_in()));
  busy.command(Command::kQuery, "SLEEP");
  ASSERT_TRUE(eventually([&] {
    const auto all = registry_.list();
    return std::any_of(all.begin(), all.end(), [](const ConnectionInfo& info) { return info.is_running; });
  }));
  server_->stop();
  EXPECT_EQ(registry_.size(), 0u);
  EXPECT_EQ(idle.read(), "");
  server_->stop();
}

TEST_F(MySqlServerTest, ManyClientsAtOnce) {
  start();
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 16; ++c) {
    clients.push_back(std::async(std::launch::async, [this] {
      RawClient client = connect();
      if (!is_ok(client.log_in())) return 0;
      int answered = 0;
      for (int i = 0; i < 200; ++i) answered += is_ok(client.query("x"));
      return answered;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 200);
  EXPECT_GE(server_->commands_served(), 16u * 200);
}

TEST_F(MySqlServerTest, TakenPortIsAClearError) {
  start();
  options_.address.port = server_->port();
  ConnectionRegistry registry;
  const auto second = MySqlServer::start(options_, {sessions_, *users_, registry});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("--mysql-address"), std::string::npos);
}

}  // namespace
}  // namespace freshet::connectors
