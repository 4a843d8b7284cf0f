#include "connectors/net/tcp_listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace freshet::connectors {

namespace {

constexpr int kBacklog = 1024;

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<AddressList> resolve(const HostPort& address, std::string_view option) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) {
    return Status::InvalidArgument("cannot listen on {}: {}; give an address of this machine with {}", address.to_string(),
                                   gai_strerror(error), option);
  }
  return AddressList(found, &freeaddrinfo);
}

Status bind_error(int error, const HostPort& address, std::string_view option) {
  switch (error) {
    case EADDRINUSE:
      return Status::Unavailable("address already in use: another program listens on {}; choose another port with {}",
                                 address.to_string(), option);
    case EACCES:
      return Status::NotAuthorized("not permitted to listen on {}: ports below 1024 need privileges; choose another with {}",
                                   address.to_string(), option);
    case EADDRNOTAVAIL:
      return Status::InvalidArgument("cannot listen on {}: this machine does not have that address; choose another with {}",
                                     address.to_string(), option);
    default: return Status::IoError("cannot listen on {}: {} ({})", address.to_string(), std::strerror(error), option);
  }
}

/// A descriptor that listens, or the negated error number.
int listen_on(const addrinfo& candidate) {
  const int fd = socket(candidate.ai_family, candidate.ai_socktype | SOCK_CLOEXEC, candidate.ai_protocol);
  if (fd < 0) return -errno;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, candidate.ai_addr, candidate.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

uint16_t port_of(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const bool is_ipv6 = bound.ss_family == AF_INET6;
  return ntohs(is_ipv6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

}  // namespace

Result<TcpListener> TcpListener::bind(const HostPort& address, std::string_view option) {
  FRESHET_ASSIGN_OR_RETURN(const AddressList candidates, resolve(address, option));
  int error = EADDRNOTAVAIL;
  // IPv4 first: clients that are told "localhost" try 127.0.0.1, and many nothing else.
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* candidate = candidates.get(); candidate != nullptr; candidate = candidate->ai_next) {
      if (candidate->ai_family != family) continue;
      const int fd = listen_on(*candidate);
      if (fd >= 0) return TcpListener(fd, port_of(fd), family == AF_INET6);
      error = -fd;
    }
  }
  return bind_error(error, address, option);
}

TcpListener& TcpListener::operator=(TcpListener&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    port_ = other.port_;
    is_ipv6_ = other.is_ipv6_;
  }
  return *this;
}

TcpListener::~TcpListener() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace freshet::connectors
