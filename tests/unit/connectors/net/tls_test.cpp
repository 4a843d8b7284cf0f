#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>
#include <future>

#include "connectors/net/socket.h"
#include "connectors/net/tls_context.h"
#include "connectors/net/tls_stream.h"
#include "support/temp_dir.h"

namespace freshet::connectors {
namespace {

/// Two sockets joined to each other.
struct Pair {
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0); }
  int fds[2];
};

Result<std::unique_ptr<TlsStream>> accept_on(Socket& socket, const std::shared_ptr<const TlsContext>& context) {
  return TlsStream::accept(
      context, [&](char* buffer, size_t size) { return socket.receive(buffer, size); },
      [&](std::string_view bytes) { return socket.send_all(bytes); });
}

TEST(Tls, ACertificateIsMadeOnceAndItsKeyIsSecret) {
  const test::TempDir folder;
  ASSERT_TRUE(TlsContext::load_or_make(folder.path() + "/tls").ok());
  struct stat key {};
  ASSERT_EQ(stat((folder.path() + "/tls/key.pem").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600u);
  const auto written = [&] {
    std::ifstream file(folder.path() + "/tls/certificate.pem");
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = written();
  EXPECT_NE(before.find("BEGIN CERTIFICATE"), std::string::npos);
  ASSERT_TRUE(TlsContext::load_or_make(folder.path() + "/tls").ok());
  EXPECT_EQ(written(), before);
}

TEST(Tls, FilesThatCannotBeUsedAreNamed) {
  const test::TempDir folder;
  const auto missing = TlsContext::load(folder.path() + "/none.pem", folder.path() + "/none.key");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().message().find("none.pem"), std::string::npos);
  ASSERT_TRUE(TlsContext::load_or_make(folder.path() + "/a").ok());
  ASSERT_TRUE(TlsContext::load_or_make(folder.path() + "/b").ok());
  const auto mixed = TlsContext::load(folder.path() + "/a/certificate.pem", folder.path() + "/b/key.pem");
  ASSERT_FALSE(mixed.ok());
  EXPECT_NE(mixed.status().message().find("b/key.pem"), std::string::npos);
}

TEST(Tls, BytesCrossBothWays) {
  const test::TempDir folder;
  const auto context = TlsContext::load_or_make(folder.path()).value();
  const Pair pair;
  Socket server_socket(pair.fds[0]);
  const std::string question(200'000, 'q');
  auto client = std::async(std::launch::async, [&] {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(client_context.get()), SSL_free);
    SSL_set_fd(ssl.get(), pair.fds[1]);
    if (SSL_connect(ssl.get()) != 1) return std::string("no handshake");
    if (SSL_write(ssl.get(), question.data(), static_cast<int>(question.size())) <= 0) return std::string("not sent");
    char answer[16];
    const int count = SSL_read(ssl.get(), answer, sizeof(answer));
    SSL_shutdown(ssl.get());
    return std::string(answer, static_cast<size_t>(std::max(count, 0)));
  });
  const auto stream = accept_on(server_socket, context);
  ASSERT_TRUE(stream.ok()) << stream.status().message();
  std::string received;
  char buffer[4096];
  while (received.size() < question.size()) {
    const ptrdiff_t count = (*stream)->receive(buffer, sizeof(buffer));
    ASSERT_GT(count, 0);
    received.append(buffer, static_cast<size_t>(count));
  }
  EXPECT_EQ(received, question);
  ASSERT_TRUE((*stream)->send_all("answer").ok());
  EXPECT_EQ(client.get(), "answer");
  EXPECT_EQ((*stream)->receive(buffer, sizeof(buffer)), Socket::kClosed);
  close(pair.fds[1]);
}

TEST(Tls, GarbageIsNoHandshakeAndSilenceTimesOut) {
  const test::TempDir folder;
  const auto context = TlsContext::load_or_make(folder.path()).value();
  {
    const Pair pair;
    Socket server_socket(pair.fds[0]);
    Socket stranger(pair.fds[1]);
    ASSERT_TRUE(stranger.send_all("GET / HTTP/1.1\r\n\r\n").ok());
    EXPECT_EQ(accept_on(server_socket, context).status().code(), StatusCode::kUnavailable);
  }
  const Pair pair;
  Socket server_socket(pair.fds[0]);
  Socket silent(pair.fds[1]);
  server_socket.set_receive_timeout(1);
  EXPECT_EQ(accept_on(server_socket, context).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace freshet::connectors
