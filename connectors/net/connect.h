#pragma once

#include <memory>

#include "connectors/net/host_port.h"
#include "connectors/net/socket.h"
#include "storage/base/result.h"

namespace freshet::connectors {

/// Connects to a server. InvalidArgument when its name is unknown, Unavailable when nobody answers within `timeout_seconds`.
Result<std::unique_ptr<Socket>> connect_to(const HostPort& server, unsigned timeout_seconds);

}  // namespace freshet::connectors
