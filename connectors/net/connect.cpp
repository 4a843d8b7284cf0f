#include "connectors/net/connect.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

namespace freshet::connectors {

Result<std::unique_ptr<Socket>> connect_to(const HostPort& server, unsigned timeout_seconds) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (error == EAI_AGAIN) return Status::Unavailable("cannot look up {}: {}", server.host, gai_strerror(error));
  if (error != 0) return Status::InvalidArgument("cannot look up {}: {}", server.host, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard(found, &freeaddrinfo);
  int problem = 0;
  for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    const int fd = socket(candidate->ai_family, candidate->ai_socktype | SOCK_CLOEXEC, candidate->ai_protocol);
    if (fd < 0) {
      problem = errno;
      continue;
    }
    auto connected = std::make_unique<Socket>(fd);
    connected->set_send_timeout(timeout_seconds);  // bounds connect() too
    if (connect(fd, candidate->ai_addr, candidate->ai_addrlen) == 0) return connected;
    problem = errno;
  }
  return Status::Unavailable("cannot connect to {}: {}", server.to_string(), std::strerror(problem));
}

}  // namespace freshet::connectors
