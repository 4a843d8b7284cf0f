#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/result.h"

namespace freshet::connectors {

/// Where a server listens, or where a client came from. `host` is a name or an address without brackets.
struct HostPort {
  std::string host;
  uint16_t port = 0;

  bool operator==(const HostPort&) const = default;
  /// "127.0.0.1:9030", "[::1]:9030".
  std::string to_string() const;
};

/// The host of a HOST:PORT that to_string() wrote, without brackets.
std::string host_of(std::string_view address);

/// Reads "127.0.0.1:9030", "localhost:0" or "[::1]:9030". InvalidArgument says what is wrong with `text`.
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace freshet::connectors
