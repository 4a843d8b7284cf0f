#include "connectors/net/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "connectors/net/host_port.h"

namespace freshet::connectors {

namespace {

void set_timeout(int fd, int which, unsigned seconds) {
  const timeval limit{static_cast<time_t>(seconds), 0};
  setsockopt(fd, SOL_SOCKET, which, &limit, sizeof(limit));
}

}  // namespace

Socket::Socket(int fd) : fd_(fd) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

Socket::~Socket() { close(fd_); }

void Socket::set_receive_timeout(unsigned seconds) { set_timeout(fd_, SO_RCVTIMEO, seconds); }
void Socket::set_send_timeout(unsigned seconds) { set_timeout(fd_, SO_SNDTIMEO, seconds); }

ptrdiff_t Socket::receive(char* buffer, size_t size) {
  for (;;) {
    const ssize_t count = recv(fd_, buffer, size, 0);
    if (count > 0) return count;
    if (count < 0 && errno == EINTR) continue;
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? kTimedOut : kClosed;
  }
}

bool Socket::has_bytes_waiting() const {
  char first = 0;
  return recv(fd_, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Socket::has_hung_up() const {
  pollfd watched{fd_, POLLRDHUP, 0};
  return poll(&watched, 1, 0) > 0;
}

Status Socket::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Status::Timeout("the client took none of its answer within the send timeout");
    } else if (errno != EINTR) {
      return Status::Unavailable("the client is gone: {}", std::strerror(errno));
    }
  }
  return Status::OK();
}

void Socket::shut_down() { shutdown(fd_, SHUT_RDWR); }
void Socket::shut_down_sending() { shutdown(fd_, SHUT_WR); }

std::string Socket::peer_address() const {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&peer), size, host, sizeof(host), port, sizeof(port),
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown";
  }
  HostPort address{host, 0};
  std::from_chars(port, port + std::strlen(port), address.port);
  return address.to_string();
}

}  // namespace freshet::connectors
