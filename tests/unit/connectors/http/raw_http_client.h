#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <tuple>

#include "connectors/net/socket.h"

namespace freshet::connectors::http {

/// A client that sends bytes as they are, and shows answers as they come.
class RawHttpClient {
 public:
  explicit RawHttpClient(uint16_t port) : socket_(connect_to(port)) { socket_.set_receive_timeout(20); }

  void send(std::string_view bytes) { std::ignore = socket_.send_all(bytes); }
  /// No more bytes follow; answers can still be read.
  void end_sending() { socket_.shut_down_sending(); }
  void close() { socket_.shut_down(); }

  struct Answer {
    int status = 0;  ///< 0: the connection ended without an answer
    std::string head;
    std::string body;
    bool keeps_alive() const { return head.find("\r\nConnection: keep-alive\r\n") != std::string::npos; }
  };
  /// The next answer; "100 Continue" is one, without a body.
  Answer read(bool is_head = false) {
    Answer answer;
    size_t end;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return answer;
    }
    answer.head = received_.substr(0, end + 4);
    received_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(answer.head.find(' ') + 1));
    const size_t length_at = answer.head.find("Content-Length: ");
    const size_t length = length_at == std::string::npos || is_head ? 0 : std::stoul(answer.head.substr(length_at + 16));
    while (received_.size() < length) {
      if (!receive()) return answer;
    }
    answer.body = received_.substr(0, length);
    received_.erase(0, length);
    return answer;
  }
  Answer ask(std::string_view bytes) {
    send(bytes);
    return read();
  }
  /// Whether the server has closed and nothing is left to read.
  bool is_closed() { return received_.empty() && !receive(); }

 private:
  static int connect_to(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  bool receive() {
    std::array<char, 16384> buffer;
    const ptrdiff_t count = socket_.receive(buffer.data(), buffer.size());
    if (count <= 0) return false;
    received_.append(buffer.data(), static_cast<size_t>(count));
    return true;
  }

  Socket socket_;
  std::string received_;
};

}  // namespace freshet::connectors::http
