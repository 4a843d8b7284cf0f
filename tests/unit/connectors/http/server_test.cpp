#include "connectors/http/server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "unit/connectors/http/fake_loads.h"
#include "unit/connectors/http/raw_http_client.h"

namespace freshet::connectors::http {
namespace {

using Answer = RawHttpClient::Answer;

constexpr const char* kAuth = "Authorization: Basic cm9vdDo=\r\n";  // root without a password

/// A server on a free port whose loads are kept in memory.
class HttpServerTest : public testing::Test {
 protected:
  void start(HttpServerOptions options = {}) {
    options.address = {"127.0.0.1", 0};
    options.mysql_port = 9030;
    options.version = "0.1.0";
    HttpServices services{loads_, users_, [] { return std::string("# TYPE other gauge\nother 1\n"); },
                          [this] { return health_; }};
    auto started = HttpServer::start(options, std::move(services));
    ASSERT_TRUE(started.ok()) << started.status().to_string();
    server_ = std::move(started).value();
  }
  RawHttpClient client() const { return RawHttpClient(server_->port()); }
  Answer get(const std::string& target, const std::string& headers = "") const {
    return client().ask("GET " + target + " HTTP/1.1\r\nHost: db:8030\r\n" + headers + "\r\n");
  }
  static std::string put(const std::string& label, const std::string& headers, const std::string& table = "orders") {
    return "PUT /api/shop/" + table + "/_stream_load HTTP/1.1\r\nHost: db:8030\r\n" + kAuth + "label: " + label + "\r\n" +
           headers + "\r\n";
  }
  static std::string put_all(const std::string& label, const std::string& body, const std::string& headers = "") {
    return put(label, headers + "Content-Length: " + std::to_string(body.size()) + "\r\n") + body;
  }
  static std::string message(const Answer& answer) {
    const std::string name = "\"Message\": \"";
    const size_t begin = answer.body.find(name);
    if (begin == std::string::npos) return "none in " + answer.body;
    return answer.body.substr(begin + name.size(), answer.body.find("\",\n", begin) - begin - name.size());
  }
  double metric(const std::string& name) const {
    const std::string text = "\n" + get("/metrics", kAuth).body;
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  FakeLoads loads_;
  query::Users users_{""};
  Status health_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, LoadsABodyOfKnownLength) {
  start();
  const Answer answer = client().ask(put_all("l1", "1,a\n2,b\n", "column_separator: ,\r\ncomment: hello\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(message(answer), "OK");
  EXPECT_TRUE(answer.keeps_alive());
  EXPECT_TRUE(answer.body.ends_with("}\n"));
  const FakeLoads::Load load = loads_.load("l1");
  EXPECT_EQ(load.body, "1,a\n2,b\n");
  EXPECT_EQ(load.end, "finish");
  EXPECT_EQ(load.request.database, "shop");
  EXPECT_EQ(load.request.table, "orders");
  EXPECT_EQ(load.request.column_separator, ",");
  EXPECT_EQ(load.request.comment, "hello");
}

TEST_F(HttpServerTest, LoadsAnEmptyBody) {
  start();
  EXPECT_EQ(message(client().ask(put_all("empty", ""))), "OK");
  EXPECT_EQ(loads_.load("empty").end, "finish");
  EXPECT_EQ(message(client().ask(put("empty-chunks", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n")), "OK");
  EXPECT_EQ(loads_.load("empty-chunks").end, "finish");
}

TEST_F(HttpServerTest, SendsContinueOnlyWhenTheLoadHasBegun) {
  start();
  RawHttpClient client = this->client();
  EXPECT_EQ(client.ask(put("l1", "Content-Length: 4\r\nExpect: 100-Continue\r\n")).status, 100);
  EXPECT_TRUE(loads_.wait_for_begin("l1"));
  const Answer answer = client.ask("1\t2\n");
  EXPECT_EQ(message(answer), "OK");
  EXPECT_TRUE(answer.keeps_alive());

  const Answer refused = client.ask(put("l2", "Content-Length: 4\r\nExpect: 100-continue\r\n", "missing"));
  EXPECT_EQ(refused.status, 200);
  EXPECT_EQ(message(refused), "[NOT_FOUND]unknown table, tableName=missing");
  EXPECT_FALSE(refused.keeps_alive());
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, DecodesChunksHoweverTheyArrive) {
  start();
  RawHttpClient client = this->client();
  const std::string bytes =
      put("l1", "Transfer-Encoding: Chunked\r\n") + "3;ext=1\r\n1\t2\r\n1\r\n\n\r\n4\r\n3\t4\n\r\n0\r\nX-Trailer: 1\r\n\r\n";
  for (const char byte : bytes) client.send({&byte, 1});
  EXPECT_EQ(message(client.read()), "OK");
  EXPECT_EQ(loads_.load("l1").body, "1\t2\n3\t4\n");
  EXPECT_EQ(client.ask("GET /api/health HTTP/1.1\r\n\r\n").status, 200);
}

TEST_F(HttpServerTest, StreamsBodiesLargerThanAPiece) {
  start();
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + "\n";
  RawHttpClient client = this->client();
  client.send(put("big", "Content-Length: " + std::to_string(body.size()) + "\r\n"));
  client.send(std::string_view(body).substr(0, 1'000'000));
  EXPECT_TRUE(loads_.wait_for_bytes("big", 500'000));
  client.send(std::string_view(body).substr(1'000'000));
  EXPECT_EQ(message(client.read()), "OK");
  EXPECT_EQ(loads_.load("big").body, body);
  EXPECT_EQ(metric("freshet_stream_load_body_bytes_total"), static_cast<double>(body.size()));
}

TEST_F(HttpServerTest, AbortsALoadWhoseBodyIsCutOff) {
  start();
  RawHttpClient half = client();
  half.send(put("l1", "Content-Length: 10\r\n") + "1\t2\n");
  half.end_sending();
  EXPECT_EQ(message(half.read()),
            "[CANCELLED]receive body don't equal with body bytes, body_bytes=10, receive_bytes=4, id=l1");
  EXPECT_TRUE(loads_.load("l1").end.starts_with("abort: receive body don't equal"));

  RawHttpClient chunked = client();
  chunked.send(put("l2", "Transfer-Encoding: chunked\r\n") + "4\r\n1\t2\n\r\n");
  chunked.end_sending();
  EXPECT_NE(message(chunked.read()).find("receive_bytes=4"), std::string::npos);

  RawHttpClient gone = client();
  gone.send(put("l3", "Content-Length: 10\r\n"));
  EXPECT_TRUE(loads_.wait_for_begin("l3"));
  gone.close();
  EXPECT_TRUE(loads_.wait_for_end("l3"));
  EXPECT_TRUE(loads_.load("l3").end.starts_with("abort"));
}

TEST_F(HttpServerTest, RefusesBodiesWithoutOrWithTwoLengths) {
  start();
  EXPECT_EQ(message(client().ask(put("l1", ""))),
            "[INVALID_ARGUMENT]content_length is empty and transfer-encoding!=chunked, please set content_length or "
            "transfer-encoding=chunked");
  EXPECT_EQ(message(client().ask(put("l1", "Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n"))
                .find("[INVALID_ARGUMENT]content_length is empty"),
            0u);
  for (const char* both :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"}) {
    const Answer answer = client().ask(put("l1", both));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(message(answer), "[INVALID_ARGUMENT]please do not set both content_length and transfer-encoding");
    EXPECT_FALSE(answer.keeps_alive());
  }
  EXPECT_EQ(message(client().ask(put("l1", "Content-Length: x\r\n"))),
            "[INVALID_ARGUMENT]Content-Length must be one whole number");
  EXPECT_EQ(loads_.begun(), 0u);
}

TEST_F(HttpServerTest, RefusesBodiesBeyondTheLimit) {
  start({.max_body_bytes = 100});
  EXPECT_EQ(message(client().ask(put("l1", "Content-Length: 101\r\nExpect: 100-continue\r\n"))),
            "[INVALID_ARGUMENT]body exceed max size: 100, data size: 101; split the load or raise http.max_body_bytes");
  EXPECT_EQ(loads_.begun(), 0u);

  const std::string chunk = "32\r\n" + std::string(50, 'x') + "\r\n";
  const Answer chunked = client().ask(put("l2", "Transfer-Encoding: chunked\r\n") + chunk + chunk + chunk + "0\r\n\r\n");
  EXPECT_EQ(message(chunked).find("[INVALID_ARGUMENT]body exceed max size: 100, data size: 150"), 0u);
  EXPECT_TRUE(loads_.load("l2").end.starts_with("abort"));
}

TEST_F(HttpServerTest, ReportsBrokenChunks) {
  start();
  EXPECT_EQ(message(client().ask(put("l1", "Transfer-Encoding: chunked\r\n") + "zz\r\n1\r\n")),
            "[INVALID_ARGUMENT]the chunked encoding of the body is broken; receive_bytes=0, id=l1");
  RawHttpClient endless = client();
  endless.send(put("l2", "Transfer-Encoding: chunked\r\n") + "1;" + std::string(300'000, 'e'));
  EXPECT_NE(message(endless.read()).find("chunked encoding of the body is broken"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersAFailureInTheMiddleOfABody) {
  start();
  std::string body = "poison";
  body.resize(8'000'000, 'x');
  RawHttpClient client = this->client();
  const Answer answer = client.ask(put_all("l1", body));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(message(answer), "[DATA_QUALITY_ERROR]poison");
  EXPECT_FALSE(answer.keeps_alive());
  EXPECT_EQ(loads_.load("l1").end, "finish");
}

TEST_F(HttpServerTest, KeepsTheConnectionAfterARefusalWithAShortBody) {
  start();
  RawHttpClient client = this->client();
  client.send(put("l1", "Content-Length: 4\r\nformat: avro\r\n") + "1\t2\n");
  const Answer refused = client.read();
  EXPECT_EQ(message(refused).find("[UNSUPPORTED]format"), 0u);
  EXPECT_TRUE(refused.keeps_alive());
  EXPECT_EQ(message(client.ask(put_all("l2", "1\t2\n"))), "OK");
}

TEST_F(HttpServerTest, AnswersATakenLabel) {
  start();
  RawHttpClient client = this->client();
  EXPECT_EQ(message(client.ask(put_all("l1", "1\n"))), "OK");
  const Answer again = client.ask(put_all("l1", "1\n"));
  EXPECT_EQ(again.status, 200);
  EXPECT_NE(again.body.find("\"Status\": \"Label Already Exists\",\n    \"ExistingJobStatus\": \"FINISHED\""),
            std::string::npos);
  EXPECT_EQ(
      message(again),
      "[LABEL_ALREADY_EXISTS]TStatus: errCode = 2, detailMessage = Label [l1] has already been used, relate to txn [1]");
  EXPECT_EQ(loads_.load("l1").body, "1\n");
  EXPECT_EQ(metric("freshet_stream_loads_total{status=\"Label Already Exists\"}"), 1);
}

TEST_F(HttpServerTest, ChecksCredentials) {
  start();
  const std::string target = "PUT /api/shop/orders/_stream_load HTTP/1.1\r\nContent-Length: 0\r\n";
  const Answer none = client().ask(target + "\r\n");
  EXPECT_EQ(none.status, 200);
  EXPECT_TRUE(message(none).starts_with("[NOT_AUTHORIZED]no valid Basic authorization: the request has none"));
  EXPECT_EQ(message(client().ask(target + "Authorization: Basic YmV2OmFiYw==\r\n\r\n")),
            "[NOT_AUTHORIZED]no valid Basic authorization: access denied for user 'bev'");
  EXPECT_EQ(loads_.begun(), 0u);

  const Answer backends = get("/api/backends?is_alive=true");
  EXPECT_EQ(backends.status, 401);
  EXPECT_NE(backends.head.find("WWW-Authenticate: Basic realm="), std::string::npos);
  EXPECT_EQ(get("/api/backends?is_alive=true", kAuth).body,
            R"({"msg":"success","code":0,"data":{"backends":[{"ip":"db","http_port":8030,"is_alive":true}]},"count":0})");
}

TEST_F(HttpServerTest, LinksToRejectedRows) {
  start();
  const Answer answer = client().ask(put_all("l1", "bad\n"));
  EXPECT_NE(answer.body.find("\"ErrorURL\": \"http://db:8030/api/_load_error_log?file=log-1\""), std::string::npos);
  EXPECT_NE(answer.body.find("\"FirstErrorMsg\": \"too short\""), std::string::npos);
  const Answer log = get("/api/_load_error_log?file=log-1");
  EXPECT_EQ(log.status, 200);
  EXPECT_EQ(log.body, "Reason: too short. src line [x];\n");
  EXPECT_EQ(get("/api/_load_error_log?file=log-2").status, 404);
  for (const char* file : {"", "..%2Fsecret", ".hidden", "a%20b"}) {
    EXPECT_EQ(get(std::string("/api/_load_error_log?file=") + file).status, 400) << file;
  }
}

TEST_F(HttpServerTest, AnswersWhatMachinesAsk) {
  start();
  const Answer health = get("/api/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, R"({"msg":"success","code":0,"data":{"online_backend_num":1,"total_backend_num":1},"count":0})");
  EXPECT_EQ(
      get("/api/bootstrap").body,
      R"({"msg":"success","code":0,"data":{"replayedJournalId":0,"queryPort":9030,"rpcPort":0,"version":"0.1.0"},"count":0})");
  EXPECT_NE(get("/").body.find("Freshet 0.1.0"), std::string::npos);
  EXPECT_EQ(metric("other"), 1);
  EXPECT_GE(metric("freshet_http_answers_total{status=\"ok\"}"), 3);

  RawHttpClient client = this->client();
  client.send("HEAD /api/health HTTP/1.1\r\n\r\n");
  const Answer head = client.read(true);
  EXPECT_NE(head.head.find("Content-Length: " + std::to_string(health.body.size())), std::string::npos);
  EXPECT_EQ(client.ask("GET /nothing HTTP/1.1\r\n\r\n").status, 404);
  const Answer post = client.ask("POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(post.status, 405);
  EXPECT_NE(post.head.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_EQ(client.ask("GET /%zz HTTP/1.1\r\n\r\n").status, 404);
  EXPECT_EQ(client.ask("GET /api/a%zz/b/_load HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_FALSE(client.ask("GET / HTTP/1.0\r\n\r\n").keeps_alive());
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, SaysWhenItIsNotHealthy) {
  health_ = Status::Unavailable("the metadata store stopped");
  start();
  const Answer answer = get("/api/health");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body,
            R"({"msg":"Service Unavailable","code":503,"data":"UNAVAILABLE: the metadata store stopped","count":0})");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsAndEndsAtGarbage) {
  start();
  RawHttpClient client = this->client();
  client.send(put_all("l1", "1\n") + "\r\n" + put_all("l2", "2\n") + "\x16\x03\x01 no request\r\n\r\n");
  EXPECT_EQ(message(client.read()), "OK");
  EXPECT_EQ(message(client.read()), "OK");
  EXPECT_EQ(client.read().status, 400);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(loads_.load("l2").body, "2\n");
}

TEST_F(HttpServerTest, BoundsHeaders) {
  start();
  EXPECT_EQ(client().ask("GET / HTTP/1.1\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n").status, 431);
  EXPECT_EQ(client().ask("GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\n\r\n").status, 414);
  EXPECT_EQ(client().ask("GET / HTTP/2.0\r\n\r\n").status, 505);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 300; ++i) many += "X: 1\r\n";
  EXPECT_EQ(client().ask(many + "\r\n").status, 431);

  RawHttpClient piecemeal = client();
  piecemeal.send("GET / HTTP/1.1\r\n");
  const std::string line = "X: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 80; ++i) {
    piecemeal.send(line);
    if (i % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(piecemeal.read().status, 431);

  const Answer load = client().ask(put("l1", "X: " + std::string(70'000, 'x') + "\r\n"));
  EXPECT_EQ(load.status, 200);
  EXPECT_EQ(message(load), "[INVALID_ARGUMENT]the headers exceed 65536 bytes");
}

TEST_F(HttpServerTest, EndsClientsThatAreTooSlow) {
  start({.idle_timeout_seconds = 1, .header_timeout_seconds = 1, .receive_timeout_seconds = 1});
  RawHttpClient silent = client();
  RawHttpClient slow_header = client();
  slow_header.send("GET / HT");
  RawHttpClient slow_body = client();
  slow_body.send(put("l1", "Content-Length: 10\r\n") + "1\t2\n");
  EXPECT_EQ(slow_header.read().status, 408);
  EXPECT_EQ(message(slow_body.read()), "[TIMEOUT]the client sent nothing of its body for 1 s; receive_bytes=4, id=l1");
  EXPECT_TRUE(silent.is_closed());
}

TEST_F(HttpServerTest, EndsALoadThatTricklesBeyondItsTimeout) {
  start();
  RawHttpClient client = this->client();
  client.send(put("l1", "timeout: 1\r\nContent-Length: 100\r\n"));
  std::thread trickle([&] {
    for (int i = 0; i < 30 && loads_.load("l1").end.empty(); ++i) {
      client.send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  EXPECT_EQ(message(client.read()), "[TIMEOUT]the load took longer than its timeout of 1 s");
  trickle.join();
}

TEST_F(HttpServerTest, LoadsDoNotWaitForEachOther) {
  start();
  RawHttpClient first = client();
  RawHttpClient second = client();
  first.send(put("l1", "Content-Length: 4\r\n"));
  second.send(put("l2", "Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(loads_.wait_for_begin("l1"));
  EXPECT_TRUE(loads_.wait_for_begin("l2"));
  EXPECT_EQ(message(second.ask("2\r\n2\n\r\n0\r\n\r\n")), "OK");
  EXPECT_EQ(message(client().ask(put_all("l3", "3\n"))), "OK");
  EXPECT_EQ(message(first.ask("1\t1\n")), "OK");
}

TEST_F(HttpServerTest, AnswersManyClientsAtOnce) {
  start();
  constexpr int kClients = 40;
  constexpr int kLoads = 10;
  std::vector<std::thread> threads;
  std::atomic<int> succeeded{0};
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      RawHttpClient client = this->client();
      for (int j = 0; j < kLoads; ++j) {
        const std::string label = std::to_string(i) + "-" + std::to_string(j);
        succeeded += message(client.ask(put_all(label, label + "\n"))) == "OK" ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, kClients * kLoads);
  EXPECT_EQ(loads_.begun(), static_cast<size_t>(kClients * kLoads));
}

TEST_F(HttpServerTest, RefusesConnectionsBeyondTheLimit) {
  start({.max_connections = 2});
  RawHttpClient first = client();
  EXPECT_EQ(first.ask("GET / HTTP/1.1\r\n\r\n").status, 200);
  {
    RawHttpClient second = client();
    EXPECT_EQ(second.ask("GET / HTTP/1.1\r\n\r\n").status, 200);
    const Answer third = get("/");
    EXPECT_EQ(third.status, 503);
    EXPECT_NE(third.body.find("http.max_connections"), std::string::npos);
  }
  Answer again = get("/");
  for (int i = 0; i < 1000 && again.status != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    again = get("/");
  }
  EXPECT_EQ(again.status, 200) << "the server has not seen the end of the second one";
}

TEST_F(HttpServerTest, StopLetsRunningLoadsEnd) {
  start();
  RawHttpClient idle = client();
  EXPECT_EQ(idle.ask("GET / HTTP/1.1\r\n\r\n").status, 200);
  RawHttpClient loading = client();
  loading.send(put("l1", "Content-Length: 4\r\n"));
  EXPECT_TRUE(loads_.wait_for_begin("l1"));

  auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  EXPECT_TRUE(idle.is_closed());
  const Answer answer = loading.ask("1\t2\n");
  EXPECT_EQ(message(answer), "OK");
  EXPECT_FALSE(answer.keeps_alive());
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(15)), std::future_status::ready);
  server_->stop();
}

TEST_F(HttpServerTest, StopAbortsLoadsThatDoNotEndInTime) {
  start({.drain_timeout_seconds = 0});
  RawHttpClient loading = client();
  loading.send(put("l1", "Content-Length: 4\r\n"));
  EXPECT_TRUE(loads_.wait_for_begin("l1"));
  server_->stop();
  EXPECT_TRUE(loads_.load("l1").end.starts_with("abort"));
  EXPECT_TRUE(loading.is_closed());
}

TEST_F(HttpServerTest, ServesTheCurlCommand) {
  if (std::system("curl --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "curl is not installed";
  start();
  const auto curl = [this](const std::string& arguments) {
    const std::string command = "printf '1,a\\n2,b\\n' | curl -sS --max-time 20 --location-trusted " + arguments +
                                " http://127.0.0.1:" + std::to_string(server_->port()) + "/api/shop/orders/_stream_load";
    std::unique_ptr<FILE, decltype(&pclose)> pipe(popen(command.c_str(), "r"), &pclose);
    std::string out;
    for (int c; (c = std::fgetc(pipe.get())) != EOF;) out.push_back(static_cast<char>(c));
    return out;
  };
  EXPECT_NE(curl("-u root: -H label:c1 -H Expect:100-continue -H column_separator:, -T -").find("\"Message\": \"OK\""),
            std::string::npos);
  EXPECT_EQ(loads_.load("c1").body, "1,a\n2,b\n");
  EXPECT_NE(curl("-u root: -H label:c2 -H column_separator:, -X PUT --data-binary @-").find("\"Message\": \"OK\""),
            std::string::npos);
  EXPECT_EQ(loads_.load("c2").body, "1,a\n2,b\n");
  EXPECT_NE(curl("-u root:wrong -H Expect:100-continue -T -").find("NOT_AUTHORIZED"), std::string::npos);
  EXPECT_NE(curl("-T -").find("NOT_AUTHORIZED"), std::string::npos);
}

TEST(HttpServer, NamesATakenAddress) {
  FakeLoads loads;
  const query::Users users("");
  auto first = HttpServer::start({.address = {"127.0.0.1", 0}}, {loads, users, {}, {}});
  ASSERT_TRUE(first.ok());
  const auto second = HttpServer::start({.address = {"127.0.0.1", (*first)->port()}}, {loads, users, {}, {}});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("--http-address"), std::string::npos);
}

}  // namespace
}  // namespace freshet::connectors::http
