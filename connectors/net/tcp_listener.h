#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "connectors/net/host_port.h"
#include "storage/base/result.h"

namespace freshet::connectors {

/// A listening TCP socket, IPv4 or IPv6, closed when this object goes. Blocking; non-inheritable. A server accepts on fd().
class TcpListener {
 public:
  /// Listens on `address`; port 0 takes a free one. `option` is the command-line option that sets the address, named in
  /// errors: "address already in use: another program listens on 127.0.0.1:9030; choose another port with --mysql-address".
  static Result<TcpListener> bind(const HostPort& address, std::string_view option);

  TcpListener(TcpListener&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), port_(other.port_), is_ipv6_(other.is_ipv6_) {}
  TcpListener& operator=(TcpListener&& other) noexcept;
  ~TcpListener();

  int fd() const { return fd_; }
  uint16_t port() const { return port_; }  ///< the one chosen by the system when 0 was asked for
  bool is_ipv6() const { return is_ipv6_; }

 private:
  TcpListener(int fd, uint16_t port, bool is_ipv6) : fd_(fd), port_(port), is_ipv6_(is_ipv6) {}

  int fd_ = -1;
  uint16_t port_ = 0;
  bool is_ipv6_ = false;
};

}  // namespace freshet::connectors
